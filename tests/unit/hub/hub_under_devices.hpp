/// A whole hub in this process that knows one Link Kit device.
#pragma once

#include <fstream>

#include "hub/device_registry.hpp"
#include "hub_in_process.hpp"
#include "support/link_device.hpp"

namespace camspan::hub {

class HubUnderDevices : public HubInProcess {
 protected:
  static constexpr const char* kDevice = "a1TESTPK001.cam-01";
  static constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
  static constexpr const char* kIdentify = "iotx/vision/voice/intercom/live";

  void start(Config config = {}) {
    config.devices.push_back({DeviceId::parse(kDevice).value(), kSecret});
    config.devices.push_back({DeviceId::parse("other").value(), kSecret});
    HubInProcess::start(config);
  }
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

  std::string token(Right right, const std::string& device = "*") const { return HubInProcess::token({right}, device); }
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
  std::vector<std::filesystem::path> files() const { return files_below("files"); }
};

}  // namespace camspan::hub
