// Peers that mean harm, or are silent: each ends the way Limits says.
#include <gtest/gtest.h>
#include <malloc.h>
#include <functional>

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
    peer.ours->release(StreamId(static_cast<std::int32_t>(id)));
  }
  EXPECT_EQ(peer.go_away(), ErrorCode::internal_error);
  EXPECT_EQ(peer.ours->stats().resets_received, 101u);
  EXPECT_EQ(peer.ours->stats().of(Limit::rapid_reset), 1u);
  EXPECT_EQ(peer.ours->passed_limit(), Limit::rapid_reset);
  EXPECT_TRUE(peer.ours->done());
  EXPECT_TRUE(peer.ours->terminated());
}

TEST(H2LimitsTest, BearsResetsAtAHumanRate) {
  H2RawPeer peer;
  peer.start();
  for (std::uint32_t id = 1; id < 1600; id += 2) {
    peer.feed(H2Frames().headers(id, H2RawPeer::get(), true).reset(id, 8));
    peer.ours->release(StreamId(static_cast<std::int32_t>(id)));
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
  EXPECT_EQ(peer.ours->stats().resets_sent, 201u);
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
  EXPECT_FALSE(peer.ours->feed(pings.bytes(), peer.now));
  peer.flush();
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
  EXPECT_EQ(peer.ours->passed_limit(), Limit::queued_acks);
}

TEST(H2LimitsTest, StopsInputWhileAnswersAreNotTaken) {
  H2RawPeer peer;
  peer.limits.max_queued_frames = 50;
  peer.start();
  H2Frames malformed;
  for (std::uint32_t id = 1; id <= 99; id += 2) malformed.headers(id, {{":method", "GET"}}, true);
  ASSERT_TRUE(peer.ours->feed(malformed.bytes(), peer.now));
  EXPECT_TRUE(peer.ours->accepts_input());
  ASSERT_TRUE(peer.ours->feed(H2Frames().headers(101, {{":method", "GET"}}, true).bytes(), peer.now));
  EXPECT_FALSE(peer.ours->accepts_input());
  peer.flush();
  EXPECT_TRUE(peer.ours->accepts_input());
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
  EXPECT_EQ(peer.ours->passed_limit(), Limit::empty_frames);
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

TEST(H2LimitsTest, CountsContinuationFramesNotThePiecesInWhichTheyCome) {
  H2RawPeer peer;
  peer.start();
  const Bytes block = H2Frames::block(H2RawPeer::get());
  const Bytes field = H2Frames::block({{"a", "b"}});
  H2Frames frames;
  frames.frame(H2Frames::headers_type, H2Frames::kEndStream, 1, block);
  for (int i = 0; i < 7; ++i) frames.frame(H2Frames::continuation_type, 0, 1, field);
  frames.frame(H2Frames::continuation_type, H2Frames::kEndHeaders, 1, field);
  for (const std::byte& byte : frames.bytes()) ASSERT_TRUE(peer.ours->feed(ByteView(&byte, 1), peer.now));
  EXPECT_TRUE(peer.observer.streams[1].head);
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
  EXPECT_EQ(peer.go_away(), ErrorCode::enhance_your_calm);
  EXPECT_EQ(peer.ours->passed_limit(), Limit::settings_entries);
}

TEST(H2LimitsTest, ResetsAStreamWhosePeerKeepsTheWindowShut) {
  H2RawPeer peer;
  peer.start({{0x4, 10}});
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  TextSource body("more than ten bytes");
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, &body));
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
  EXPECT_EQ(peer.ours->stats().of(Limit::window_stall), 1u);
  EXPECT_FALSE(peer.go_away());
}

TEST(H2LimitsTest, KeepsAStreamThatHasNothingToSend) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  TextSource body("live", false);
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, &body));
  peer.flush();
  for (int i = 0; i < 600; ++i) {
    peer.feed(H2Frames().ping(1));
    peer.advance(1s);
  }
  EXPECT_FALSE(peer.reset_of(1));
}

