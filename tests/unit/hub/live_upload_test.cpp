#include "hub/live_upload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "fake_exchange.hpp"
#include "fake_recorder.hpp"
#include "hub/clock.hpp"
#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kStream = "0e984725-c51c-4bf4-9960-e1c80e27aba0";

class LiveUploadTest : public testing::Test {
 protected:
  /// One body under way.
  struct Body {
    Body(asio::io_context& io, UploadServices& services, IngestRequest request)
        : peer(io.get_executor()),
          exchange(peer, {}),
          upload(std::make_shared<LiveUpload>(services, exchange, DeviceId::parse("cam1").value(), std::move(request),
                                              io.get_executor())) {
      asio::co_spawn(io, upload->run({}), [this](std::exception_ptr error) {
        over = true;
        EXPECT_FALSE(error);
      });
    }
    std::vector<json> lines() const {
      std::vector<json> lines;
      std::istringstream text(peer.answer);
      for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
      return lines;
    }
    test::FakePeer peer;
    test::FakeExchange exchange;
    std::shared_ptr<LiveUpload> upload;
    bool over = false;
  };

  LiveUploadTest() {
    tags_ = {maker_.metadata(), maker_.avc_config(), maker_.key(0),
             maker_.delta(40),  maker_.delta(80),    maker_.key(120)};
  }
  ~LiveUploadTest() override {
    for (const auto& body : bodies_) body->peer.abort();
    io_.poll();
  }

  static IngestRequest request(std::uint64_t first = 0, bool acknowledge = false) {
    IngestRequest request;
    request.body = IngestRequest::Body::live;
    request.stream = kStream;
    request.first = first;
    request.acknowledge = acknowledge;
    return request;
  }
  Body& begin(const IngestRequest& request) {
    bodies_.push_back(std::make_unique<Body>(io_, services_, request));
    io_.poll();
    return *bodies_.back();
  }
  void send(Body& body, std::string bytes) {
    body.peer.send(std::move(bytes));
    io_.poll();
  }
  std::string flv(std::size_t from, std::size_t to) {
    return std::string(as_text(test::flv_file(std::span(tags_).subspan(from, to - from))));
  }
  /// File header, the two head tags again, then tags from `from` on.
  std::string flv_again(std::size_t from, std::size_t to) {
    std::vector<Bytes> tags{tags_[0], tags_[1]};
    tags.insert(tags.end(), tags_.begin() + static_cast<std::ptrdiff_t>(from),
                tags_.begin() + static_cast<std::ptrdiff_t>(to));
    return std::string(as_text(test::flv_file(tags)));
  }
  LiveStream* live() { return live_.find(DeviceId::parse("cam1").value(), 0); }
  const DeviceStatus& status() { return board_.of(DeviceId::parse("cam1").value()); }

  test::TempFolder folder_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  test::FlvMaker maker_;
  std::vector<Bytes> tags_;
  test::FakeRecorder recorder_;
  std::unique_ptr<SqliteIndex> index_ = SqliteIndex::open(folder_.file("hub.sqlite"), [](const auto&) {}).value();
  LiveDirectory live_{{}};
  StatusBoard board_{utc_now};
  StorageHealth health_;
  Uploads uploads_;
  UploadServices services_{recorder_, *index_, live_, board_, health_, uploads_, true};
  std::vector<std::unique_ptr<Body>> bodies_;
};

