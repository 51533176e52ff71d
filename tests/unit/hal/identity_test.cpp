#include "support/temp_folder.hpp"

#include <camspan/hal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace {

using camspan::test::TempFolder;
using testing::HasSubstr;

class DeviceFileTest : public testing::Test {
 protected:
  /// "product key/device name/secret", or "errno: sentence".
  std::string read(std::string_view text) { return read_file(folder_.write("device.toml", text)); }
  static std::string read_file(const std::string& path) {
    hal_identity identity{};
    std::array<char, 1024> why{};
    const int error = hal_device_file_read(path.c_str(), &identity, why.data(), why.size());
    if (error != 0) return std::to_string(error) + ": " + why.data();
    return std::string(identity.product_key) + "/" + identity.device_name + "/" + identity.device_secret;
  }
  static std::string invalid(const char* text) { return std::to_string(EINVAL) + ": " + text; }

  const TempFolder folder_;
};

TEST_F(DeviceFileTest, ReadsTheTableOfDeviceAdd) {
  EXPECT_EQ(read("[[device]]\nid = \"a1.front.door\"\nsecret = \"s3cr3t\"\n"), "a1/front.door/s3cr3t");
  EXPECT_EQ(read("[[device]]\nproduct_key = \"pk\"\ndevice_name = \"cam\"\nsecret = \"s\"\n"), "pk/cam/s");
}

TEST_F(DeviceFileTest, GivesABareIdTheProductKeyCamspan) {
  EXPECT_EQ(read("[[device]]\nid = \"cam1\"\nsecret = \"s\"\n"), "camspan/cam1/s");
}

TEST_F(DeviceFileTest, ReadsASecretAloneOnTheFirstLine) {
  EXPECT_EQ(read("s3cr3t\n"), "//s3cr3t");
  EXPECT_EQ(read("  s3cr3t \r\nnotes\n"), "//s3cr3t");
  EXPECT_EQ(read("c2VjcmV0MTIzNA=="), "//c2VjcmV0MTIzNA==");
  EXPECT_EQ(read("c2VjcmV0MTIzND0="), "//c2VjcmV0MTIzND0=");
}

TEST_F(DeviceFileTest, ToleratesWhatEditorsAndPeopleDo) {
  EXPECT_EQ(read("\xEF\xBB\xBF# the front door\r\n\r\n  [[ device ]] # one\r\n\tid='cam1'# bare\r\nsecret  =  "
                 "\"a\\\"#\\\\b\"\r\n"
                 "added = 2026-11-21\nports = [1, 2]\n"),
            "camspan/cam1/a\"#\\b");
  EXPECT_EQ(read("[device]\nid = \"cam1\"\nsecret = \"s\""), "camspan/cam1/s");
  EXPECT_EQ(read("id = \"cam1\"\nsecret = \"s\""), "camspan/cam1/s");
}

TEST_F(DeviceFileTest, TakesTheFirstDeviceAmongOtherTables) {
  EXPECT_EQ(read("data = \"x\"\n[tls]\nsecret = \"not this\"\n[[device]]\nid = \"a.b\"\nsecret = \"s\"\n"
                 "[[device]]\nid = \"c.d\"\nsecret = \"t\"\n"),
            "a/b/s");
  EXPECT_EQ(read("[[device]]\nid = \"a.b\"\n[limits]\nsecret = \"not this\"\n"), "a/b/");
}

TEST_F(DeviceFileTest, ReadsTheSecretFromAFileBesideTheTable) {
  folder_.write("key", "beside\n");
  EXPECT_EQ(read("[[device]]\nid = \"a.b\"\nsecret_file = \"key\"\n"), "a/b/beside");
  EXPECT_EQ(read("[[device]]\nid = \"a.b\"\nsecret_file = \"" + folder_.file("key") + "\"\n"), "a/b/beside");
  EXPECT_EQ(read("[[device]]\nid = \"a.b\"\nsecret = \"s\"\nsecret_file = \"none\"\n"), "a/b/s");
  EXPECT_THAT(read("[[device]]\nid = \"a.b\"\nsecret_file = \"none\"\n"),
              testing::AllOf(HasSubstr(folder_.file("none")), HasSubstr("No such file")));
}

