/// /stream of a whole hub, asked by a device that speaks in raw frames.
#include "hub/stream_route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hub_under_devices.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::LinkDevice;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

class StreamRouteTest : public HubUnderDevices {};

TEST_F(StreamRouteTest, OpensSendsTwiceAndCloses) {
  start();
  LinkDevice device(address());
  const auto opening = device.request("POST", LinkDevice::open_path(kIdentify), credentials(), true);
  const auto& opened = device.answer(opening);
  EXPECT_TRUE(opened.ended_with_head);
  EXPECT_FALSE(opened.reset);
  ASSERT_THAT(opened.fields,
              ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::MatchesRegex("[1-9][0-9]{18}")),
                          Pair("x-data-stream-id", testing::MatchesRegex("DS[1-9][0-9]{18}")),
                          Pair("x-response-status", "200")));
  const std::string channel = opened.field("x-data-stream-id");

  for (int round = 0; round < 2; ++round) {
    const auto sending = device.request("POST", path("send"), on_channel(channel, {{"content-length", "5000"}}), false);
    device.data(sending, std::string(4999, 'x'));
    device.data(sending, "y");
    const auto& sent = device.answer(sending);
    EXPECT_THAT(sent.fields, ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_),
                                         Pair("x-data-stream-id", channel), Pair("x-response-status", "200")));
    EXPECT_TRUE(sent.ended_with_head);
    EXPECT_EQ(device.reset_of(sending), 0u) << "NO_ERROR: the device does not end its stream";
  }
  EXPECT_EQ(stored("files/" + std::string(kDevice) + "/" + channel), std::string(4999, 'x') + "y");
  EXPECT_EQ(stored("files/" + std::string(kDevice) + "/" + channel + "-1").size(), 5000u);

  const auto closing = device.request("POST", path("close"), on_channel(channel), true);
  EXPECT_THAT(device.answer(closing).fields,
              ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_), Pair("x-data-stream-id", channel),
                          Pair("x-response-status", "200")));
  EXPECT_EQ(ask(device, "send", on_channel(channel, {{"content-length", "0"}})).status(), 404);
}

TEST_F(StreamRouteTest, FlvBecomesTheDevicesLiveStreamAndRecording) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  const std::string flv = film();
  const auto sending = device.request("POST", path("send"),
                                      on_channel(channel, {{"content-length", std::to_string(flv.size())}}), false);
  device.data(sending, flv);
  const auto& sent = device.answer(sending);
  EXPECT_THAT(sent.fields, ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_),
                                       Pair("content-type", "application/json"), Pair("cache-control", "no-store"),
                                       Pair("content-length", std::to_string(sent.body.size())),
                                       Pair("x-data-stream-id", channel), Pair("x-response-status", "200")));
  EXPECT_EQ(json::parse(sent.body)["committed"], tags_.size());
  EXPECT_EQ(device.reset_of(sending), 0u);
  EXPECT_EQ(contents(recording()), contents(flv));
}

TEST_F(StreamRouteTest, AcknowledgesAndGoesOnLikeIngest) {
  start();
  const std::string flv = film();
  const LinkDevice::Fields stream{{"accept", "application/x-ndjson"},
                                  {"content-type", "video/x-flv"},
                                  {"camspan-stream", "0e984725-c51c-4bf4-9960-e1c80e27aba0"},
                                  {"camspan-start", "2026-11-21T08:30:00.000Z"}};
  {
    LinkDevice device(address());
    const auto sending = device.request("POST", path("send"), on_channel(open(device), stream), false);
    const auto& head = device.head(sending);
    EXPECT_EQ(head.field("content-type"), "application/x-ndjson");
    EXPECT_EQ(head.fields.back(), std::pair(std::string("x-response-status"), std::string("200")));
    EXPECT_EQ(head.fields.at(head.fields.size() - 2).first, "x-data-stream-id");
    device.data(sending, flv.substr(0, flv.size() / 2));
    device.disconnect();
    device.wait_for_end();
  }
  LinkDevice device(address());
  const std::string channel = open(device);
  auto again = stream;
  again.emplace_back("camspan-first", "9999");
  std::size_t expected = 0;
  wait_for([&] {
    const auto gap = ask(device, "send", on_channel(channel, again), false);
    EXPECT_EQ(gap.status(), 409);
    expected = json::parse(gap.body)["expected"].get<std::size_t>();
    return expected > 10;
  });
  again.back().second = std::to_string(expected);
  const auto sending = device.request("POST", path("send"), on_channel(channel, again), false);
  device.data(sending, flv_header() + part(0, 3) + part(expected, tags_.size()), true);
  EXPECT_THAT(device.answer(sending).body, HasSubstr("\"committed\":" + std::to_string(tags_.size())));
  EXPECT_EQ(contents(recording()), contents(flv));
}

