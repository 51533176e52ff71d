#include "hub/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  tl::expected<Config, Failure> load(std::string_view toml, const Overrides& overrides = {}) {
    return load_config(folder_.write("hub.toml", toml), overrides);
  }
  std::string refusal(std::string_view toml) {
    const auto config = load(toml);
    return config ? "taken" : config.error().sentence;
  }

  test::TempFolder folder_;
};

TEST_F(ConfigTest, HasTheDocumentedDefaults) {
  const auto config = load_config({}, {}).value();
  EXPECT_EQ(config.data, "./camspan-data");
  EXPECT_EQ(config.listen, "127.0.0.1:8443");
  EXPECT_EQ(config.plain, "");
  EXPECT_TRUE(config.record.enabled);
  EXPECT_EQ(config.record.segment, std::chrono::seconds(60));
  EXPECT_EQ(config.record.max_age, std::chrono::days(7));
  EXPECT_EQ(config.record.max_bytes, 50ull << 30);
  EXPECT_EQ(config.limits.viewer_queue, 4u << 20);
  EXPECT_EQ(config.limits.viewer_delay, std::chrono::seconds(4));
  EXPECT_EQ(config.limits.upload_max, 4ull << 30);
}

TEST_F(ConfigTest, ReadsEveryKey) {
  folder_.write("door.secret", "  from-file \nsecond line\n");
  const auto config = load(R"(
data = "data"
listen = "0.0.0.0:9443"
plain = "0.0.0.0:8080"
allow_plain = true
log_level = "warn"
[tls]
cert = "a.crt"
key = "/etc/a.key"
client_ca = "ca.pem"
[auth]
jwt_key_file = "key.pem"
[record]
enabled = false
segment = "10s"
max_age = "1d"
max_bytes = 1000
[limits]
devices = 2
viewers = 3
viewers_per_device = 4
viewer_queue = "5MiB"
viewer_delay = "6s"
viewer_timeout = "7s"
upload_max = "8GiB"
upload_idle = "9s"
connections_per_address = 10
[[device]]
id = "cam1"
secret = "s1"
[[device]]
product_key = "pk"
device_name = "door"
secret_file = "door.secret"
)");
  ASSERT_TRUE(config) << config.error().sentence;
  EXPECT_EQ(config->data, folder_.path() / "data");
  EXPECT_EQ(config->listen, "0.0.0.0:9443");
  EXPECT_EQ(config->plain, "0.0.0.0:8080");
  EXPECT_EQ(config->log_level, log::Level::warn);
  EXPECT_EQ(config->tls.cert, folder_.path() / "a.crt");
  EXPECT_EQ(config->tls.key, "/etc/a.key");
  EXPECT_EQ(config->tls.client_ca, folder_.path() / "ca.pem");
  EXPECT_EQ(config->auth.jwt_key_file, folder_.path() / "key.pem");
  EXPECT_FALSE(config->record.enabled);
  EXPECT_EQ(config->record.segment, std::chrono::seconds(10));
  EXPECT_EQ(config->record.max_age, std::chrono::days(1));
  EXPECT_EQ(config->record.max_bytes, 1000u);
  EXPECT_EQ(config->limits.devices, 2u);
  EXPECT_EQ(config->limits.viewers, 3u);
  EXPECT_EQ(config->limits.viewers_per_device, 4u);
  EXPECT_EQ(config->limits.viewer_queue, 5u << 20);
  EXPECT_EQ(config->limits.viewer_delay, std::chrono::seconds(6));
  EXPECT_EQ(config->limits.viewer_timeout, std::chrono::seconds(7));
  EXPECT_EQ(config->limits.upload_max, 8ull << 30);
  EXPECT_EQ(config->limits.upload_idle, std::chrono::seconds(9));
  EXPECT_EQ(config->limits.connections_per_address, 10u);
  ASSERT_EQ(config->devices.size(), 2u);
  EXPECT_EQ(config->devices[0].id.str(), "cam1");
  EXPECT_EQ(config->devices[1].id.str(), "pk.door");
  EXPECT_EQ(config->devices[1].secret, "from-file");
}