TEST_F(DeviceFileTest, SaysWhatIsWrongAndNeverTheSecret) {
  EXPECT_THAT(read_file(folder_.file("none")), HasSubstr("cannot read " + folder_.file("none") + ": No such file"));
  EXPECT_THAT(read(""), HasSubstr("has no secret"));
  EXPECT_THAT(read("\nsecond line\n"), HasSubstr("has no secret"));
  EXPECT_THAT(read("data = \"x\"\n"), HasSubstr("has no [[device]] table"));
  EXPECT_THAT(read("[[device]]\n"), HasSubstr("has no [[device]] table"));
  EXPECT_THAT(read("[[device]]\nid = cam1\n"), HasSubstr("the value of id is not a plain string"));
  EXPECT_THAT(read("[[device]]\nproduct_key = \"pk\"\n"), HasSubstr("only half"));
  EXPECT_THAT(read("[[device]]\nid = \".cam\"\n"), HasSubstr("only half"));
  for (const char* broken :
       {"secret = \"hunter2", "secret = \"hunter2\" x", "secret = \"hunter2\\", "secret = hunter2"})
    EXPECT_THAT(read(broken), testing::AllOf(HasSubstr("the value of secret"), testing::Not(HasSubstr("hunter2"))));
}

TEST_F(DeviceFileTest, RefusesWhatDoesNotFit) {
  const std::string fits(64, 'x');
  EXPECT_EQ(read("id = \"p." + fits + "\""), "p/" + fits + "/");
  EXPECT_THAT(read("id = \"p.x" + fits + "\""), HasSubstr("device_name is longer than 64 bytes"));
  EXPECT_THAT(read(std::string(129, 's')), HasSubstr("the secret is longer than 128 bytes"));
}

class IdentityTest : public DeviceFileTest {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override {
    clear();
    hal_register(nullptr);
  }
  static void clear() {
    for (const char* name : {"CAMSPAN_HUB", "CAMSPAN_DEVICE_FILE", "CAMSPAN_CA_FILE"}) unsetenv(name);
  }
  /// Collects what is logged.
  static std::string& logged() {
    static std::string text;
    return text;
  }
  static void capture_log() {
    logged().clear();
    hal_ops board = *hal_default();
    board.log = [](int, const char*, const char* message) { logged() += message; };
    hal_register(&board);
  }
};

TEST_F(IdentityTest, IsEmptyWithoutAnEnvironment) {
  hal_identity identity;
  EXPECT_EQ(hal()->identity(&identity), 0);
  EXPECT_STREQ(identity.hub_url, "");
  EXPECT_STREQ(identity.device_name, "");
}

TEST_F(IdentityTest, ComesFromTheEnvironment) {
  setenv("CAMSPAN_HUB", "https://hub.test:8443", 1);
  setenv("CAMSPAN_CA_FILE", "/etc/ca.pem", 1);
  setenv("CAMSPAN_DEVICE_FILE", folder_.write("d", "[[device]]\nid = \"a.b\"\nsecret = \"s\"\n").c_str(), 1);
  hal_identity identity;
  EXPECT_EQ(hal()->identity(&identity), 0);
  EXPECT_STREQ(identity.hub_url, "https://hub.test:8443");
  EXPECT_STREQ(identity.ca_file, "/etc/ca.pem");
  EXPECT_STREQ(identity.product_key, "a");
  EXPECT_STREQ(identity.device_name, "b");
  EXPECT_STREQ(identity.device_secret, "s");
}

TEST_F(IdentityTest, LogsWhatFailsAndFillsTheRest) {
  setenv("CAMSPAN_HUB", "https://hub.test:8443", 1);
  setenv("CAMSPAN_DEVICE_FILE", folder_.file("none").c_str(), 1);
  capture_log();
  hal_identity identity;
  EXPECT_EQ(hal()->identity(&identity), ENOENT);
  EXPECT_THAT(logged(), HasSubstr(folder_.file("none")));
  EXPECT_STREQ(identity.hub_url, "https://hub.test:8443");
  EXPECT_STREQ(identity.device_name, "");
}

TEST_F(IdentityTest, DoesNotUseAValueThatDoesNotFit) {
  setenv("CAMSPAN_HUB", ("https://" + std::string(300, 'h')).c_str(), 1);
  capture_log();
  hal_identity identity;
  EXPECT_EQ(hal()->identity(&identity), ENAMETOOLONG);
  EXPECT_THAT(logged(), HasSubstr("CAMSPAN_HUB is longer than 255 bytes"));
  EXPECT_STREQ(identity.hub_url, "");
}

}  // namespace
