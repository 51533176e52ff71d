/// A whole hub in this process, talked to over loopback.
#include "hub/hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub_under_requests.hpp"
#include "proto/ws/frame.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::RawClient;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kStream = "0e984725-c51c-4bf4-9960-e1c80e27aba0";

class HubTest : public HubUnderRequests {};

TEST_F(HubTest, ViewerGetsTheStreamFromTheKeyFrameOn) {
  start();
  film();
  EXPECT_EQ(ask("GET /live/cam1.flv").status, 404);
  auto camera = open_upload("accept: application/x-ndjson\r\n");
  camera->send(chunk(flv_header() + part(0, 5)));
  wait_for([this] { return ask("HEAD /live/cam1.flv").status == 200; });
  RawClient viewer(hub_->addresses().plain);
  viewer.send(head("GET /live/cam1.flv") + "\r\n");
  viewer.read_until("video/x-flv");
  wait_for([this] { return ask("GET /api/devices/cam1").as_json()["viewers"] == 1; });
  camera->send(chunk(part(5, 20)) + "0\r\n\r\n");
  camera->read_until("\"tags\":20");
  // Ends ten seconds later; what is here now is enough.
  const auto device = ask("GET /api/devices/cam1").as_json();
  EXPECT_EQ(device["online"], false);
  EXPECT_EQ(device["video"]["codec"], "h264");
  const auto over = ask("GET /live/cam1.flv");
  EXPECT_EQ(over.status, 503);
  EXPECT_EQ(over.field("camspan-problem"), "no-video");
  EXPECT_EQ(over.field("retry-after"), "5");
  // The status without a body, which is how the page learns why a WebSocket was refused.
  const auto probe = ask("HEAD /live/cam1.flv");
  EXPECT_EQ(probe.status, 503);
  EXPECT_EQ(probe.field("camspan-problem"), "no-video");
  EXPECT_EQ(probe.body, "");
}

TEST_F(HubTest, ViewerLimitIsAProblemOfItsOwn) {
  Config config;
  config.limits.viewers_per_device = 1;
  start(config);
  film();
  auto camera = open_upload("accept: application/x-ndjson\r\n");
  camera->send(chunk(flv_header() + part(0, 5)));
  wait_for([this] { return ask("HEAD /live/cam1.flv").status == 200; });
  RawClient viewer(hub_->addresses().plain);
  viewer.send(head("GET /live/cam1.flv") + "\r\n");
  viewer.read_until("video/x-flv");
  const auto full = ask("GET /live/cam1.flv");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.field("camspan-problem"), "max-viewers");
  EXPECT_EQ(full.field("retry-after"), "30");
}

TEST_F(HubTest, ShowsLiveByWebSocketToItsOwnPageOnly) {
  start();
  film();
  auto camera = open_upload("accept: application/x-ndjson\r\n");
  camera->send(chunk(flv_header() + part(0, 5)));
  wait_for([this] { return ask("HEAD /live/cam1.flv").status == 200; });
  const std::string upgrade =
      "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string line = "GET /live/cam1.flv?token=" + all();
  RawClient foreign(hub_->addresses().plain);
  foreign.send(head(line, upgrade + "origin: https://elsewhere.example\r\n", "") + "\r\n");
  EXPECT_THAT(foreign.read_until("foreign-origin"), StartsWith("HTTP/1.1 403"));

  RawClient viewer(hub_->addresses().plain);
  viewer.send(head(line, upgrade + "origin: http://" + hub_->addresses().plain + "\r\n", "") + "\r\n");
  const std::string answer = viewer.read_until("FLV");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101"));
  EXPECT_THAT(answer, HasSubstr(ws::accept_key("dGhlIHNhbXBsZSBub25jZQ==")));
}

