/// A whole hub in this process, talked to over loopback.
#include "hub/hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "hub/clock.hpp"
#include "hub/token.hpp"
#include "proto/ws/frame.hpp"
#include "support/flv_maker.hpp"
#include "support/raw_client.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::RawClient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kStream = "0e984725-c51c-4bf4-9960-e1c80e27aba0";

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  std::string field(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  json as_json() const { return json::parse(body, nullptr, false); }
};

std::string unchunk(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const auto line = text.find("\r\n");
    if (line == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    if (size == 0) break;
    body += text.substr(line + 2, size);
    text.remove_prefix(std::min(text.size(), line + 2 + size + 2));
  }
  return body;
}

Answer parse_answer(const std::string& text) {
  Answer answer;
  const auto end = text.find("\r\n\r\n");
  answer.head = text.substr(0, end == std::string::npos ? text.size() : end + 2);
  answer.status = answer.head.size() > 12 ? std::stoi(answer.head.substr(9, 3)) : 0;
  if (end != std::string::npos) answer.body = text.substr(end + 4);
  if (answer.field("transfer-encoding") == "chunked") answer.body = unchunk(answer.body);
  return answer;
}

std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

class HubTest : public testing::Test {
 protected:
  void start(Config config = {}) {
    config.data = folder_.path() / "data";
    config.listen = "127.0.0.1:0";
    config.plain = "127.0.0.1:0";
    auto started = Hub::start(config);
    ASSERT_TRUE(started) << started.error().sentence;
    hub_ = std::move(*started);
  }
  std::string token(std::vector<Right> allow, const std::string& device = "*") {
    const auto key = TokenKey::load(folder_.path() / "data" / "jwt.key", false).value();
    const auto now = std::chrono::floor<std::chrono::seconds>(utc_now());
    return key.sign({"", device, std::move(allow), now + std::chrono::seconds(600)}, now).value();
  }
  std::string all() { return token({Right::live, Right::playback, Right::upload, Right::admin}); }

  /// Request line and fields, the token included.
  std::string head(const std::string& line, const std::string& fields = "", const std::string& the_token = "own") {
    const std::string bearer = the_token == "own" ? all() : the_token;
    return line + " HTTP/1.1\r\nhost: " + hub_->addresses().plain + "\r\n" +
           (bearer.empty() ? "" : "authorization: Bearer " + bearer + "\r\n") + fields;
  }
  Answer ask(const std::string& line, const std::string& fields = "", const std::string& body = "",
             const std::string& the_token = "own") {
    RawClient client(hub_->addresses().plain);
    client.send(head(line,
                     fields + "connection: close\r\n" +
                         (body.empty() ? "" : "content-length: " + std::to_string(body.size()) + "\r\n"),
                     the_token) +
                "\r\n" + body);
    return parse_answer(client.read_all());
  }
  Answer upload(const std::string& body, const std::string& fields = "content-type: video/x-flv\r\n",
                const std::string& path = "/ingest/cam1") {
    return ask("POST " + path, fields, body);
  }
  /// An upload that goes on: chunked, acknowledged.
  std::unique_ptr<RawClient> open_upload(const std::string& fields = "") {
    auto client = std::make_unique<RawClient>(hub_->addresses().plain);
    client->send(head("POST /ingest/cam1", "content-type: video/x-flv\r\ntransfer-encoding: chunked\r\n" + fields) +
                 "\r\n");
    return client;
  }
  std::string whole(const test::FlvMaker::Shape& shape = {}) {
    test::FlvMaker maker;
    tags_ = maker.stream(shape);
    return std::string(as_text(test::flv_file(tags_)));
  }
  std::string part(std::size_t from, std::size_t to) const {
    std::string text;
    for (std::size_t i = from; i < to; ++i) text += as_text(tags_[i]);
    return text;
  }
  static std::string flv_header() { return std::string(as_text(test::flv_file({}))); }
  std::vector<test::TagContent> contents(const std::string& flv) {
    std::vector<test::TagContent> contents;
    for (const auto& unit : test::parse_flv(as_bytes(flv))) contents.push_back(test::content_of(*unit));
    return contents;
  }
  std::vector<std::filesystem::path> files_below(const char* folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "data" / folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
    return files;
  }
  void wait_for(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }

  test::TempFolder folder_;
  std::unique_ptr<Hub> hub_;
  std::vector<Bytes> tags_;
};

