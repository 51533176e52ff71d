#include "hub/quantity.hpp"

#include <gtest/gtest.h>

namespace camspan::hub {
namespace {

using std::chrono::milliseconds;

TEST(QuantityTest, ReadsSizes) {
  const std::pair<const char*, std::uint64_t> rows[] = {{"0", 0},
                                                        {"17", 17},
                                                        {"17B", 17},
                                                        {"4MiB", 4u << 20},
                                                        {"50GiB", 50ull << 30},
                                                        {"1 KiB", 1024},
                                                        {"2TiB", 2ull << 40},
                                                        {"1kB", 1000},
                                                        {"1MB", 1'000'000},
                                                        {"9223372036854775807", 9223372036854775807u}};
  for (const auto& [text, bytes] : rows) EXPECT_EQ(parse_size(text), bytes) << text;
  for (const char* text : {"", "MiB", "-1", "1.5GiB", "1 XB", "1mib", "1MiB ", "18446744073709551616", "9999999TiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(QuantityTest, ReadsDurations) {
  const std::pair<const char*, milliseconds> rows[] = {{"250ms", milliseconds(250)},
                                                       {"60s", milliseconds(60'000)},
                                                       {"15m", milliseconds(900'000)},
                                                       {"1h", milliseconds(3'600'000)},
                                                       {"7d", milliseconds(604'800'000)}};
  for (const auto& [text, time] : rows) EXPECT_EQ(parse_duration(text), time) << text;
  for (const char* text : {"", "60", "s", "-1s", "1.5h", "1w", "99999999999d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(QuantityTest, ReadsAddresses) {
  EXPECT_EQ(parse_host_port("127.0.0.1:8443")->host, "127.0.0.1");
  EXPECT_EQ(parse_host_port("127.0.0.1:8443")->port, 8443);
  EXPECT_EQ(parse_host_port("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_host_port("hub.example:1")->host, "hub.example");
  for (const char* text : {"", ":1", "a", "a:", "a:65536", "a:-1", "a:1x", "::1:80", "[]:1"})
    EXPECT_FALSE(parse_host_port(text)) << text;
}

}  // namespace
}  // namespace camspan::hub
