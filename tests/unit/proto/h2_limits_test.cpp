// Peers that mean harm, or are silent: each ends the way Limits says.
#include <gtest/gtest.h>

#include "proto/h2/connection.hpp"
#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Frames;
using test::H2Pair;
using test::H2RawPeer;
using test::TextSource;

TEST(H2LimitsTest, EndsARapidReset) {
  H2RawPeer peer;
  peer.start();
  std::uint32_t id = 1;
  for (; id < 2000 && !peer.go_away(); id += 2) {
    peer.feed(H2Frames().headers(id, H2RawPeer::get(), true).reset(id, 8));
    peer.server->release(StreamId(static_cast<std::int32_t>(id)));
  }
  EXPECT_EQ(peer.go_away(), ErrorCode::internal_error);
  EXPECT_EQ(peer.server->stats().resets_received, 101u);
  EXPECT_EQ(peer.server->stats().floods, 1u);
  EXPECT_TRUE(peer.server->done());
  EXPECT_TRUE(peer.server->terminated());
}

TEST(H2LimitsTest, BearsResetsAtAHumanRate) {
  H2RawPeer peer;
  peer.start();
  for (std::uint32_t id = 1; id < 1600; id += 2) {
    peer.feed(H2Frames().headers(id, H2RawPeer::get(), true).reset(id, 8));
    peer.server->release(StreamId(static_cast<std::int32_t>(id)));
    peer.now += 120ms;
  }
  EXPECT_FALSE(peer.go_away());
}

TEST(H2LimitsTest, EndsAPeerThatProvokesResets) {
  H2RawPeer peer;
  peer.start();
  for (std::uint32_t id = 1; id < 2000 && !peer.go_away(); id += 2)
    peer.feed(H2Frames().headers(id, {{":method", "GET"}}, true));
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
  EXPECT_EQ(peer.server->stats().resets_sent, 201u);
}

TEST(H2LimitsTest, EndsASettingsFlood) {
  H2RawPeer peer;
  peer.start();
  for (int i = 0; i < 9; ++i) peer.feed(H2Frames().settings());
  EXPECT_FALSE(peer.go_away());
  peer.feed(H2Frames().settings());
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
}

TEST(H2LimitsTest, EndsAPingFloodWhoseAnswersAreNotRead) {
  H2RawPeer peer;
  peer.start();
  H2Frames pings;
  for (std::uint64_t i = 0; i < 200; ++i) pings.ping(i);
  EXPECT_FALSE(peer.server->feed(pings.bytes(), peer.now));
  peer.flush();
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
  EXPECT_EQ(peer.server->stats().floods, 1u);
}

TEST(H2LimitsTest, StopsInputWhileAnswersAreNotTaken) {
  H2RawPeer peer;
  peer.limits.max_queued_frames = 50;
  peer.start();
  H2Frames malformed;
  for (std::uint32_t id = 1; id <= 99; id += 2) malformed.headers(id, {{":method", "GET"}}, true);
  ASSERT_TRUE(peer.server->feed(malformed.bytes(), peer.now));
  EXPECT_TRUE(peer.server->accepts_input());
  ASSERT_TRUE(peer.server->feed(H2Frames().headers(101, {{":method", "GET"}}, true).bytes(), peer.now));
  EXPECT_FALSE(peer.server->accepts_input());
  peer.flush();
  EXPECT_TRUE(peer.server->accepts_input());
}

TEST(H2LimitsTest, EndsAFloodOfEmptyFrames) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}, {"content-length", "5"}},
                               false));
  for (int i = 0; i < 10; ++i) peer.feed(H2Frames().data(1, "", false));
  EXPECT_FALSE(peer.go_away());
  peer.feed(H2Frames().data(1, "", false));
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
  EXPECT_EQ(peer.server->stats().empty_frames, 11u);
}

TEST(H2LimitsTest, EndsAContinuationFlood) {
  H2RawPeer peer;
  peer.start();
  const Bytes block = H2Frames::block(H2RawPeer::get());
  H2Frames frames;
  frames.frame(H2Frames::headers_type, H2Frames::kEndStream, 1, block);
  const Bytes field = H2Frames::block({{"a", "b"}});
  for (int i = 0; i < 50; ++i) frames.frame(H2Frames::continuation_type, 0, 1, field);
  peer.feed(frames);
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
  EXPECT_EQ(peer.observer.streams.count(1), 0u);
}

TEST(H2LimitsTest, EndsAWindowUpdateFlood) {
  H2RawPeer peer;
  peer.start();
  H2Frames updates;
  for (int i = 0; i < 1001; ++i) updates.window_update(0, 1);
  peer.feed(updates);
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
}

