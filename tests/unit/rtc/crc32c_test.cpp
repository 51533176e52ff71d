#include "proto/rtc/crc32c.hpp"

#include <gtest/gtest.h>

namespace camspan::rtc {
namespace {

// RFC 3720 appendix B.4, whose CRC is SCTP's.
TEST(Crc32cTest, GivesTheValuesOfTheRfc) {
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0})), 0x8a9136aaU);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

}  // namespace
}  // namespace camspan::rtc
