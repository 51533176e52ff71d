#include "proto/flv/timeline.hpp"

#include <gtest/gtest.h>

namespace camspan::flv {
namespace {

constexpr std::int64_t kWrap = std::int64_t{1} << 32;

TEST(TimelineTest, TakesTheFirstTimestampAsItIs) {
  EXPECT_EQ(Timeline().advance(0), 0);
  EXPECT_EQ(Timeline().advance(0xfffffff0), 0xfffffff0);
}

TEST(TimelineTest, GoesOnOverTheWrap) {
  Timeline timeline;
  EXPECT_EQ(timeline.advance(0xfffffff0), kWrap - 16);
  EXPECT_EQ(timeline.advance(4), kWrap + 4);
  EXPECT_EQ(timeline.advance(0xfffffffe), kWrap - 2) << "a small step back over it";
  EXPECT_EQ(timeline.advance(30), kWrap + 30);
}

TEST(TimelineTest, GoesRoundManyTimes) {
  Timeline timeline;
  std::uint32_t timestamp = 0;
  std::int64_t expected = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(timeline.advance(timestamp), expected);
    timestamp += 1'000'000'000;
    expected += 1'000'000'000;
  }
}

TEST(TimelineTest, StepsBackBelowTheFirst) {
  Timeline timeline;
  timeline.advance(20);
  EXPECT_EQ(timeline.advance(0xffffffff), -1);
}

TEST(TimelineTest, IsNotMovedByTagsThatAreNoMedia) {
  Timeline timeline;
  timeline.advance(3'000'000'000);
  EXPECT_EQ(timeline.place(0), kWrap) << "the nearest zero is the next one";
  EXPECT_EQ(timeline.advance(3'000'000'040), 3'000'000'040);
}

TEST(TimelineTest, GoesOnFromAKnownPlace) {
  EXPECT_EQ(Timeline(5 * kWrap + 100).advance(140), 5 * kWrap + 140);
}

TEST(TimelineTest, RebasesAndComesBack) {
  const std::int64_t base = 7 * kWrap + 12345;
  for (const std::int64_t place : {base, base + 40, base - 40, base + 86'400'000}) {
    Timeline file(0);
    EXPECT_EQ(file.place(rebase(place, base)), place - base);
  }
}

}  // namespace
}  // namespace camspan::flv