TEST(H2LimitsTest, EndsAFrameWithTooManySettings) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().settings(std::vector<std::pair<std::uint16_t, std::uint32_t>>(33, {0x7, 1})));
  EXPECT_TRUE(peer.go_away());
  EXPECT_NE(*peer.go_away(), ErrorCode::no_error);
}

TEST(H2LimitsTest, ResetsAStreamWhosePeerKeepsTheWindowShut) {
  H2RawPeer peer;
  peer.start({{0x4, 10}});
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  TextSource body("more than ten bytes");
  ASSERT_TRUE(peer.server->submit_response(StreamId(1), 200, {}, &body));
  peer.flush();
  EXPECT_EQ(body.given(), 10u);
  for (int i = 0; i < 29; ++i) {
    peer.feed(H2Frames().ping(1));
    peer.advance(1s);
  }
  EXPECT_FALSE(peer.reset_of(1));
  for (int i = 0; i < 11; ++i) {
    peer.feed(H2Frames().ping(1));
    peer.advance(1s);
  }
  EXPECT_EQ(peer.reset_of(1), ErrorCode::cancel);
  EXPECT_EQ(peer.observer.streams[1].closed, ErrorCode::cancel);
  EXPECT_EQ(peer.server->stats().stalled_streams, 1u);
  EXPECT_FALSE(peer.go_away());
}

TEST(H2LimitsTest, KeepsAStreamThatHasNothingToSend) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  TextSource body("live", false);
  ASSERT_TRUE(peer.server->submit_response(StreamId(1), 200, {}, &body));
  peer.flush();
  for (int i = 0; i < 600; ++i) {
    peer.feed(H2Frames().ping(1));
    peer.advance(1s);
  }
  EXPECT_FALSE(peer.reset_of(1));
}

TEST(H2LimitsTest, EndsAPeerThatDoesNotAcknowledgeItsSettings) {
  H2RawPeer peer;
  peer.server = Connection::create_server(Settings::server(), peer.limits, peer.observer, peer.now).value();
  peer.observer.connection = peer.server.get();
  peer.feed(H2Frames().preface().settings());
  peer.advance(39s);
  EXPECT_FALSE(peer.go_away());
  peer.advance(1s);
  EXPECT_EQ(peer.go_away(), ErrorCode::settings_timeout);
  EXPECT_TRUE(peer.server->timed_out());
  EXPECT_TRUE(peer.server->done());
}

TEST(H2LimitsTest, EndsAPeerThatSaysNothingAtFirst) {
  H2RawPeer peer;
  peer.server = Connection::create_server(Settings::server(), peer.limits, peer.observer, peer.now).value();
  EXPECT_EQ(peer.server->next_timeout(), peer.now + 10s);
  peer.advance(10s);
  EXPECT_TRUE(peer.go_away());
  EXPECT_TRUE(peer.server->timed_out());
  EXPECT_EQ(peer.server->next_timeout(), std::nullopt);
}

TEST(H2LimitsTest, EndsAPeerThatNeverCompletesAHead) {
  H2RawPeer peer;
  peer.start();
  const Bytes block = H2Frames::block(H2RawPeer::get());
  peer.feed(H2Frames().frame(H2Frames::headers_type, H2Frames::kEndStream, 1, block));
  peer.advance(9s);
  EXPECT_FALSE(peer.go_away());
  peer.advance(1s);
  EXPECT_TRUE(peer.go_away());
}

TEST(H2LimitsTest, EndsAPeerThatDoesNotAnswerPings) {
  H2RawPeer peer;
  peer.start();
  peer.advance(30s);
  EXPECT_EQ(peer.count(H2Frames::ping_type), 1u);
  peer.advance(39s);
  EXPECT_FALSE(peer.go_away());
  peer.advance(1s);
  EXPECT_TRUE(peer.go_away());
  EXPECT_TRUE(peer.server->timed_out());
}

TEST(H2LimitsTest, DoesNotTimeAPeerOutWhileItsBodyWaitsUnread) {
  H2RawPeer peer;
  peer.limits.max_unread_body_bytes = 10;
  peer.observer.consume = false;
  peer.start();
  peer.feed(H2Frames()
                .headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}}, false)
                .data(1, "eleven byte", false));
  EXPECT_FALSE(peer.server->accepts_input());
  for (int i = 0; i < 600; ++i) peer.advance(1s);
  EXPECT_FALSE(peer.go_away());
  peer.server->consume(StreamId(1), 11);
  for (int i = 0; i < 75; ++i) peer.advance(1s);
  EXPECT_TRUE(peer.go_away());
}

}  // namespace
}  // namespace camspan::h2
