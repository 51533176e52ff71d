#include "../../../hal/posix/posix.hpp"

#include <camspan/hal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <cerrno>
#include <string>
#include <vector>

namespace {

hal_address parsed(const char* host, uint16_t port = 443) {
  hal_address address;
  EXPECT_EQ(hal_address_parse(host, port, &address), 0) << host;
  return address;
}

TEST(HalAddressTest, ParsesIpv4) {
  const auto address = parsed("192.0.2.1");
  EXPECT_EQ(address.family, 4);
  EXPECT_EQ(address.port, 443);
  EXPECT_EQ(address.bytes[0], 192);
  EXPECT_EQ(address.bytes[3], 1);
  EXPECT_STREQ(address.text, "192.0.2.1:443");
}

TEST(HalAddressTest, ParsesIpv6WithAndWithoutBrackets) {
  for (const char* host : {"2001:db8::1", "[2001:db8::1]", "2001:DB8:0:0::1"}) {
    const auto address = parsed(host);
    EXPECT_EQ(address.family, 6);
    EXPECT_EQ(address.bytes[0], 0x20);
    EXPECT_EQ(address.bytes[15], 1);
    EXPECT_EQ(address.scope, 0u);
    EXPECT_STREQ(address.text, "[2001:db8::1]:443");
  }
}

TEST(HalAddressTest, ParsesAZoneByNameOrNumber) {
  const unsigned lo = if_nametoindex("lo");
  if (lo == 0) GTEST_SKIP() << "no interface lo";
  for (const auto& host : {std::string("fe80::1%lo"), "fe80::1%" + std::to_string(lo), std::string("[fe80::1%lo]")}) {
    const auto address = parsed(host.c_str());
    EXPECT_EQ(address.scope, lo);
    EXPECT_STREQ(address.text, "[fe80::1%lo]:443");
  }
}

TEST(HalAddressTest, TellsAnUnknownZoneFromAName) {
  hal_address address;
  EXPECT_EQ(hal_address_parse("fe80::1%nosuch0", 1, &address), ENODEV);
  EXPECT_EQ(hal_address_parse("fe80::1%4294967295", 1, &address), ENODEV);
  EXPECT_EQ(hal_address_parse("fe80::1%", 1, &address), ENODEV);
}

TEST(HalAddressTest, RefusesWhatIsNoAddress) {
  hal_address address;
  const std::string longest(5000, '1');
  for (const char* host : {"", "hub.test", "127.1", "1.2.3.4.5", "[", "[]", "]", "[::1", "::1]", ":::", "%lo", "1:2",
                           "[127.0.0.1]", " ::1", longest.c_str()})
    EXPECT_EQ(hal_address_parse(host, 1, &address), EINVAL) << host;
  EXPECT_EQ(hal_address_parse(nullptr, 1, &address), EINVAL);
}

TEST(HalAddressTest, LongestTextFits) {
  const auto address = parsed("1111:2222:3333:4444:5555:6666:255.255.255.255", 65535);
  EXPECT_STREQ(address.text, "[1111:2222:3333:4444:5555:6666:ffff:ffff]:65535");
}

/// Families in the order given, the last byte counting up, after interleave().
std::vector<std::string> interleaved(const std::string& families) {
  std::vector<hal_address> addresses;
  for (const char family : families) {
    hal_address address{};
    address.family = static_cast<uint8_t>(family - '0');
    address.bytes[0] = static_cast<uint8_t>(addresses.size());
    addresses.push_back(address);
  }
  camspan::posix::interleave(addresses);
  std::vector<std::string> order;
  for (const auto& a : addresses) order.push_back(std::to_string(a.family) + ":" + std::to_string(a.bytes[0]));
  return order;
}

TEST(InterleaveTest, AlternatesFamiliesAndKeepsTheOrderWithinEach) {
  using testing::ElementsAre;
  EXPECT_THAT(interleaved("6664"), ElementsAre("6:0", "4:3", "6:1", "6:2"));
  EXPECT_THAT(interleaved("444466"), ElementsAre("4:0", "6:4", "4:1", "6:5", "4:2", "4:3"));
  EXPECT_THAT(interleaved("6446"), ElementsAre("6:0", "4:1", "6:3", "4:2"));
  EXPECT_THAT(interleaved("66"), ElementsAre("6:0", "6:1"));
  EXPECT_THAT(interleaved(""), ElementsAre());
}

}  // namespace
