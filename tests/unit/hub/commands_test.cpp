#include <camspan/hal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <chrono>

#include "hub/clock.hpp"
#include "hub/serve.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using testing::HasSubstr;
using testing::Not;

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() { config_.data = folder_.path() / "data"; }

  struct Done {
    Exit code;
    std::string out;
    std::string err;
  };
  template <class Call>
  static Done captured(Call call) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Exit code = call();
    std::string out = testing::internal::GetCapturedStdout();
    return {code, out, testing::internal::GetCapturedStderr()};
  }
  Done device(Command command, const std::string& id = "", const std::string& secret_file = "") {
    CommandLine line;
    line.command = command;
    line.device = id;
    line.secret_file = secret_file;
    return captured([&] { return run_device_command(config_, line); });
  }
  Done token(const std::string& id, std::vector<Right> allow) {
    CommandLine line;
    line.device = id;
    line.allow = std::move(allow);
    line.ttl = std::chrono::hours(1);
    line.subject = "alice";
    return captured([&] { return run_token_command(config_, line); });
  }
  std::string secret_of(const Done& done) {
    hal_identity identity{};
    const auto file = folder_.write("table.toml", done.out);
    EXPECT_EQ(hal_device_file_read(file.c_str(), &identity, nullptr, 0), 0) << done.out;
    return identity.device_secret;
  }

  test::TempFolder folder_;
  Config config_;
};

TEST_F(CommandsTest, AddPrintsATableThatDevicesRead) {
  const auto done = device(Command::device_add, "pk.door");
  EXPECT_EQ(done.code, Exit::fine);
  hal_identity identity{};
  const auto file = folder_.write("table.toml", done.out);
  ASSERT_EQ(hal_device_file_read(file.c_str(), &identity, nullptr, 0), 0) << done.out;
  EXPECT_STREQ(identity.product_key, "pk");
  EXPECT_STREQ(identity.device_name, "door");
  EXPECT_EQ(std::string(identity.device_secret).size(), 32u);
}

TEST_F(CommandsTest, AddTakesASecretThatExists) {
  EXPECT_EQ(secret_of(device(Command::device_add, "a", folder_.write("s", "mine\n"))), "mine");
  const auto missing = device(Command::device_add, "b", folder_.file("nowhere"));
  EXPECT_EQ(missing.code, Exit::failed);
  EXPECT_THAT(missing.err, HasSubstr("nowhere"));
}

TEST_F(CommandsTest, AddTwiceNamesTheWayOn) {
  device(Command::device_add, "a");
  const auto again = device(Command::device_add, "a");
  EXPECT_EQ(again.code, Exit::failed);
  EXPECT_THAT(again.err, HasSubstr("device rotate a"));
  EXPECT_EQ(again.out, "");
}

TEST_F(CommandsTest, ListShowsNoSecret) {
  EXPECT_THAT(device(Command::device_list).err, HasSubstr("device add"));
  const auto secret = secret_of(device(Command::device_add, "a"));
  const auto list = device(Command::device_list);
  EXPECT_EQ(list.code, Exit::fine);
  EXPECT_THAT(list.out, AllOf(HasSubstr("a "), HasSubstr("never"), Not(HasSubstr(secret))));
}

TEST_F(CommandsTest, RotateAndRemoveAskForADeviceThatIsThere) {
  const auto first = secret_of(device(Command::device_add, "a"));
  EXPECT_NE(secret_of(device(Command::device_rotate, "a")), first);
  EXPECT_EQ(device(Command::device_remove, "a").code, Exit::fine);
  for (const Command command : {Command::device_remove, Command::device_rotate}) {
    const auto done = device(command, "a");
    EXPECT_EQ(done.code, Exit::failed);
    EXPECT_THAT(done.err, HasSubstr("no device a"));
  }
}

TEST_F(CommandsTest, TokenIsOneThatTheHubTakes) {
  const auto done = token("cam1", {Right::live, Right::upload});
  ASSERT_EQ(done.code, Exit::fine) << done.err;
  const auto key = TokenKey::load(config_.data / "jwt.key", false).value();
  const auto now = std::chrono::floor<std::chrono::seconds>(utc_now());
  const auto claims = key.verify(done.out.substr(0, done.out.size() - 1), now);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, "alice");
  EXPECT_EQ(claims->device, "cam1");
  EXPECT_TRUE(claims->allows(Right::upload));
  EXPECT_GT(claims->expires, now + std::chrono::minutes(59));
}

TEST_F(CommandsTest, TokenIsRefusedWithAPublicKey) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  config_.auth.jwt_key_file = folder_.write("public.pem", std::string(data, static_cast<std::size_t>(size)));
  BIO_free(bio);
  EVP_PKEY_free(key);
  const auto done = token("*", {Right::live});
  EXPECT_EQ(done.code, Exit::failed);
  EXPECT_THAT(done.err, HasSubstr("public key"));
  EXPECT_EQ(done.out, "");
}

TEST_F(CommandsTest, AFolderThatCannotBeUsedIsASentence) {
  config_.data = folder_.write("file", "x");
  EXPECT_THAT(device(Command::device_list).err, HasSubstr("cannot use the data folder"));
  EXPECT_THAT(token("*", {Right::live}).err, HasSubstr("cannot use the data folder"));
}

}  // namespace
}  // namespace camspan::hub