TEST_F(HubTest, GivesBackWhatWasUploaded) {
  start();
  const std::string flv = whole();
  const auto stored = upload(flv,
                             "content-type: video/x-flv\r\ncamspan-start: 2026-11-21T08:30:00.000Z\r\n"
                             "camspan-meta: {\"place\":\"door\"}\r\n");
  EXPECT_EQ(stored.status, 200);
  EXPECT_EQ(stored.as_json()["committed"], tags_.size());
  EXPECT_EQ(stored.as_json()["bytes"], flv.size());

  const auto list = ask("GET /recordings/cam1").as_json();
  ASSERT_EQ(list["segments"].size(), 1u);
  EXPECT_EQ(list["segments"][0]["start"], "2026-11-21T08:30:00.000Z");
  EXPECT_EQ(list["segments"][0]["duration_ms"], 1980);
  EXPECT_EQ(list["segments"][0]["meta"]["place"], "door");

  const auto back = ask("GET /recordings/cam1.flv?start=2026-11-21T08:30:00Z");
  EXPECT_EQ(back.status, 200);
  EXPECT_EQ(back.field("camspan-start"), "2026-11-21T08:30:00.000Z");
  EXPECT_EQ(back.field("accept-ranges"), "none");
  EXPECT_THAT(back.field("content-disposition"), HasSubstr("cam1_20261121T083000Z.flv"));
  EXPECT_EQ(contents(back.body), contents(flv));

  const auto key = ask("GET /recordings/cam1/key.flv?at=2026-11-21T08:30:01.500Z");
  EXPECT_EQ(key.status, 200);
  EXPECT_EQ(key.field("camspan-start"), "2026-11-21T08:30:01.000Z");
  EXPECT_EQ(test::parse_flv(as_bytes(key.body)).back()->kind, UnitKind::key);
}

TEST_F(HubTest, SaysWhereSomethingIsWhenNothingIsThere) {
  start();
  upload(whole(), "content-type: video/x-flv\r\ncamspan-start: 2026-11-21T08:30:00.000Z\r\n");
  const auto late = ask("GET /recordings/cam1.flv?start=2026-11-22T00:00:00Z");
  EXPECT_EQ(late.status, 404);
  EXPECT_EQ(late.field("camspan-problem"), "no-recording");
  EXPECT_EQ(late.as_json()["before"], "2026-11-21T08:30:01.980Z");
  EXPECT_FALSE(late.as_json().contains("after"));
  const auto early = ask("GET /recordings/cam1.flv?start=2026-11-20T00:00:00Z&end=2026-11-20T01:00:00Z");
  EXPECT_EQ(early.status, 404);
  EXPECT_EQ(early.as_json()["after"], "2026-11-21T08:30:00.000Z");
  EXPECT_EQ(ask("GET /recordings/cam1/key.flv?at=2026-11-20T00:00:00Z").status, 404);
  EXPECT_EQ(ask("GET /recordings/nobody").status, 404);
}

TEST_F(HubTest, AnUploadThatBreaksOffGoesOnWithoutLossOrRepetition) {
  start();
  const std::string flv = whole();
  const std::string names = std::string("camspan-stream: ") + kStream +
                            "\r\naccept: application/x-ndjson\r\ncamspan-start: 2026-11-21T08:30:00.000Z\r\n";
  std::size_t committed = 0;
  {
    auto client = open_upload(names);
    client->send(chunk(flv_header() + part(0, 60)));
    const std::string answer = client->read_until("{\"committed\":6");
    EXPECT_THAT(answer, HasSubstr("200 OK"));
    EXPECT_THAT(answer, HasSubstr("application/x-ndjson"));
    committed = 60;
    client->send("20\r\nhalf of a chunk");
  }
  // As h2sink does: the head again, then from the first tag that was not acknowledged.
  auto client = open_upload(names + "camspan-first: " + std::to_string(committed) + "\r\n");
  client->send(chunk(flv_header() + part(0, 3) + part(committed, tags_.size())) + "0\r\n\r\n");
  const auto end = client->read_until("\"tags\":");
  EXPECT_THAT(end, HasSubstr("\"tags\":" + std::to_string(tags_.size() - committed)));
  EXPECT_EQ(contents(ask("GET /recordings/cam1.flv").body), contents(flv));
}

TEST_F(HubTest, GoesOnAtMetadataWithoutTakingItForTheRepeatedHead) {
  start();
  test::FlvMaker maker;
  tags_ = {maker.metadata(), maker.avc_config(), maker.key(0), maker.delta(40), maker.metadata(), maker.delta(80)};
  const std::string names = std::string("content-type: video/x-flv\r\ncamspan-stream: ") + kStream + "\r\n";
  EXPECT_EQ(upload(flv_header() + part(0, 4), names).as_json()["committed"], 4);
  const std::string again = names + "camspan-first: 4\r\ncamspan-head: 2\r\n";
  EXPECT_EQ(upload(flv_header() + part(0, 2) + part(4, 6), again).as_json()["committed"], 6);
  // Said once more, it is there already.
  EXPECT_EQ(upload(flv_header() + part(0, 2) + part(4, 6), again).as_json()["committed"], 6);
  EXPECT_EQ(contents(ask("GET /recordings/cam1.flv").body).size(), tags_.size());
}

