#include "api/triple.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_folder.hpp"

namespace camspan {
namespace {

using testing::HasSubstr;

class TripleTest : public testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = folder_.file("device");
    std::ofstream(path) << text;
    return path;
  }
  static std::string read(const H2PushConfig& config) {
    const auto triple = read_triple(config);
    if (!triple) return triple.error().sentence;
    return triple->product_key + " " + triple->device_name + " " + triple->secret;
  }

  test::TempFolder folder_;
  H2PushConfig config_;
};

constexpr const char* kTable =
    "[[device]]  # id pk.door\nproduct_key = \"pk\"\ndevice_name = \"door\"\nsecret = \"s1\"\n";

TEST_F(TripleTest, TakesKeyAndNameOrAnId) {
  config_.device_secret = "s";
  config_.product_key = "pk";
  config_.device_name = "door";
  EXPECT_EQ(read(config_), "pk door s");
  config_.product_key = config_.device_name = "";
  for (const auto& [id, expected] : {std::pair("cam1", "camspan cam1 s"), std::pair("camspan.cam1", "camspan cam1 s"),
                                     std::pair("pk.a.b", "pk a.b s")}) {
    config_.device_id = id;
    EXPECT_EQ(read(config_), expected);
  }
}

TEST_F(TripleTest, TakesFromTheFileWhatIsNotSet) {
  config_.device_secret_file = file(kTable);
  EXPECT_EQ(read(config_), "pk door s1");
  config_.device_id = "pk.door";
  EXPECT_EQ(read(config_), "pk door s1");
  config_.device_secret = "s2";
  EXPECT_EQ(read(config_), "pk door s2");
  config_.device_secret = "";
  config_.device_secret_file = file("the secret alone\n");
  EXPECT_EQ(read(config_), "pk door the secret alone");
}

TEST_F(TripleTest, SaysWhatIsMissing) {
  EXPECT_THAT(read(config_), HasSubstr("the device is not set"));
  config_.product_key = "pk";
  EXPECT_THAT(read(config_), HasSubstr("belong together"));
  config_.device_name = "window";
  EXPECT_THAT(read(config_), HasSubstr("the secret of pk.window is not set"));
  config_.device_secret_file = file(kTable);
  EXPECT_THAT(read(config_), HasSubstr("is for pk.door, not for pk.window"));
  config_.device_secret_file = folder_.file("nowhere");
  EXPECT_THAT(read(config_), HasSubstr("nowhere"));
  config_.device_secret_file = "";
  config_.device_secret = "s";
  config_.device_name = "win\r\ndow";
  EXPECT_THAT(read(config_), HasSubstr("printable"));
}

TEST_F(TripleTest, MakesTheAddressOfTheHub) {
  const auto address = [&](const std::string& host) {
    config_.host = host;
    const auto url = channel_url(config_);
    return url ? url->authority + url->path : url.error().sentence;
  };
  const std::string path = "/stream/send/iotx/vision/voice/intercom/live";
  EXPECT_EQ(address("hub.example"), "hub.example:8443" + path);
  EXPECT_EQ(address("::1"), "[::1]:8443" + path);
  EXPECT_EQ(address("[::1]"), "[::1]:8443" + path);
  EXPECT_TRUE(channel_url(config_)->tls);
  EXPECT_THAT(address(""), HasSubstr("host is not set"));
  for (const char* bad : {"https://hub.example", "hub.example/x", "hub example", "me@hub.example"})
    EXPECT_THAT(address(bad), HasSubstr("no bare host name")) << bad;
  EXPECT_THAT(address(std::string(254, 'a')), HasSubstr("no bare host name"));
  for (const std::string& bad : {std::string("/a"), std::string("a//b"), std::string("../a"), std::string(114, 'a')}) {
    config_.identify = bad;
    EXPECT_THAT(address("hub.example"), HasSubstr("no service path")) << bad;
  }
}

}  // namespace
}  // namespace camspan
