#include "net/turns.hpp"

#include <gtest/gtest.h>

namespace camspan::net {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

class TurnsTest : public testing::Test {
 protected:
  /// Turns that begin `apart` from each other unless they are held back. @return how many there were in a second
  int in_a_second(microseconds apart) {
    const auto end = now_ + seconds(1);
    int count = 0;
    for (; now_ < end; ++count) {
      const auto pause = turns_.end(now_);
      longest_ = std::max(longest_, pause);
      now_ += std::max<Turns::Duration>(apart, pause);
    }
    return count;
  }

  Turns turns_;
  Turns::TimePoint now_{seconds(1000)};
  Turns::Duration longest_{};
};

TEST_F(TurnsTest, NeverHoldsBackWhoIsWokenNowAndThen) {
  in_a_second(microseconds(1000));
  in_a_second(microseconds(40000));
  EXPECT_EQ(longest_, Turns::Duration::zero());
}

TEST_F(TurnsTest, LetsABurstThrough) {
  for (int i = 0; i < 19; ++i) EXPECT_EQ(turns_.end(now_), Turns::Duration::zero()) << i;
}

TEST_F(TurnsTest, TakesAtMostATurnAMillisecondWhenItIsBusy) {
  in_a_second(microseconds(10));
  EXPECT_NEAR(in_a_second(microseconds(10)), 1000, 25);
  EXPECT_LE(longest_, Turns::kApart);
}

}  // namespace
}  // namespace camspan::net