TEST(H2LimitsTest, EndsAPeerThatDoesNotAcknowledgeItsSettings) {
  H2RawPeer peer;
  peer.start_server(Settings::server());
  peer.feed(H2Frames().preface().settings());
  peer.advance(39s);
  EXPECT_FALSE(peer.go_away());
  peer.advance(1s);
  EXPECT_EQ(peer.go_away(), ErrorCode::settings_timeout);
  EXPECT_TRUE(peer.ours->timed_out());
  EXPECT_TRUE(peer.ours->done());
}

TEST(H2LimitsTest, EndsAPeerThatSaysNothingAtFirst) {
  H2RawPeer peer;
  peer.start_server(Settings::server());
  EXPECT_EQ(peer.ours->next_timeout(), peer.now + 10s);
  peer.advance(10s);
  EXPECT_TRUE(peer.go_away());
  EXPECT_TRUE(peer.ours->timed_out());
  EXPECT_EQ(peer.ours->next_timeout(), std::nullopt);
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
  EXPECT_TRUE(peer.ours->timed_out());
}

TEST(H2LimitsTest, KeepsTheTableOfItsEncoderSmallWhateverThePeerOffers) {
  H2RawPeer peer;
  peer.start({{0x1, 1 << 30}});
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, nullptr));
  peer.flush();
  const auto head = std::find_if(peer.sent.begin(), peer.sent.end(),
                                 [](const auto& frame) { return frame.type == H2Frames::headers_type; });
  ASSERT_NE(head, peer.sent.end());
  // The block begins with the size of the table (RFC 7541 section 6.3): 31 + 4065 = 4096.
  EXPECT_EQ(head->payload, (Bytes{std::byte{0x3f}, std::byte{0xe1}, std::byte{0x1f}, std::byte{0x88}}));
}

TEST(H2LimitsTest, ResetsAStreamWhoseAnswerHasTooLargeAHead) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {{"large", std::string(70'000, 'x')}}, nullptr));
  peer.flush();
  EXPECT_EQ(peer.reset_of(1), ErrorCode::internal_error);
  EXPECT_FALSE(peer.go_away());
}

TEST(H2LimitsTest, CountsWhatStopsTheInput) {
  H2RawPeer peer;
  peer.limits.max_unread_body_bytes = 4;
  peer.observer.consume = false;
  peer.start();
  peer.feed(
      H2Frames().headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}}, false).data(1, "four", false));
  EXPECT_FALSE(peer.ours->accepts_input());
  EXPECT_EQ(peer.ours->stats().of(Limit::unread_body), 1u);
  EXPECT_EQ(peer.ours->passed_limit(), std::nullopt);
}

TEST(H2LimitsTest, NamesEveryLimit) {
  for (std::size_t i = 0; i < kLimits; ++i) EXPECT_NE(name(static_cast<Limit>(i)), "unknown") << i;
  EXPECT_EQ(name(static_cast<Limit>(kLimits)), "unknown") << "kLimits is too small";
}

TEST(H2LimitsTest, BearsALeapOfTheClock) {
  H2RawPeer peer;
  peer.start();
  // A suspended machine: an hour is gone between two looks at the clock.
  peer.advance(1h);
  EXPECT_FALSE(peer.go_away()) << "first a PING";
  EXPECT_EQ(peer.count(H2Frames::ping_type), 1u);
  peer.feed(H2Frames().ping(1, true));
  peer.now -= 30min;  // no steady clock does that; a board's may
  peer.ours->on_timeout(peer.now);
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true).reset(1, 8).settings());
  EXPECT_FALSE(peer.go_away());
}

TEST(H2LimitsTest, AClientWaitsForAWindowThatStaysShutForAMinute) {
  H2Pair pair;
  pair.server_settings.initial_window_size = 1000;
  pair.at_server.consume = false;
  pair.start();
  pair.run();
  TextSource upload(std::string(1500, 'm'));
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run_for(60s);
  EXPECT_EQ(pair.client->send_window(id), 0u);
  EXPECT_EQ(pair.client->state(id), StreamState::open);
  EXPECT_EQ(pair.client->stats().of(Limit::window_stall), 0u);
  pair.server->consume(id, 1000);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body.size(), 1500u);
}

/// What the process has on the heap.
std::size_t heap_bytes() {
  return mallinfo2().uordblks;
}