TEST_F(HubTest, TokensDecideWhoSeesAndChangesDevices) {
  start();
  EXPECT_EQ(ask("GET /api/devices", "", "", "").field("camspan-problem"), "missing-token");
  EXPECT_EQ(ask("GET /api/devices", "", "", "").field("www-authenticate"), "Bearer");
  const std::string json_type = "content-type: application/json\r\n";
  const auto made = ask("POST /api/devices", json_type, R"({"id":"camspan.door","name":"Front door"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.as_json()["id"], "door");
  EXPECT_EQ(made.as_json()["product_key"], "camspan");
  EXPECT_EQ(made.as_json()["secret"].get<std::string>().size(), 32u);
  EXPECT_EQ(ask("POST /api/devices", json_type, R"({"id":"door"})").field("camspan-problem"), "device-exists");
  EXPECT_EQ(ask("POST /api/devices", json_type, R"({"id":"a/b"})").status, 400);
  EXPECT_EQ(ask("POST /api/devices", json_type, "nonsense").status, 400);
  EXPECT_EQ(ask("POST /api/devices", json_type, std::string(5000, ' ')).status, 413);
  EXPECT_EQ(ask("POST /api/devices", json_type, R"({"id":"gate"})", token({Right::live})).status, 403);
  ask("POST /api/devices", json_type, R"({"id":"gate"})");

  EXPECT_EQ(ask("GET /api/devices").as_json().size(), 2u);
  const auto one = ask("GET /api/devices", "", "", token({Right::live}, "door")).as_json();
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]["name"], "Front door");
  EXPECT_EQ(one[0]["online"], false);
  EXPECT_FALSE(one[0].contains("secret"));
  EXPECT_EQ(ask("GET /api/devices/gate", "", "", token({Right::live}, "door")).status, 403);
  EXPECT_EQ(ask("GET /api/devices/nobody").status, 404);

  EXPECT_EQ(ask("DELETE /api/devices/door", "", "", token({Right::live})).status, 403);
  EXPECT_EQ(ask("DELETE /api/devices/door").status, 204);
  EXPECT_EQ(ask("DELETE /api/devices/door").status, 404);
  EXPECT_EQ(ask("PATCH /api/devices/door").field("allow"), "GET, HEAD, DELETE");
}

TEST_F(HubTest, DeviceNobodyAddedBecomesKnownByItsUpload) {
  start();
  EXPECT_EQ(ask("GET /api/devices/new").status, 404);
  EXPECT_EQ(upload(film(), "", "/ingest/new").status, 200);
  EXPECT_EQ(ask("GET /api/devices/new").status, 200);
  EXPECT_EQ(upload(film(), "", "/ingest/a%2fb").status, 400);
}

TEST_F(HubTest, DeviceLimitHolds) {
  Config config;
  config.limits.devices = 1;
  start(config);
  EXPECT_EQ(upload(film(), "", "/ingest/one").status, 200);
  EXPECT_EQ(upload(film(), "", "/ingest/two").field("camspan-problem"), "max-devices");
  EXPECT_EQ(upload(film(), "", "/ingest/one").status, 200);
}

TEST_F(HubTest, RemovingADeviceEndsItsUpload) {
  start();
  film();
  auto camera = open_upload("accept: application/x-ndjson\r\n");
  camera->send(chunk(flv_header() + part(0, 5)));
  wait_for([this] { return ask("HEAD /live/cam1.flv").status == 200; });
  EXPECT_EQ(ask("DELETE /api/devices/cam1").status, 204);
  EXPECT_THAT(camera->read_until("/problems/"), HasSubstr("/problems/unknown-device"));
}

TEST_F(HubTest, TellsPagesOfChanges) {
  start();
  film();
  RawClient page(hub_->addresses().plain);
  page.send("GET /api/events?token=" + token({Right::live}, "cam1") + " HTTP/1.1\r\nhost: x\r\n\r\n");
  page.read_until(":\n\n");
  RawClient other(hub_->addresses().plain);
  other.send("GET /api/events?token=" + token({Right::live}, "cam2") + " HTTP/1.1\r\nhost: x\r\n\r\n");
  other.read_until(":\n\n");
  upload(film());
  const std::string events = page.read_until("\"online\":false,\"live\":false,\"since\"");
  EXPECT_THAT(events, HasSubstr("event: device\ndata: {\"id\":\"cam1\""));
  EXPECT_THAT(events, HasSubstr("\"live\":true"));
  hub_->stop();
  EXPECT_THAT(other.read_all(), testing::Not(HasSubstr("cam1")));
}