TEST_F(ConfigTest, NamesFileLineAndKeyOfAnUnknownKey) {
  EXPECT_THAT(refusal("listen = \"127.0.0.1:1\"\n\nlisten_port = 3\n"),
              AllOf(HasSubstr("hub.toml:3"), HasSubstr("\"listen_port\""), HasSubstr("Known here: data, listen")));
  EXPECT_THAT(refusal("[limits]\nviewer = 3\n"),
              AllOf(HasSubstr("hub.toml:2"), HasSubstr("\"viewer\" in [limits]"), HasSubstr("viewers_per_device")));
  EXPECT_THAT(refusal("[[device]]\nid = \"a\"\nsecret = \"s\"\npassword = \"p\"\n"),
              AllOf(HasSubstr("hub.toml:4"), HasSubstr("\"password\" in [device]")));
}

TEST_F(ConfigTest, RefusesValuesThatCannotBe) {
  const std::pair<const char*, const char*> rows[] = {
      {"listen = 8443\n", "hub.toml:1: this value is a string"},
      {"listen = \"8443\"\n", "is not HOST:PORT"},
      {"allow_plain = \"yes\"\n", "true or false"},
      {"log_level = \"loud\"\n", "the log level is"},
      {"plain = \"0.0.0.0:80\"\n", "allow_plain = true"},
      {"plain = \"x\"\n", "is not HOST:PORT"},
      {"data = \"\"\n[tls]\ncert = \"a\"\n", "tls.cert and tls.key together"},
      {"[record]\nsegment = \"1\"\n", "hub.toml:2: this value is a time"},
      {"[record]\nsegment = \"10ms\"\n", "at least 1s"},
      {"[limits]\nviewers = 0\n", "above 0"},
      {"[limits]\nviewer_queue = -1\n", "this value is a size"},
      {"[limits]\nviewer_queue = \"x\"\n", "this value is a size"},
      {"limits = 3\n", "is a table"},
      {"[device]\nid = \"a\"\n", "write [[device]]"},
      {"[[device]]\nid = \"a/b\"\nsecret = \"s\"\n", "hub.toml:1: a [[device]] has either"},
      {"[[device]]\nid = \"a\"\nproduct_key = \"b\"\nsecret = \"s\"\n", "has either"},
      {"[[device]]\nid = \"a\"\n", "neither secret nor secret_file"},
      {"[[device]]\nid = \"a\"\nsecret_file = \"nowhere\"\n", "cannot read a secret"},
      {"data = \n", "hub.toml:1"},
  };
  for (const auto& [toml, part] : rows) EXPECT_THAT(refusal(toml), HasSubstr(part)) << toml;
}

TEST_F(ConfigTest, NamesAFileThatIsNotThere) {
  const auto config = load_config(folder_.file("nowhere.toml"), {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::bad_setting);
  EXPECT_THAT(config.error().sentence, HasSubstr("nowhere.toml"));
}

TEST_F(ConfigTest, CommandLineGoesOverTheFile) {
  Overrides overrides;
  overrides.data = "elsewhere";
  overrides.listen = "127.0.0.1:1";
  overrides.plain = "127.0.0.1:2";
  overrides.tls_cert = "c";
  overrides.tls_key = "k";
  overrides.log_level = "error";
  const auto config = load("data = \"d\"\nlisten = \"127.0.0.1:9\"\nlog_level = \"debug\"\n", overrides).value();
  EXPECT_EQ(config.data, "elsewhere");
  EXPECT_EQ(config.listen, "127.0.0.1:1");
  EXPECT_EQ(config.plain, "127.0.0.1:2");
  EXPECT_EQ(config.tls.cert, "c");
  EXPECT_EQ(config.tls.key, "k");
  EXPECT_EQ(config.log_level, log::Level::error);
}

}  // namespace
}  // namespace camspan::hub
