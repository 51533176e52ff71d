#include "net/p2p/bitrate_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace camspan::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

BitratePolicy::Bounds bounds(P2pBitratePolicy policy = P2pBitratePolicy::lowest) {
  return {policy, 200'000, 2'000'000, 4'000'000};
}

TEST(RateEstimateTest, KnowsWhatALinkCarriesWhenItIsTheBottleneck) {
  RateEstimate rate;
  TimePoint now{};
  rate.update(0, 0, milliseconds(20), now);
  EXPECT_EQ(rate.bits_per_second(), 0u);
  rate.update(125'000, 500'000, milliseconds(20), now += seconds(1));
  EXPECT_TRUE(rate.limited());
  EXPECT_EQ(rate.bits_per_second(), 1'000'000u);
  rate.update(125'000 + 62'500, 500'000, milliseconds(20), now += seconds(1));
  EXPECT_EQ(rate.bits_per_second(), 500'000u);
}

TEST(RateEstimateTest, TakesWhatAFreeLinkCarriedForTheLeastThatItCarries) {
  RateEstimate rate;
  TimePoint now{};
  rate.update(0, 0, milliseconds(20), now);
  rate.update(250'000, 1000, milliseconds(20), now += seconds(1));
  EXPECT_FALSE(rate.limited());
  rate.update(250'000, 1000, milliseconds(20), now += seconds(1));
  EXPECT_EQ(rate.bits_per_second(), 2'000'000u) << "a quiet second says nothing about the link";
}

TEST(RateEstimateTest, TakesALongWayForNoBacklog) {
  RateEstimate rate;
  TimePoint now{};
  rate.update(0, 0, milliseconds(0), now);
  // 1 MB/s over a way of 600 ms has 600 KB under way.
  rate.update(1'000'000, 600'000, milliseconds(600), now += seconds(1));
  EXPECT_FALSE(rate.limited());
}

TEST(BitratePolicyTest, BeginsAtStartAndRisesByAtMostEightPercentASecond) {
  BitratePolicy policy(bounds());
  TimePoint now{};
  std::uint64_t last = policy.update({}, 0, now)->bits_per_second;
  EXPECT_EQ(last, 2'000'000u);
  TimePoint said = now;
  for (int i = 0; i < 600; ++i) {
    now += milliseconds(100);
    const auto next = policy.update({}, 1, now);
    if (!next) continue;
    const double most = static_cast<double>(last) * std::pow(1.08, std::chrono::duration<double>(now - said).count());
    EXPECT_LE(static_cast<double>(next->bits_per_second), most + 1);
    EXPECT_GE(static_cast<double>(next->bits_per_second), 1.05 * static_cast<double>(last) - 1) << "too small a change";
    last = next->bits_per_second;
    said = now;
  }
  EXPECT_GE(last, 3'800'000u);
  EXPECT_LE(last, 4'000'000u);
}

TEST(BitratePolicyTest, FallsAtOnceToWhatTheSlowestCarries) {
  BitratePolicy policy(bounds());
  policy.update({}, 2, TimePoint());
  const std::vector<std::uint64_t> limited{1'000'000};
  const auto target = policy.update(limited, 2, TimePoint(seconds(1)));
  ASSERT_TRUE(target);
  EXPECT_EQ(target->bits_per_second, 850'000u);
  EXPECT_FALSE(target->at_floor);
}

TEST(BitratePolicyTest, SaysThatTheFloorIsReachedAndDoesNotGoBelow) {
  BitratePolicy policy(bounds());
  policy.update({}, 1, TimePoint());
  const std::vector<std::uint64_t> limited{50'000};
  const auto target = policy.update(limited, 1, TimePoint(seconds(1)));
  ASSERT_TRUE(target);
  EXPECT_EQ(target->bits_per_second, 200'000u);
  EXPECT_TRUE(target->at_floor);
  EXPECT_FALSE(policy.update(limited, 1, TimePoint(seconds(2)))) << "said once";
}

TEST(BitratePolicyTest, CombinesViewersAsTold) {
  const std::vector<std::uint64_t> limited{500'000, 1'000'000};
  const auto after = [&](P2pBitratePolicy kind, std::size_t viewers) {
    BitratePolicy policy(bounds(kind));
    policy.update({}, viewers, TimePoint());
    policy.update(limited, viewers, TimePoint(seconds(1)));
    return policy.target();
  };
  EXPECT_EQ(after(P2pBitratePolicy::lowest, 2), 425'000u);
  EXPECT_EQ(after(P2pBitratePolicy::highest, 2), 850'000u);
  EXPECT_EQ(after(P2pBitratePolicy::average, 2), 637'500u);
  EXPECT_GT(after(P2pBitratePolicy::highest, 3), 2'000'000u) << "the third has room for more";
  EXPECT_EQ(after(P2pBitratePolicy::manual, 2), 2'000'000u);
}

}  // namespace
}  // namespace camspan::net