TEST_F(HubTest, ServesThePageWithAStrictPolicy) {
  start();
  const auto page = ask("GET /", "", "", "");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.field("content-type"), StartsWith("text/html"));
  EXPECT_THAT(page.field("content-security-policy"),
              AllOf(StartsWith("default-src 'none'"), HasSubstr("frame-ancestors 'none'")));
  EXPECT_EQ(page.field("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.field("referrer-policy"), "no-referrer");
  EXPECT_THAT(page.body, HasSubstr("main.js"));
  const auto known = ask("GET /", "if-none-match: " + page.field("etag") + "\r\n", "", "");
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_THAT(ask("GET /views/stage.js", "", "", "").field("content-type"), StartsWith("text/javascript"));
  const auto packed = ask("GET /", "accept-encoding: deflate, gzip;q=0.5, br\r\n", "", "");
  EXPECT_EQ(packed.field("content-encoding"), "gzip");
  EXPECT_THAT(packed.body, StartsWith("\x1f\x8b"));
  EXPECT_LT(packed.body.size(), page.body.size());
  EXPECT_NE(packed.field("etag"), page.field("etag"));
  EXPECT_EQ(ask("GET /", "accept-encoding: gzip;q=0, br\r\n", "", "").body, page.body);
  EXPECT_EQ(ask("GET /package.json", "", "", "").status, 404);
  EXPECT_EQ(ask("GET /../hub.sqlite", "", "", "").status, 404);
  EXPECT_EQ(ask("GET /nothing", "", "", "").field("camspan-problem"), "unknown-route");
  EXPECT_EQ(ask("POST /", "", "x", "").status, 405);
  EXPECT_EQ(ask("GET /healthz", "", "", "").as_json(), (json{{"status", "ok"}}));
}

TEST_F(HubTest, StoppingStoresAnswersAndEndsWhatRuns) {
  start();
  film();
  auto camera = open_upload("accept: application/x-ndjson\r\n");
  camera->send(chunk(flv_header() + part(0, 40)));
  wait_for([this] { return ask("HEAD /live/cam1.flv").status == 200; });
  RawClient viewer(hub_->addresses().plain);
  viewer.send(head("GET /live/cam1.flv") + "\r\n");
  viewer.read_until("video/x-flv");
  const auto begin = std::chrono::steady_clock::now();
  hub_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_THAT(viewer.read_all(), testing::EndsWith("0\r\n\r\n"));
  const auto answer = camera->read_all();
  EXPECT_THAT(answer, HasSubstr("/problems/stopping"));
  EXPECT_THAT(answer, HasSubstr("\"committed\":40"));
  const auto files = files_below("recordings");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].extension(), ".flv");
  EXPECT_THROW(RawClient(hub_->addresses().plain).read_until("x"), std::runtime_error);
}

TEST_F(HubTest, KnowsItsRecordingsAfterARestartAndWithoutItsDatabase) {
  start();
  const std::string flv = film();
  upload(flv);
  hub_.reset();
  for (const char* name : {"hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm"})
    std::filesystem::remove(folder_.path() / "data" / name);
  start();
  // The device went with the database; the next upload brings it back.
  EXPECT_EQ(ask("GET /recordings/cam1.flv").status, 404);
  upload("x", "content-type: text/plain\r\n");
  EXPECT_EQ(contents(ask("GET /recordings/cam1.flv").body), contents(flv));
  const auto device = ask("GET /api/devices/cam1").as_json();
  EXPECT_TRUE(device["recording"].contains("from"));
  EXPECT_EQ(device["recording"]["state"], "on");
  EXPECT_EQ(device["recording"]["max_age_s"], 7 * 24 * 3600);
}

