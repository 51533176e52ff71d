/// A whole hub in this process that knows one Link Kit device.
#pragma once

#include <gtest/gtest.h>
#include <fstream>
#include <optional>
#include <thread>

#include "hub/clock.hpp"
#include "hub/device_registry.hpp"
#include "hub/hub.hpp"
#include "hub/token.hpp"
#include "support/faulty_files.hpp"
#include "support/flv_maker.hpp"
#include "support/link_device.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {

class HubUnderDevices : public testing::Test {
 protected:
  static constexpr const char* kDevice = "a1TESTPK001.cam-01";
  static constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
  static constexpr const char* kIdentify = "iotx/vision/voice/intercom/live";

  void start(Config config = {}) {
    config.data = folder_.path() / "data";
    config.listen = "127.0.0.1:0";
    config.plain = "127.0.0.1:0";
    config.devices.push_back({DeviceId::parse(kDevice).value(), kSecret});
    config.devices.push_back({DeviceId::parse("other").value(), kSecret});
    auto started = Hub::start(config);
    ASSERT_TRUE(started) << started.error().sentence;
    hub_ = std::move(*started);
  }
  /// The disk of the hub that is started next, to its end.
  test::FaultyFiles& faulty_disk() { return disk_.emplace(); }
  void stop() { hub_->stop(); }
  /// Another run of the hub on the same data.
  void restart(const Config& config = {}) {
    hub_.reset();
    start(config);
  }
  /// As `camspan-hub device remove` does, from outside.
  void remove_device() {
    auto registry = DeviceRegistry::open(folder_.path() / "data" / "hub.sqlite");
    ASSERT_TRUE(registry && registry->remove(DeviceId::parse(kDevice).value()));
  }
  const std::string& address() const { return hub_->addresses().plain; }

  static link::Names own_names() { return {kDevice, "a1TESTPK001", "cam-01", ""}; }
  static test::LinkDevice::Fields credentials(const link::Names& names = own_names(),
                                              const std::string& secret = kSecret) {
    return test::LinkDevice::to_fields(link::open_fields(names, secret, link::SignMethod::hmac_sha1, "2.3.0"));
  }
  static std::int64_t now_ms() { return utc_now().time_since_epoch().count(); }
  static std::string path(const std::string& step) { return "/stream/" + step + "/" + kIdentify; }
  static test::LinkDevice::Fields on_channel(const std::string& channel, const test::LinkDevice::Fields& more = {}) {
    auto fields = test::LinkDevice::to_fields(link::channel_fields(channel, "2.3.0"));
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }
  static std::string open(test::LinkDevice& device) {
    std::string channel = device.open(kIdentify, own_names(), kSecret);
    EXPECT_NE(channel, "");
    return channel;
  }
  /// A request without a body, and its answer.
  static test::LinkDevice::Answer ask(test::LinkDevice& device, const std::string& step,
                                      const test::LinkDevice::Fields& fields, bool end = true,
                                      const std::string& method = "POST") {
    return device.answer(device.request(method, path(step), fields, end));
  }

  /// A stream of two seconds; its tags are in tags_.
  std::string film() {
    test::FlvMaker maker;
    tags_ = maker.stream({});
    return std::string(as_text(test::flv_file(tags_)));
  }
  static std::string flv_header() { return std::string(as_text(test::flv_file({}))); }
  std::string part(std::size_t from, std::size_t to) const {
    std::string text;
    for (std::size_t i = from; i < to; ++i) text += as_text(tags_[i]);
    return text;
  }
  static std::vector<test::TagContent> contents(const std::string& flv) {
    std::vector<test::TagContent> contents;
    for (const auto& unit : test::parse_flv(as_bytes(flv))) contents.push_back(test::content_of(*unit));
    return contents;
  }
  std::string token(Right right, const std::string& device = "*") const {
    const auto key = TokenKey::load(folder_.path() / "data" / "jwt.key", false).value();
    const auto now = std::chrono::floor<std::chrono::seconds>(utc_now());
    return key.sign({"", device, {right}, now + std::chrono::seconds(60)}, now).value();
  }
  /// What /recordings gives of the device.
  std::string recording() {
    test::RawClient client(address());
    client.send("GET /recordings/" + std::string(kDevice) + ".flv HTTP/1.0\r\nauthorization: Bearer " +
                token(Right::playback) + "\r\n\r\n");
    const std::string answer = client.read_all();
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
  std::string stored(const std::string& name) const {
    std::ifstream file(folder_.path() / "data" / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "data" / "files"))
      if (entry.is_regular_file()) files.push_back(entry.path());
    return files;
  }
  static void wait_for(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }

  test::TempFolder folder_;
  std::optional<test::FaultyFiles> disk_;
  std::unique_ptr<Hub> hub_;
  std::vector<Bytes> tags_;
};

}  // namespace camspan::hub
