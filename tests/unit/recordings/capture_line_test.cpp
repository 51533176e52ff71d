#include "recordings/capture_line.hpp"

#include <gtest/gtest.h>

#include "core/time.hpp"
#include "recordings/boot_clock.hpp"
#include "support/jumping_clock.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;

const UtcTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

TEST(CaptureLineTest, GoesByTheTimestampsFromTheFirstTagOn) {
  CaptureLine line;
  EXPECT_EQ(line.at(kNow, 100), kNow);
  EXPECT_EQ(line.at(kNow + milliseconds(70), 140), kNow + milliseconds(40));
  EXPECT_EQ(line.at(kNow + milliseconds(30), 160), kNow + milliseconds(60));
  EXPECT_EQ(line.at(kNow + milliseconds(30), 120), kNow + milliseconds(20)) << "sound after the picture";
}

TEST(CaptureLineTest, ATimestampThatWrapsGoesOn) {
  CaptureLine line;
  EXPECT_EQ(line.at(kNow, 0xfffffff0), kNow);
  EXPECT_EQ(line.at(kNow + milliseconds(30), 0x10), kNow + milliseconds(32));
}

TEST(CaptureLineTest, BeginsAnewWhereTheTimestampsJump) {
  CaptureLine line;
  line.at(kNow, 5000);
  EXPECT_EQ(line.at(kNow + milliseconds(40), 0), kNow + milliseconds(40)) << "a muxer that starts over";
  EXPECT_EQ(line.at(kNow + milliseconds(81), 40), kNow + milliseconds(80));
  EXPECT_EQ(line.at(kNow + milliseconds(2000), 80), kNow + milliseconds(2000)) << "a pause";
}

TEST(CaptureLineTest, GoesOnWhenTheClockIsSet) {
  test::JumpingClock clock;
  test::JumpingClock::offset = -56 * test::JumpingClock::kYear;
  CaptureLine line;
  const UtcTime first = capture_clock();
  ASSERT_LT(first, kClockSet);
  EXPECT_EQ(line.at(first, 0), first);
  test::JumpingClock::offset = 0;
  const auto date = date_of(first);
  ASSERT_TRUE(date);
  const UtcTime second = line.at(*date + milliseconds(70), 40);
  // date_of() rounds to the millisecond, each time anew.
  EXPECT_LE(std::chrono::abs(second - (*date + milliseconds(40))), milliseconds(1));
}

}  // namespace
}  // namespace camspan::recordings
