#include "api/backoff.hpp"

#include <gtest/gtest.h>

namespace camspan {
namespace {

using std::chrono::milliseconds;
constexpr std::uint32_t kMost = 0xffffffff;
constexpr std::chrono::steady_clock::time_point kStart{std::chrono::hours(1)};

TEST(BackoffTest, DoublesTheCeilingUpToTheMaximum) {
  Backoff backoff({milliseconds(500), milliseconds(3000), -1});
  for (const int expected : {499, 999, 1999, 2999, 2999}) EXPECT_EQ(backoff.next(kMost).count(), expected);
  EXPECT_FALSE(backoff.exhausted());
}

TEST(BackoffTest, TakesARandomPartOfTheCeiling) {
  Backoff backoff({milliseconds(1000), milliseconds(8000), -1});
  EXPECT_EQ(backoff.next(0).count(), 0);
  EXPECT_EQ(backoff.next(0x80000000).count(), 1000);
}

TEST(BackoffTest, StaysDefinedAfterManyFailures) {
  Backoff backoff({milliseconds(1), milliseconds(30000), -1});
  for (int i = 0; i < 1000; ++i) EXPECT_LE(backoff.next(kMost), milliseconds(30000));
}

TEST(BackoffTest, IsExhaustedAfterTheTriesAllowed) {
  Backoff backoff({milliseconds(1), milliseconds(1), 2});
  EXPECT_FALSE(backoff.exhausted());
  backoff.next(0);
  backoff.next(0);
  EXPECT_TRUE(backoff.exhausted());
}

TEST(BackoffTest, StartsAnewOnlyAfterThirtySecondsOfHealth) {
  Backoff backoff({milliseconds(500), milliseconds(30000), -1});
  backoff.next(0);
  backoff.next(0);
  backoff.connected(kStart);
  backoff.lost(kStart + std::chrono::seconds(29));
  EXPECT_EQ(backoff.failures(), 2);
  backoff.lost(kStart + std::chrono::hours(1));
  EXPECT_EQ(backoff.failures(), 2) << "it was not connected in between";
  backoff.connected(kStart);
  backoff.lost(kStart + std::chrono::seconds(30));
  EXPECT_EQ(backoff.failures(), 0);
}

}  // namespace
}  // namespace camspan