TEST_F(LiveUploadTest, AnswersAtTheEndWithWhatWasStored) {
  Body& body = begin(request());
  const std::string bytes = flv(0, 6);
  send(body, bytes.substr(0, 700));
  EXPECT_TRUE(status().live());
  send(body, bytes.substr(700));
  EXPECT_EQ(body.peer.status, 0);
  send(body, "");
  EXPECT_TRUE(body.over);
  EXPECT_EQ(body.peer.status, 200);
  EXPECT_EQ(json::parse(body.peer.answer),
            (json{{"stream", kStream}, {"tags", 6}, {"bytes", bytes.size()}, {"committed", 6}}));
  EXPECT_THAT(recorder_.streams[kStream].numbers, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_FALSE(status().online());
  EXPECT_EQ(status().video->codec, "h264");
  EXPECT_TRUE(uploads_.empty());
}

TEST_F(LiveUploadTest, AcknowledgesWhileItRuns) {
  Body& body = begin(request(0, true));
  EXPECT_EQ(body.peer.status, 200);
  EXPECT_EQ(body.peer.headers.find("content-type"), "application/x-ndjson");
  EXPECT_EQ(body.lines().at(0), (json{{"committed", 0}}));
  send(body, flv(0, 4));
  recorder_.commit(kStream);
  io_.run_for(std::chrono::milliseconds(400));
  EXPECT_EQ(body.lines().back(), (json{{"committed", 4}}));
  send(body, "");
  EXPECT_EQ(body.lines().back()["committed"], 4);
  EXPECT_EQ(body.lines().back()["tags"], 4);
  EXPECT_TRUE(body.peer.finished);
}

TEST_F(LiveUploadTest, GoesOnWhereAnEarlierBodyEndedWithoutCountingTheHeadAgain) {
  Body& first = begin(request());
  send(first, flv(0, 3));
  first.peer.abort();
  io_.poll();
  EXPECT_TRUE(first.over);
  // The index is what the route asks for the gap; the fake recorder writes none.
  recordings::Segment segment;
  segment.name = {"cam1", 0, kStream};
  segment.path = "cam1/a.flv";
  segment.end = 3;
  index_->put(segment, true);

  Body& second = begin(request(3));
  send(second, flv_again(3, 6));
  send(second, "");
  EXPECT_EQ(second.peer.status, 200);
  EXPECT_EQ(json::parse(second.peer.answer)["tags"], 3);
  EXPECT_EQ(json::parse(second.peer.answer)["committed"], 6);
  EXPECT_THAT(recorder_.streams[kStream].numbers, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(recorder_.streams[kStream].begin.head.size(), 2u);
}

TEST_F(LiveUploadTest, SkipsTagsThatAreStoredAlready) {
  Body& first = begin(request());
  send(first, flv(0, 4));
  send(first, "");
  Body& second = begin(request());
  send(second, flv(0, 6));
  send(second, "");
  EXPECT_EQ(json::parse(second.peer.answer)["tags"], 6);
  EXPECT_EQ(json::parse(second.peer.answer)["committed"], 6);
  EXPECT_THAT(recorder_.streams[kStream].numbers, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(LiveUploadTest, RefusesAGapAndSaysWhatItExpects) {
  Body& body = begin(request(7));
  EXPECT_TRUE(body.over);
  EXPECT_EQ(body.peer.status, 409);
  EXPECT_EQ(body.peer.headers.find("camspan-problem"), "gap");
  EXPECT_EQ(json::parse(body.peer.answer)["expected"], 0);
  EXPECT_FALSE(status().online());
}

TEST_F(LiveUploadTest, NewerRequestTakesTheStreamOver) {
  Body& first = begin(request(0, true));
  send(first, flv(0, 3));
  Body& second = begin(request());
  EXPECT_TRUE(first.over);
  EXPECT_TRUE(first.peer.aborted);
  EXPECT_EQ(recorder_.streams[kStream].stored, 3u);
  send(second, flv(0, 6));
  EXPECT_TRUE(status().live());
  EXPECT_EQ(status().uploads, 1u);
  send(second, "");
  EXPECT_THAT(recorder_.streams[kStream].numbers, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(LiveUploadTest, KeepsWholeTagsOfABodyThatBreaksOff) {
  Body& body = begin(request());
  const std::string bytes = flv(0, 6);
  send(body, bytes.substr(0, bytes.size() - 10));
  body.peer.abort();
  io_.poll();
  EXPECT_TRUE(body.over);
  EXPECT_EQ(recorder_.streams[kStream].stored, 5u);
  EXPECT_FALSE(recorder_.streams[kStream].open);
}

TEST_F(LiveUploadTest, NamesWhatIsWrongWithTheBytes) {
  Body& text = begin(request());
  send(text, "this is no FLV at all");
  EXPECT_EQ(text.peer.status, 415);
  EXPECT_EQ(text.peer.headers.find("camspan-problem"), "not-flv");

  IngestRequest other = request();
  other.stream = "";
  Body& broken = begin(other);
  std::string bytes = flv(0, 4);
  bytes += std::string("\x09\x00\x00\x01", 4) + std::string(20, '\xff');
  send(broken, bytes);
  EXPECT_EQ(broken.peer.status, 400);
  EXPECT_EQ(broken.peer.headers.find("camspan-problem"), "malformed-flv");
  EXPECT_EQ(json::parse(broken.peer.answer)["committed"], 4);

  Body& large = begin(other);
  send(large, flv(0, 4) + std::string("\x09\xff\xff\xff", 4) + std::string(100, '\0'));
  EXPECT_EQ(large.peer.headers.find("camspan-problem"), "tag-too-large");
}

TEST_F(LiveUploadTest, ProblemInTheMiddleOfAcknowledgementsIsTheLastLine) {
  Body& body = begin(request(0, true));
  send(body, flv(0, 3) + std::string(30, '\xff'));
  EXPECT_EQ(body.lines().back()["type"], "/problems/malformed-flv");
  EXPECT_EQ(body.lines().back()["committed"], 3);
  EXPECT_TRUE(body.peer.finished);
}

TEST_F(LiveUploadTest, EmptyBodyIsNoProblem) {
  Body& body = begin(request());
  send(body, "");
  EXPECT_EQ(body.peer.status, 200);
  EXPECT_EQ(json::parse(body.peer.answer)["tags"], 0);
}

TEST_F(LiveUploadTest, StopsReadingWhileTheDiskIsBehind) {
  Body& body = begin(request());
  send(body, flv(0, 3));
  recorder_.streams[kStream].pending = LiveUpload::kMaxPendingBytes + 1;
  body.peer.send(std::string(as_text(tags_[3])));
  body.peer.send(std::string(as_text(tags_[4])));
  io_.poll();
  EXPECT_EQ(body.peer.body.size(), 1u) << "the piece that was asked for before is taken, the next one is not";
  recorder_.streams[kStream].pending = 0;
  recorder_.commit(kStream);
  io_.poll();
  EXPECT_TRUE(body.peer.body.empty());
}

TEST_F(LiveUploadTest, LiveGoesOnWhenTheDiskIsFull) {
  Body& body = begin(request(0, true));
  send(body, flv(0, 3));
  recorder_.fail_storing(kStream, Errc::no_space);
  io_.poll();
  EXPECT_EQ(health_.state(), StorageHealth::State::disk_full);
  send(body, std::string(as_text(tags_[3])));
  EXPECT_FALSE(body.over);
  EXPECT_TRUE(live()->live());
  EXPECT_THAT(recorder_.streams[kStream].numbers, ElementsAre(0, 1, 2));
  // A body that begins meanwhile is shown too, without asking the recorder.
  const std::size_t asked = recorder_.begun.size();
  IngestRequest other = request();
  other.stream = "11111111-c51c-4bf4-9960-e1c80e27aba0";
  Body& later = begin(other);
  send(later, flv(0, 4));
  EXPECT_EQ(recorder_.begun.size(), asked);
  EXPECT_EQ(status().uploads, 2u);
}

TEST_F(LiveUploadTest, SenderThatListensIsAskedToSendAgainWhenStoringWorks) {
  Body& body = begin(request(0, true));
  send(body, flv(0, 3));
  recorder_.fail_storing(kStream, Errc::no_space);
  io_.poll();
  health_.recovered();
  uploads_.storage_back();
  io_.poll();
  EXPECT_TRUE(body.over);
  EXPECT_EQ(body.lines().back()["type"], "/problems/storage-restored");
  EXPECT_EQ(body.lines().back()["committed"], 0);
}

TEST_F(LiveUploadTest, SenderThatDoesNotListenIsRecordedAnewFromTheNextKeyFrame) {
  Body& body = begin(request());
  send(body, flv(0, 3));
  recorder_.fail_storing(kStream, Errc::no_space);
  io_.poll();
  send(body, std::string(as_text(tags_[3])));
  health_.recovered();
  uploads_.storage_back();
  send(body, std::string(as_text(tags_[4])));
  EXPECT_EQ(recorder_.begun.size(), 1u);
  send(body, std::string(as_text(tags_[5])));
  ASSERT_EQ(recorder_.begun.size(), 2u);
  const auto& anew = recorder_.streams[recorder_.begun[1]];
  EXPECT_NE(recorder_.begun[1], kStream);
  EXPECT_EQ(anew.begin.head.size(), 2u);
  EXPECT_THAT(anew.numbers, ElementsAre(0));
  recorder_.commit(recorder_.begun[1]);
  io_.poll();
  send(body, "");
  EXPECT_EQ(json::parse(body.peer.answer)["committed"], 0) << "what was lost of the stream is not said to be stored";
}

TEST_F(LiveUploadTest, RefusingToBeginIsAFullDiskToo) {
  recorder_.refuse = Errc::no_space;
  Body& body = begin(request());
  send(body, flv(0, 3));
  EXPECT_FALSE(body.over);
  EXPECT_EQ(health_.state(), StorageHealth::State::disk_full);
  send(body, "");
  EXPECT_EQ(body.peer.status, 200);
  EXPECT_EQ(json::parse(body.peer.answer)["committed"], 0);
}

TEST_F(LiveUploadTest, WithoutRecordingReceivedIsCommitted) {
  services_.record = false;
  Body& first = begin(request());
  send(first, flv(0, 4));
  send(first, "");
  EXPECT_EQ(json::parse(first.peer.answer)["committed"], 4);
  Body& gap = begin(request(5));
  EXPECT_EQ(json::parse(gap.peer.answer)["expected"], 4);
  Body& second = begin(request(4));
  send(second, flv_again(4, 6));
  send(second, "");
  EXPECT_EQ(json::parse(second.peer.answer)["committed"], 6);
  EXPECT_TRUE(recorder_.begun.empty());
}

TEST_F(LiveUploadTest, SilentSenderIsEnded) {
  Body& body = begin(request());
  send(body, flv(0, 3));
  uploads_.end_idle(steady_now() + std::chrono::seconds(59), std::chrono::seconds(60));
  EXPECT_EQ(body.peer.status, 0);
  uploads_.end_idle(steady_now() + std::chrono::seconds(61), std::chrono::seconds(60));
  io_.poll();
  EXPECT_TRUE(body.over);
  EXPECT_EQ(body.peer.status, 408);
  EXPECT_EQ(recorder_.streams[kStream].stored, 3u);
}

TEST_F(LiveUploadTest, KeepsTheChannelAndWhatTheSenderSaysOfTheStream) {
  IngestRequest with = request();
  with.channel = 2;
  with.meta = R"({"a":1})";
  with.start = UtcTime(std::chrono::seconds(1'800'000'000));
  Body& body = begin(with);
  send(body, flv(0, 3));
  EXPECT_EQ(recorder_.streams[kStream].begin.name.channel, 2u);
  EXPECT_EQ(recorder_.streams[kStream].begin.start, with.start);
  EXPECT_EQ(live(), nullptr);
  const auto reader = IndexReader::open(folder_.file("hub.sqlite")).value();
  EXPECT_EQ(reader->metas(DeviceId::parse("cam1").value(), 2)->size(), 1u);
}

TEST_F(LiveUploadTest, WhatWasSpooledDoesNotTakeThePlaceOfWhatIsLive) {
  IngestRequest spooled = request();
  spooled.stream = "1e984725-c51c-4bf4-9960-e1c80e27aba0";
  spooled.spooled = true;
  send(begin(spooled), flv(0, 3));
  EXPECT_TRUE(live()->live());
  flv::Viewer of_spooled([] {}, [] {});
  live()->join(of_spooled);
  send(begin(request()), flv(0, 3));
  EXPECT_TRUE(of_spooled.finished());

  flv::Viewer of_live([] {}, [] {});
  live()->join(of_live);
  spooled.stream = "2e984725-c51c-4bf4-9960-e1c80e27aba0";
  spooled.start = utc_now() + std::chrono::hours(1);  // the clock was set back since
  send(begin(spooled), flv(0, 3));
  EXPECT_FALSE(of_live.finished());
  EXPECT_EQ(recorder_.streams[spooled.stream].begin.start, spooled.start);
  EXPECT_THAT(recorder_.streams[spooled.stream].numbers, ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace camspan::hub
