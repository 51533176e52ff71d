/// A whole hub in this process, talked to over loopback: what is uploaded, and how it is given back.
#include "hub/hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub_under_requests.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::RawClient;
using testing::HasSubstr;

constexpr const char* kStream = "0e984725-c51c-4bf4-9960-e1c80e27aba0";

class HubUploadsTest : public HubUnderRequests {};

TEST_F(HubUploadsTest, GivesBackWhatWasUploaded) {
  start();
  const std::string flv = film();
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

TEST_F(HubUploadsTest, SaysWhereSomethingIsWhenNothingIsThere) {
  start();
  upload(film(), "content-type: video/x-flv\r\ncamspan-start: 2026-11-21T08:30:00.000Z\r\n");
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

TEST_F(HubUploadsTest, AnUploadThatBreaksOffGoesOnWithoutLossOrRepetition) {
  start();
  const std::string flv = film();
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

TEST_F(HubUploadsTest, GoesOnAtMetadataWithoutTakingItForTheRepeatedHead) {
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

TEST_F(HubUploadsTest, TellsTheExpectedTagOfAGap) {
  start();
  const std::string flv = film();
  const std::string name = std::string("content-type: video/x-flv\r\ncamspan-stream: ") + kStream + "\r\n";
  upload(flv, name);
  const auto gap = upload(flv, name + "camspan-first: 9999\r\n");
  EXPECT_EQ(gap.status, 409);
  EXPECT_EQ(gap.as_json()["expected"], tags_.size());
}

TEST_F(HubUploadsTest, TypeAndFirstBytesDecideWhatIsStored) {
  start();
  const std::string flv = film();
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

TEST_F(HubUploadsTest, AFileOverTheLimitOrBrokenOffLeavesNothing) {
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
  EXPECT_EQ(upload(film()).status, 200);
}

TEST_F(HubUploadsTest, AcknowledgesFilesInBytes) {
  start();
  const auto answer = upload("0123456789", "content-type: a/b\r\naccept: application/x-ndjson\r\ncamspan-name: x\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-type"), "application/x-ndjson");
  EXPECT_THAT(answer.body, HasSubstr("\"committed\":10"));
}

}  // namespace
}  // namespace camspan::hub