TEST_F(HubTest, TellsTheExpectedTagOfAGap) {
  start();
  const std::string flv = whole();
  const std::string name = std::string("content-type: video/x-flv\r\ncamspan-stream: ") + kStream + "\r\n";
  upload(flv, name);
  const auto gap = upload(flv, name + "camspan-first: 9999\r\n");
  EXPECT_EQ(gap.status, 409);
  EXPECT_EQ(gap.as_json()["expected"], tags_.size());
}

TEST_F(HubTest, TypeAndFirstBytesDecideWhatIsStored) {
  start();
  const std::string flv = whole();
  EXPECT_EQ(upload("not a film", "content-type: video/x-flv\r\n").status, 415);
  EXPECT_EQ(upload(flv, "").as_json()["tags"], tags_.size());
  const auto picture = upload("JPEG", "content-type: image/jpeg\r\ncamspan-name: a.jpg\r\n");
  EXPECT_EQ(picture.as_json(), (json{{"name", "a.jpg"}, {"bytes", 4}, {"committed", 4}}));
  EXPECT_EQ(upload("other", "content-type: image/jpeg\r\ncamspan-name: a.jpg\r\n").as_json()["name"], "a-1.jpg");
  EXPECT_EQ(upload("third", "camspan-name: a.jpg\r\n").as_json()["name"], "a-2.jpg");
  EXPECT_EQ(upload(flv, "content-type: application/octet-stream\r\n").as_json()["bytes"], flv.size());
  EXPECT_EQ(files_below("files").size(), 4u);
  EXPECT_EQ(files_below("recordings").size(), 1u);
}

TEST_F(HubTest, AFileOverTheLimitOrBrokenOffLeavesNothing) {
  Config config;
  config.limits.upload_max = 1000;
  start(config);
  const auto large = upload(std::string(1001, 'x'), "content-type: image/jpeg\r\n");
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.field("camspan-problem"), "too-large");
  {
    RawClient client(hub_->addresses().plain);
    client.send(head("PUT /ingest/cam1", "content-type: image/jpeg\r\ncontent-length: 900\r\n") + "\r\nabc");
    wait_for([this] { return !files_below("files").empty(); });
  }
  wait_for([this] { return files_below("files").empty(); });
  // Live FLV has no limit.
  EXPECT_EQ(upload(whole()).status, 200);
}

TEST_F(HubTest, AcknowledgesFilesInBytes) {
  start();
  const auto answer = upload("0123456789", "content-type: a/b\r\naccept: application/x-ndjson\r\ncamspan-name: x\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-type"), "application/x-ndjson");
  EXPECT_THAT(answer.body, HasSubstr("\"committed\":10"));
}

TEST_F(HubTest, ViewerGetsTheStreamFromTheKeyFrameOn) {
  start();
  whole();
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
  whole();
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
  whole();
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
  EXPECT_EQ(upload(whole(), "", "/ingest/new").status, 200);
  EXPECT_EQ(ask("GET /api/devices/new").status, 200);
  EXPECT_EQ(upload(whole(), "", "/ingest/a%2fb").status, 400);
}

TEST_F(HubTest, DeviceLimitHolds) {
  Config config;
  config.limits.devices = 1;
  start(config);
  EXPECT_EQ(upload(whole(), "", "/ingest/one").status, 200);
  EXPECT_EQ(upload(whole(), "", "/ingest/two").field("camspan-problem"), "max-devices");
  EXPECT_EQ(upload(whole(), "", "/ingest/one").status, 200);
}

TEST_F(HubTest, RemovingADeviceEndsItsUpload) {
  start();
  whole();
  auto camera = open_upload("accept: application/x-ndjson\r\n");
  camera->send(chunk(flv_header() + part(0, 5)));
  wait_for([this] { return ask("HEAD /live/cam1.flv").status == 200; });
  EXPECT_EQ(ask("DELETE /api/devices/cam1").status, 204);
  EXPECT_THAT(camera->read_until("/problems/"), HasSubstr("/problems/unknown-device"));
}

TEST_F(HubTest, TellsPagesOfChanges) {
  start();
  whole();
  RawClient page(hub_->addresses().plain);
  page.send("GET /api/events?token=" + token({Right::live}, "cam1") + " HTTP/1.1\r\nhost: x\r\n\r\n");
  page.read_until(":\n\n");
  RawClient other(hub_->addresses().plain);
  other.send("GET /api/events?token=" + token({Right::live}, "cam2") + " HTTP/1.1\r\nhost: x\r\n\r\n");
  other.read_until(":\n\n");
  upload(whole());
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
  whole();
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
  const std::string flv = whole();
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
  const std::string flv = whole();
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
  upload(whole(), "content-type: video/x-flv\r\ncamspan-start: 2026-01-01T08:30:00.000Z\r\n");
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
  const std::string flv = whole();
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
