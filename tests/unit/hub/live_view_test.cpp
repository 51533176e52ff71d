#include <gtest/gtest.h>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include "fake_exchange.hpp"
#include "hub/clock.hpp"
#include "hub/live_route.hpp"
#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::tag_unit;

constexpr UtcTime kStart{milliseconds(1'800'000'000'000)};

class LiveViewTest : public testing::Test {
 protected:
  LiveViewTest() {
    stream_.open("a", kStart);
    push(maker_.metadata());
    push(maker_.avc_config());
    push(maker_.key(0));
    push(maker_.delta(40));
  }
  ~LiveViewTest() override {
    stream_.end_viewers();
    peer_.abort();
    io_.poll();
  }

  static flv::FanOut::Limits limits() {
    flv::FanOut::Limits limits;
    limits.max_bytes = 100'000;
    return limits;
  }
  void push(Bytes tag) {
    stream_.push("a", next_++, tag_unit(std::move(tag)), steady_now());
    io_.poll();
  }
  void view(asio::awaitable<ViewSummary> work) {
    asio::co_spawn(io_, std::move(work), [this](std::exception_ptr error, ViewSummary summary) {
      over_ = true;
      summary_ = summary;
      EXPECT_FALSE(error);
    });
    io_.poll();
  }
  std::vector<SharedUnit> received() const { return test::parse_flv(as_bytes(peer_.answer)); }
  /// The payload of one unmasked binary message.
  static std::string message(std::string_view frame) {
    EXPECT_EQ(static_cast<unsigned char>(frame.at(0)), 0x82);
    const auto length = static_cast<unsigned char>(frame.at(1));
    const std::size_t head = length == 127 ? 10 : length == 126 ? 4 : 2;
    return std::string(frame.substr(head));
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  test::FlvMaker maker_;
  LiveStream stream_{limits()};
  std::uint64_t next_ = 0;
  net::WriteRounds rounds_{io_.get_executor()};
  test::FakePeer peer_{io_.get_executor()};
  test::FakeExchange exchange_{peer_, {}};
  bool over_ = false;
  ViewSummary summary_;
};

TEST_F(LiveViewTest, SendsAWholeFlvFromTheKeyFrameOn) {
  view(view_by_http(exchange_, stream_, rounds_));
  push(maker_.delta(80));
  EXPECT_EQ(peer_.status, 200);
  EXPECT_EQ(peer_.headers.find("content-type"), "video/x-flv");
  const auto units = received();
  ASSERT_EQ(units.size(), 5u);
  EXPECT_EQ(units[2]->kind, UnitKind::key);
  EXPECT_EQ(peer_.writes.size(), 2u) << "what is there goes out in one write";
  EXPECT_FALSE(over_);
}

TEST_F(LiveViewTest, EndsInOrderWithItsStream) {
  view(view_by_http(exchange_, stream_, rounds_));
  stream_.end_viewers();
  io_.poll();
  EXPECT_TRUE(peer_.finished);
  EXPECT_FALSE(peer_.aborted);
  EXPECT_TRUE(over_);
  EXPECT_EQ(stream_.viewers(), 0u);
}

TEST_F(LiveViewTest, JoinsTagsThatWait) {
  view(view_by_http(exchange_, stream_, rounds_));
  peer_.stall(true);
  push(maker_.delta(80));
  for (std::uint32_t i = 3; i < 13; ++i) push(maker_.delta(i * 40));
  const std::size_t before = peer_.writes.size();
  peer_.stall(false);
  io_.poll();
  EXPECT_EQ(peer_.writes.size() - before, 2u);
  EXPECT_EQ(received().size(), 15u);
}

/// What goes out by the loop that serves all viewers; by HTTP and by WebSocket.
class LiveViewInTurnsTest : public LiveViewTest, public testing::WithParamInterface<bool> {
 protected:
  LiveViewInTurnsTest() {
    view(GetParam() ? view_by_websocket(exchange_, stream_, rounds_) : view_by_http(exchange_, stream_, rounds_));
    peer_.writes.clear();
    peer_.answer.clear();
  }
  void push_together(std::initializer_list<Bytes> tags) {
    for (const Bytes& tag : tags) stream_.push("a", next_++, tag_unit(tag), steady_now());
    io_.poll();
  }
  /// Of the tags, as this viewer gets them.
  std::string wire(std::initializer_list<Bytes> tags) const {
    std::string bytes;
    for (const Bytes& tag : tags) {
      const auto piece = frame(tag_unit(tag));
      if (GetParam()) bytes += as_text(piece->prefix);
      bytes += as_text(piece->unit->bytes);
    }
    return bytes;
  }
};

TEST_P(LiveViewInTurnsTest, WhatComesTogetherGoesOutInOneWrite) {
  peer_.room = 1 << 20;
  const Bytes first = maker_.delta(80);
  const Bytes second = maker_.audio(85);
  push_together({first, second});
  EXPECT_EQ(peer_.writes, std::vector{wire({first, second})});
  push_together({maker_.delta(120)});
  EXPECT_EQ(peer_.writes.size(), 2u);
}

TEST_P(LiveViewInTurnsTest, TheRestFollowsBeforeAnythingElse) {
  const Bytes first = maker_.delta(80);
  const Bytes second = maker_.audio(85);
  const Bytes third = maker_.delta(120);
  peer_.room = wire({first}).size() + 3;
  push_together({first, second});
  push_together({third});
  EXPECT_GE(peer_.writes.size(), 3u);
  EXPECT_EQ(peer_.answer, wire({first, second, third}));
}

TEST_P(LiveViewInTurnsTest, WhatAFullSocketDidNotTakeIsSentLater) {
  const Bytes first = maker_.delta(80);
  const Bytes second = maker_.delta(120);
  push_together({first});
  peer_.room = 1 << 20;
  push_together({second});
  EXPECT_EQ(peer_.answer, wire({first, second}));
}

TEST_P(LiveViewInTurnsTest, AStreamThatEndsWithARestToSendIsWhole) {
  const Bytes tag = maker_.delta(80);
  peer_.room = 5;
  stream_.push("a", next_++, tag_unit(tag), steady_now());
  stream_.end_viewers();
  io_.poll();
  EXPECT_EQ(peer_.answer, wire({tag}));
  EXPECT_TRUE(over_);
  EXPECT_EQ(GetParam() ? peer_.close_code == 1000 : peer_.finished, true);
}

TEST_P(LiveViewInTurnsTest, AViewerThatHasGoneGetsNoTurn) {
  peer_.room = 1 << 20;
  stream_.push("a", next_++, tag_unit(maker_.delta(80)), steady_now());  // its turn is due
  peer_.abort();
  io_.poll();
  push_together({maker_.delta(120)});
  EXPECT_TRUE(over_);
  EXPECT_EQ(peer_.answer, "");
}

INSTANTIATE_TEST_SUITE_P(Ways, LiveViewInTurnsTest, testing::Bool(),
                         [](const auto& way) { return way.param ? "WebSocket" : "Http"; });

TEST_F(LiveViewTest, SlowViewerGetsWholeTagsAndGoesOnAtAKeyFrame) {
  view(view_by_http(exchange_, stream_, rounds_));
  peer_.stall(true);
  std::uint32_t time = 80;
  for (int i = 0; i < 300; ++i, time += 40) push(i % 50 == 49 ? maker_.key(time, 3000) : maker_.delta(time, 3000));
  peer_.stall(false);
  io_.poll();
  const auto units = received();
  EXPECT_LT(units.size(), 200u);
  // After the hole comes a key frame.
  std::uint32_t last = 0;
  for (const SharedUnit& unit : units) {
    const auto info = flv::inspect(unit->bytes).value();
    if (info.timestamp_ms > last + 40) {
      EXPECT_EQ(unit->kind, UnitKind::key);
    }
    last = info.timestamp_ms;
  }
  EXPECT_GT(last, 10'000u);
  stream_.end_viewers();
  io_.poll();
  EXPECT_EQ(summary_.skipped_tags, 304 - units.size());
  EXPECT_FALSE(summary_.dropped);
}

TEST_F(LiveViewTest, ViewerThatTakesNothingIsDropped) {
  view(view_by_http(exchange_, stream_, rounds_));
  peer_.stall(true);
  push(maker_.delta(80));
  stream_.tick(steady_now() + seconds(11));
  io_.poll();
  EXPECT_TRUE(peer_.aborted);
  EXPECT_TRUE(over_);
  EXPECT_TRUE(summary_.dropped);
}

TEST_F(LiveViewTest, ViewerThatGoesLeavesItsSeat) {
  view(view_by_http(exchange_, stream_, rounds_));
  EXPECT_EQ(stream_.viewers(), 1u);
  peer_.abort();
  push(maker_.delta(80));
  EXPECT_TRUE(over_);
  EXPECT_EQ(stream_.viewers(), 0u);
}

TEST_F(LiveViewTest, FirstMessageHasHeaderAndConfigurationEachFurtherOneWholeTags) {
  view(view_by_websocket(exchange_, stream_, rounds_));
  push(maker_.delta(80));
  push(maker_.audio(85));
  ASSERT_GE(peer_.writes.size(), 3u);
  // The opening went out as one write of three messages: head, key, delta.
  const std::string opening = message(peer_.writes[0]);
  EXPECT_TRUE(opening.starts_with("FLV"));
  const std::string last = message(peer_.writes.back());
  const auto info = flv::inspect(as_bytes(last));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->timestamp_ms, 85u);
  EXPECT_EQ(last.size(), flv::tag_bytes(info->data_bytes));
}

TEST_F(LiveViewTest, EveryMessageOfTheOpeningIsWholeTags) {
  view(view_by_websocket(exchange_, stream_, rounds_));
  std::string_view rest = peer_.writes.at(0);
  std::string flv;
  int messages = 0;
  while (!rest.empty()) {
    ASSERT_EQ(static_cast<unsigned char>(rest[0]), 0x82);
    std::size_t size = static_cast<unsigned char>(rest[1]);
    std::size_t head = 2;
    if (size == 126) {
      size = static_cast<std::size_t>(load_be<2>(as_bytes(rest).data() + 2));
      head = 4;
    }
    const std::string_view payload = rest.substr(head, size);
    flv += payload;
    EXPECT_NO_THROW(test::parse_flv(as_bytes(flv))) << "a message ends inside a tag";
    rest.remove_prefix(head + size);
    ++messages;
  }
  EXPECT_EQ(messages, 3);
  EXPECT_EQ(test::parse_flv(as_bytes(flv)).size(), 4u);
}

TEST_F(LiveViewTest, ClosesTheSocketWhenTheStreamEnds) {
  view(view_by_websocket(exchange_, stream_, rounds_));
  stream_.end_viewers();
  io_.poll();
  EXPECT_EQ(peer_.close_code, 1000);
  EXPECT_TRUE(over_);
}

TEST_F(LiveViewTest, ViewerThatClosesItsSocketLeavesAtOnce) {
  view(view_by_websocket(exchange_, stream_, rounds_));
  peer_.stall(true);
  push(maker_.delta(80));
  peer_.close();
  io_.poll();
  EXPECT_TRUE(over_);
  EXPECT_EQ(stream_.viewers(), 0u);
}

}  // namespace
}  // namespace camspan::hub