TEST(H2LimitsTest, NoAttackCostsEightMebibytes) {
  const H2Frames::Fields post{{":method", "POST"}, {":scheme", "https"}, {":path", "/"}};
  const Bytes get = H2Frames::block(H2RawPeer::get());
  const std::string large(16'000, 'v');
  const Bytes field = H2Frames::block({{"a", large}});
  using Attack = std::function<void(H2Frames&, std::uint32_t)>;
  const std::pair<const char*, Attack> attacks[] = {
      {"rapid reset",
       [](H2Frames& f, std::uint32_t n) { f.headers(2 * n + 1, H2RawPeer::get(), true).reset(2 * n + 1, 8); }},
      {"provoked resets",
       [](H2Frames& f, std::uint32_t n) {
         f.headers(2 * n + 1, {{":method", "GET"}}, true);
       }},
      {"streams", [&](H2Frames& f, std::uint32_t n) { f.headers(2 * n + 1, post, false); }},
      {"SETTINGS",
       [](H2Frames& f, std::uint32_t n) {
         f.settings({{4, n}});
       }},
      {"PING", [](H2Frames& f, std::uint32_t n) { f.ping(n); }},
      {"PING ACK", [](H2Frames& f, std::uint32_t n) { f.ping(n, true); }},
      {"WINDOW_UPDATE", [](H2Frames& f, std::uint32_t) { f.window_update(0, 1); }},
      {"PRIORITY", [](H2Frames& f, std::uint32_t n) { f.frame(H2Frames::priority_type, 0, 2 * n + 1, Bytes(5)); }},
      {"GOAWAY", [](H2Frames& f, std::uint32_t) { f.frame(H2Frames::go_away_type, 0, 0, Bytes(1000)); }},
      {"unknown", [](H2Frames& f, std::uint32_t) { f.frame(0x77, 0, 0, Bytes(1000)); }},
      {"empty DATA", [&](H2Frames& f, std::uint32_t n) { n == 0 ? f.headers(1, post, false) : f.data(1, "", false); }},
      {"unread DATA",
       [&](H2Frames& f, std::uint32_t n) {
         n == 0
             ? f.headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}, {"content-length", "1"}}, false)
             : f.data(1, large, false);
       }},
      {"CONTINUATION",
       [&](H2Frames& f, std::uint32_t n) {
         n == 0 ? f.frame(H2Frames::headers_type, 0, 1, get) : f.frame(H2Frames::continuation_type, 0, 1, field);
       }},
      {"heads over the limit",
       [&](H2Frames& f, std::uint32_t n) {
         f.frame(H2Frames::headers_type, 0, 2 * n + 1, get)
             .frame(H2Frames::continuation_type, H2Frames::kEndHeaders, 2 * n + 1, field);
       }},
  };
  for (const auto& [name, attack] : attacks) {
    H2RawPeer peer;
    peer.start();
    const std::size_t before = heap_bytes();
    std::size_t most = 0;
    for (std::uint32_t n = 0; n < 5000 && peer.ours->feed({}, peer.now) && !peer.ours->done(); ++n) {
      H2Frames frames;
      attack(frames, n);
      // As the driver does: nothing is read while we cannot answer. This peer takes no answer at all.
      if (!peer.ours->accepts_input()) break;
      if (!peer.ours->feed(frames.bytes(), peer.now)) break;
      most = std::max(most, heap_bytes());
    }
    EXPECT_LT(most - std::min(most, before), std::size_t{8} << 20) << name;
  }
}

TEST(H2LimitsTest, DoesNotTimeAPeerOutWhileItsBodyWaitsUnread) {
  H2RawPeer peer;
  peer.limits.max_unread_body_bytes = 10;
  peer.observer.consume = false;
  peer.start();
  peer.feed(H2Frames()
                .headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}}, false)
                .data(1, "eleven byte", false));
  EXPECT_FALSE(peer.ours->accepts_input());
  for (int i = 0; i < 600; ++i) peer.advance(1s);
  EXPECT_FALSE(peer.go_away());
  peer.ours->consume(StreamId(1), 11);
  for (int i = 0; i < 75; ++i) peer.advance(1s);
  EXPECT_TRUE(peer.go_away());
}

}  // namespace
}  // namespace camspan::h2