TEST_F(HubTest, SaysWhyNothingIsRecorded) {
  start();
  const auto fields = [](const char* stream, const char* start) {
    return std::string("camspan-stream: ") + stream + "\r\ncamspan-start: " + start +
           "\r\naccept: application/x-ndjson\r\n";
  };
  const std::string flv = film();
  {
    auto lost = open_upload(fields(kStream, "2026-11-21T08:30:00.000Z"));
    lost->send(chunk(flv));
    lost->read_until("{\"committed\":1");
  }
  wait_for([&] { return ask("GET /api/devices/cam1").as_json()["online"] == false; });
  const char* other = "1e984725-c51c-4bf4-9960-e1c80e27aba0";
  upload(flv, "content-type: video/x-flv\r\n" + fields(other, "2026-11-21T08:40:00.000Z"));
  const json expected = {
      {{"start", "2026-11-21T08:30:01.980Z"}, {"end", "2026-11-21T08:40:00.000Z"}, {"reason", "offline"}},
      {{"start", "2026-11-21T08:40:01.980Z"}, {"end", "2026-11-21T08:50:00.000Z"}, {"reason", "stopped"}}};
  EXPECT_EQ(ask("GET /recordings/cam1?to=2026-11-21T08:50:00Z").as_json()["gaps"], expected);
}

TEST_F(HubTest, RemovesWhatIsOlderThanIsKeptAndSaysSo) {
  start();
  upload(film(), "content-type: video/x-flv\r\ncamspan-start: 2026-01-01T08:30:00.000Z\r\n");
  EXPECT_EQ(files_below("recordings").size(), 1u);
  hub_.reset();
  Config config;
  config.record.max_age = std::chrono::hours(24);
  start(config);
  json list;
  wait_for([&] {
    list = ask("GET /recordings/cam1?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z").as_json();
    return list["segments"].empty();
  });
  EXPECT_TRUE(files_below("recordings").empty());
  const json expected = {
      {{"start", "2026-01-01T08:30:00.000Z"}, {"end", "2026-01-01T08:30:01.980Z"}, {"reason", "expired"}}};
  EXPECT_EQ(list["gaps"], expected);
}

TEST_F(HubTest, GivesItsFiguresToPrometheus) {
  start();
  const std::string flv = film();
  upload(flv);
  const auto metrics = ask("GET /metrics?devices=1", "", "", "");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.field("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const std::string bytes = std::to_string(flv.size());
  for (const std::string& line :
       {std::string("# TYPE camspan_hub_viewers gauge\ncamspan_hub_viewers 0\n"),
        std::string("camspan_hub_devices 1\n"), "camspan_hub_received_bytes_total " + bytes + "\n",
        std::string("camspan_hub_storage_state{state=\"fine\"} 1\n"),
        "camspan_hub_device_received_bytes_total{device=\"cam1\"} " + bytes + "\n"})
    EXPECT_THAT(metrics.body, HasSubstr(line));
  EXPECT_THAT(ask("GET /metrics", "", "", "").body, Not(HasSubstr("cam1")));
}

TEST_F(HubTest, SecondHubOnTheSameFolderSaysSo) {
  start();
  Config config;
  config.data = folder_.path() / "data";
  config.listen = "127.0.0.1:0";
  const auto second = Hub::start(config);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().sentence, HasSubstr("another camspan-hub runs"));
}

TEST_F(HubTest, PortInUseSaysSo) {
  start();
  Config config;
  config.data = folder_.path() / "other";
  config.listen = hub_->addresses().listen;
  const auto second = Hub::start(config);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().sentence, AllOf(HasSubstr(config.listen), HasSubstr("in use")));
}

TEST_F(HubTest, BadCertificateSaysSo) {
  Config config;
  config.data = folder_.path() / "data";
  config.tls.cert = folder_.write("bad.crt", "no certificate");
  config.tls.key = folder_.write("bad.key", "no key");
  const auto hub = Hub::start(config);
  ASSERT_FALSE(hub);
  EXPECT_EQ(hub.error().code, Errc::bad_setting);
  EXPECT_THAT(hub.error().sentence, HasSubstr("bad.crt"));
}

TEST_F(HubTest, ConfiguredDevicesAreKnownFromTheStart) {
  Config config;
  config.devices.push_back({DeviceId::parse("pk.gate").value(), "s"});
  start(config);
  EXPECT_EQ(ask("GET /api/devices/pk.gate").status, 200);
}

}  // namespace
}  // namespace camspan::hub
