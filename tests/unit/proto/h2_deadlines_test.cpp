#include "proto/h2/deadlines.hpp"

#include <gtest/gtest.h>

#include "proto/h2/flood_guard.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using Due = Deadlines::Due;

const TimePoint kStart{std::chrono::seconds(1000)};

/// Past the opening: SETTINGS came and ours were acknowledged.
Deadlines settled(const Limits& limits) {
  Deadlines deadlines(limits, kStart);
  deadlines.peer_settings();
  deadlines.settings_acknowledged();
  return deadlines;
}

TEST(H2DeadlinesTest, GivesThePeerTenSecondsForItsSettings) {
  Deadlines deadlines(Limits::server(), kStart);
  EXPECT_EQ(deadlines.next(), kStart + 10s);
  EXPECT_EQ(deadlines.due(kStart + 9999ms), Due::nothing);
  EXPECT_EQ(deadlines.due(kStart + 10s), Due::preface);
}

TEST(H2DeadlinesTest, WaitsLongerForAcknowledgementsOfDevices) {
  Deadlines server(Limits::server(), kStart);
  server.peer_settings();
  server.input(kStart + 39s);
  EXPECT_EQ(server.due(kStart + 39s), Due::nothing);
  EXPECT_EQ(server.due(kStart + 40s), Due::settings_timeout);
  Deadlines client(Limits::client(), kStart);
  client.peer_settings();
  EXPECT_EQ(client.due(kStart + 10s), Due::settings_timeout);
}

TEST(H2DeadlinesTest, PingsAnIdlePeerAndGivesUpWithoutAnswer) {
  Deadlines deadlines = settled(Limits::client());
  deadlines.input(kStart + 5s);
  EXPECT_EQ(deadlines.next(), kStart + 35s);
  EXPECT_EQ(deadlines.due(kStart + 35s), Due::ping);
  deadlines.ping_sent(kStart + 35s);
  EXPECT_EQ(deadlines.next(), kStart + 45s);
  EXPECT_EQ(deadlines.due(kStart + 45s), Due::ping_timeout);
  deadlines.ping_acknowledged();
  EXPECT_EQ(deadlines.due(kStart + 34s), Due::nothing);
}

TEST(H2DeadlinesTest, TakesMovingBytesForASignOfLife) {
  Deadlines deadlines = settled(Limits::client());
  deadlines.ping_sent(kStart);
  deadlines.output(kStart + 8s);
  EXPECT_EQ(deadlines.next(), kStart + 18s);
  deadlines.input(kStart + 17s);
  EXPECT_EQ(deadlines.next(), kStart + 27s);
}

TEST(H2DeadlinesTest, BlamesNobodyForSilenceWhileWeDoNotRead) {
  Deadlines deadlines(Limits::client(), kStart);
  deadlines.ping_sent(kStart);
  deadlines.header_block_begins(kStart);
  deadlines.input_withheld(kStart + 9s);
  EXPECT_EQ(deadlines.due(kStart + 18s), Due::nothing);
  EXPECT_EQ(deadlines.next(), kStart + 19s);
}

TEST(H2DeadlinesTest, NeverPingsWhenTheIntervalIsZero) {
  Limits limits = Limits::client();
  limits.ping_interval = 0ms;
  EXPECT_EQ(settled(limits).next(), std::nullopt);
}

TEST(H2FloodGuardTest, RefillsTokensWithTime) {
  TokenBucket bucket(2, 0.5);
  EXPECT_TRUE(bucket.take(kStart));
  EXPECT_TRUE(bucket.take(kStart));
  EXPECT_FALSE(bucket.take(kStart + 1s));
  EXPECT_TRUE(bucket.take(kStart + 2s));
  EXPECT_FALSE(bucket.take(kStart + 3s));
  EXPECT_TRUE(bucket.take(kStart + 100s));
  EXPECT_TRUE(bucket.take(kStart + 100s));
  EXPECT_FALSE(bucket.take(kStart + 100s));
}

TEST(H2FloodGuardTest, LetsADeviceUpdateItsWindowsTwicePerVoiceChunk) {
  FloodGuard guard(Limits::server());
  for (int i = 0; i < 100000; ++i) {
    guard.data_sent(160);
    ASSERT_EQ(guard.window_update(), std::nullopt);
    ASSERT_EQ(guard.window_update(), std::nullopt);
  }
}

TEST(H2FloodGuardTest, EndsAWindowUpdateDribble) {
  FloodGuard guard(Limits::server());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(guard.window_update(), std::nullopt);
  EXPECT_EQ(guard.window_update(), FloodGuard::Breach{Limit::window_updates});
}

TEST(H2FloodGuardTest, CountsEmptyFramesInARow) {
  FloodGuard guard(Limits::server());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(guard.content_frame(false), std::nullopt);
  EXPECT_EQ(guard.content_frame(true), std::nullopt);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(guard.content_frame(false), std::nullopt);
  EXPECT_EQ(guard.content_frame(false), FloodGuard::Breach{Limit::empty_frames});
}

}  // namespace
}  // namespace camspan::h2