TEST_F(StreamRouteTest, AQueryStaysOpenUntilTheChannelIsClosed) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto query = device.request("GET", path("send"), on_channel(channel, {{"x-test-downstream", "1"}}), true);
  EXPECT_THAT(device.head(query).fields,
              ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_), Pair("x-data-stream-id", channel),
                          Pair("x-response-status", "200")));
  const auto second = ask(device, "send", on_channel(channel));
  EXPECT_EQ(second.status(), 409);
  EXPECT_EQ(json::parse(second.body)["code"], 409);
  EXPECT_FALSE(device.has_ended(query));
  const auto closing = device.request("POST", path("close"), on_channel(channel), true);
  device.head(closing);
  EXPECT_TRUE(device.has_ended(query)) << "before the close is answered";
  EXPECT_EQ(device.answer(query).body, "");
  EXPECT_FALSE(device.answer(query).reset);
  EXPECT_EQ(device.answer(closing).status(), 200);
}

TEST_F(StreamRouteTest, AQueryEndsWithTheHub) {
  start();
  LinkDevice device(address());
  const auto query = device.request("GET", path("send"), on_channel(open(device)), true);
  device.head(query);
  stop();
  EXPECT_TRUE(device.wait_for_end());
  EXPECT_TRUE(device.has_ended(query));
}

TEST_F(StreamRouteTest, ClosingBreaksOffWhatIsBeingSent) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto sending = device.request("POST", path("send"), on_channel(channel, {{"content-length", "1000"}}), false);
  device.data(sending, "part of it");
  EXPECT_EQ(ask(device, "close", on_channel(channel)).status(), 200);
  EXPECT_EQ(device.reset_of(sending), 8u) << "CANCEL";
  wait_for([this] { return files().empty(); });
}

TEST_F(StreamRouteTest, ServesThePythonAndTheAndroidClient) {
  start();
  LinkDevice device(address());
  // GET for everything, a body with GET, doubled slashes, and the timestamp signed.
  auto names = own_names();
  names.client_id = "cam-01";
  names.timestamp = std::to_string(now_ms());
  const auto fields = LinkDevice::to_fields(link::open_fields(names, kSecret, link::SignMethod::hmac_sha256, "1.0.0"));
  const auto opening = device.request("GET", LinkDevice::open_path(kIdentify), fields, true);
  const std::string channel = device.answer(opening).field("x-data-stream-id");
  const auto sending = device.request(
      "GET", "/stream/send//" + std::string(kIdentify),
      on_channel(channel, {{"content-length", "4"}, {"x-request-id", device.answer(opening).field("x-request-id")}}),
      false);
  device.data(sending, "data");
  EXPECT_EQ(device.answer(sending).status(), 200);
  // Without credentials on a connection that has shown some, and a query by its own header.
  const auto second = ask(device, "open", {});
  EXPECT_EQ(second.status(), 200);
  const std::string other = second.field("x-data-stream-id");
  EXPECT_NE(other, channel);
  const auto query = device.request("GET", path("send"),
                                    on_channel(other, {{"content-length", "0"}, {"x-test-downstream", "any"}}), true);
  device.head(query);
  EXPECT_FALSE(device.has_ended(query));
  EXPECT_EQ(ask(device, "close", on_channel(channel), true, "GET").status(), 200);
}

TEST_F(StreamRouteTest, NeedsHttp2) {
  start();
  test::RawClient client(address());
  client.send("GET /stream/open/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400"));
}

}  // namespace
}  // namespace camspan::hub
