#include "proto/rtc/demux.hpp"

#include <gtest/gtest.h>

namespace camspan::rtc {
namespace {

DatagramKind kind_of_first(unsigned first) {
  const Bytes datagram{static_cast<std::byte>(first), std::byte{0}};
  return kind_of(datagram);
}

TEST(DemuxTest, FollowsTheTableOfRfc7983) {
  EXPECT_EQ(kind_of_first(0), DatagramKind::stun);
  EXPECT_EQ(kind_of_first(3), DatagramKind::stun);
  EXPECT_EQ(kind_of_first(4), DatagramKind::unknown);
  EXPECT_EQ(kind_of_first(19), DatagramKind::unknown);
  EXPECT_EQ(kind_of_first(20), DatagramKind::dtls);
  EXPECT_EQ(kind_of_first(63), DatagramKind::dtls);
  EXPECT_EQ(kind_of_first(64), DatagramKind::turn_channel);
  EXPECT_EQ(kind_of_first(79), DatagramKind::turn_channel);
  EXPECT_EQ(kind_of_first(80), DatagramKind::unknown);
  EXPECT_EQ(kind_of_first(128), DatagramKind::rtp);
  EXPECT_EQ(kind_of_first(191), DatagramKind::rtp);
  EXPECT_EQ(kind_of_first(192), DatagramKind::unknown);
  EXPECT_EQ(kind_of({}), DatagramKind::unknown);
}

}  // namespace
}  // namespace camspan::rtc
