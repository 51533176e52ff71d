/// Bytes down to a device: POST /api/devices/<id>/downlink/<identify>, and the query that they come by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hub_under_uploads.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::LinkDevice;
using test::RawClient;
using testing::HasSubstr;
using testing::StartsWith;

class DownlinkTest : public HubUnderUploads {
 protected:
  std::string head(std::size_t bytes, const std::string& identify = kIdentify, const std::string& device = kDevice,
                   Right right = Right::admin, const std::string& method = "POST") const {
    return method + " /api/devices/" + device + "/downlink/" + identify +
           " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + token(right) +
           "\r\nconnection: close\r\ncontent-length: " + std::to_string(bytes) + "\r\n\r\n";
  }
  /// Status line and the rest of the answer.
  std::string send_down(const std::string& bytes) {
    RawClient client(address());
    client.send(head(bytes.size()) + bytes);
    return client.read_all();
  }
  std::string ask(const std::string& request) {
    RawClient client(address());
    client.send(request);
    return client.read_all();
  }
  static std::uint32_t query(LinkDevice& device, const std::string& channel, const std::string& step = path("send")) {
    const auto id = device.request("GET", step, on_channel(channel, {{"x-test-downstream", "1"}}), true);
    EXPECT_EQ(device.head(id).status(), 200);
    return id;
  }
};

TEST_F(DownlinkTest, BringsBytesToTheChannelThatQueriedLast) {
  start();
  LinkDevice first(address()), last(address());
  const auto old_query = query(first, open(first));
  const std::string channel = open(last);
  const auto new_query = query(last, channel);
  const std::string answer = send_down("turn left");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 202"));
  EXPECT_THAT(answer, HasSubstr("{\"bytes\":9}"));
  EXPECT_THAT(send_down(", then right"), StartsWith("HTTP/1.1 202"));
  EXPECT_EQ(HubUnderDevices::ask(last, "close", on_channel(channel)).status(), 200);
  EXPECT_EQ(last.answer(new_query).body, "turn left, then right");
  EXPECT_FALSE(last.answer(new_query).reset) << "it ends in good order";
  EXPECT_THAT(send_down("hello"), StartsWith("HTTP/1.1 202")) << "the other one waits still";
  EXPECT_FALSE(first.has_ended(old_query));
}

TEST_F(DownlinkTest, SaysWhyItCannot) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  EXPECT_THAT(send_down("x"), HasSubstr("camspan-problem: not-queried")) << "open, not queried";
  const auto id = query(device, channel);
  EXPECT_THAT(ask(head(0, "another/service")), StartsWith("HTTP/1.1 409"));
  EXPECT_THAT(ask(head(0, kIdentify, "camspan.other")), StartsWith("HTTP/1.1 409"));
  EXPECT_THAT(ask(head(0, kIdentify, "nobody")), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask(head(0, kIdentify, "..")), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask(head(0, kIdentify, kDevice, Right::live)), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask(head(0, kIdentify, kDevice, Right::admin, "PUT")), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(ask("POST /api/devices/" + std::string(kDevice) + "/downlink/" + kIdentify +
                  " HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
              StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(send_down(""), StartsWith("HTTP/1.1 202"));
  device.send(test::H2Frames().reset(id, 8));
  wait_for([&] { return send_down("x").find("not-queried") != std::string::npos; });
}

TEST_F(DownlinkTest, TenMegabytesPassToADeviceThatReadsLater) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto id = query(device, channel);
  const std::string bytes = content(10 << 20);
  std::string answer;
  std::thread sender([&] { answer = send_down(bytes); });
  // The device has 65535 bytes of window: it gives more as it reads.
  std::size_t given = 0;
  while (device.read_body(id) < bytes.size()) {
    const std::size_t more = device.read_body(id) - given;
    if (more > 0)
      device.send(test::H2Frames()
                      .window_update(0, static_cast<std::uint32_t>(more))
                      .window_update(id, static_cast<std::uint32_t>(more)));
    given += more;
    device.read_more();
  }
  sender.join();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 202"));
  EXPECT_EQ(HubUnderDevices::ask(device, "close", on_channel(channel)).status(), 200);
  EXPECT_TRUE(device.answer(id).body == bytes);
}

TEST_F(DownlinkTest, ADeviceThatTakesNothingLosesItsQuery) {
  Config config;
  config.limits.downlink_timeout = std::chrono::milliseconds(100);
  start(config);
  LinkDevice device(address());
  const auto id = query(device, open(device));
  // Over the window that the device has given.
  EXPECT_THAT(send_down(std::string(100'000, 'x')), HasSubstr("camspan-problem: slow-device"));
  EXPECT_EQ(device.reset_of(id), 8u);
  EXPECT_THAT(send_down("x"), HasSubstr("camspan-problem: not-queried"));
}

TEST_F(DownlinkTest, AClosedChannelEndsWhatIsBeingSent) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto id = query(device, channel);
  RawClient sender(address());
  sender.send(head(100'000) + std::string(100'000, 'x'));
  while (device.read_body(id) < 65'535) device.read_more();
  EXPECT_EQ(HubUnderDevices::ask(device, "close", on_channel(channel)).status(), 200);
  EXPECT_THAT(sender.read_all(), HasSubstr("camspan-problem: not-queried"));
}

TEST_F(DownlinkTest, OnlySoManyWaitInLine) {
  start();
  LinkDevice device(address());
  const auto id = query(device, open(device));
  std::vector<std::unique_ptr<RawClient>> line;
  for (std::size_t i = 0; i < 16; ++i) {
    line.push_back(std::make_unique<RawClient>(address()));
    // Each says one byte of two, so that its turn is not over.
    line.back()->send(head(2) + std::to_string(i % 10));
  }
  wait_for([&] { return ask(head(0)).find("max-downlinks") != std::string::npos; });
  for (auto& client : line) client->send("!");
  for (auto& client : line) EXPECT_THAT(client->read_all(), StartsWith("HTTP/1.1 202"));
  while (device.read_body(id) < 32) device.read_more();
  // Whole messages, one after the other, in whatever order they were heard.
  for (std::size_t i = 1; i < 32; i += 2) EXPECT_EQ(device.answer_so_far(id).body[i], '!');
}

TEST_F(DownlinkTest, AHubThatStopsEndsIt) {
  start();
  LinkDevice device(address());
  const auto id = query(device, open(device));
  RawClient sender(address());
  sender.send(head(2) + "1");
  while (device.read_body(id) < 1) device.read_more();
  stop();
  EXPECT_THAT(sender.read_all(), StartsWith("HTTP/1.1 503"));
  EXPECT_TRUE(device.wait_for_end());
}

}  // namespace
}  // namespace camspan::hub
