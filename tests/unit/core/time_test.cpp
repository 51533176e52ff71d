#include "core/time.hpp"

#include <gtest/gtest.h>

namespace camspan {
namespace {

TEST(TimeTest, WritesRfc3339WithMilliseconds) {
  EXPECT_EQ(format_utc(UtcTime(std::chrono::milliseconds(1'795'249'800'000))), "2026-11-21T08:30:00.000Z");
  EXPECT_EQ(format_utc(UtcTime(std::chrono::milliseconds(7))), "1970-01-01T00:00:00.007Z");
}

TEST(TimeTest, ReadsWhatItWritesAndItsVariants) {
  const UtcTime time(std::chrono::milliseconds(1'795'249'800'250));
  for (const char* text : {"2026-11-21T08:30:00.250Z", "2026-11-21T08:30:00.25Z", "2026-11-21t08:30:00.2509z",
                           "2026-11-21T09:30:00.250+01:00", "2026-11-21T03:00:00.250-05:30",
                           "2026-11-21T09:30:00.250 01:00", "1795249800.25"})
    EXPECT_EQ(parse_utc(text).value(), time) << text;
  EXPECT_EQ(parse_utc("1795249800").value(), time - std::chrono::milliseconds(250));
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21", "2026-11-21T25:00:00Z",
        "2026-11-21T08:30:00", "2026-11-21T08:30:00Zx", "2026-11-21T08:30:00.Z", "-5", "1e9", "99999999999999",
        "2026-1-121T08:30:00Z", "20261121T083000Z"})
    EXPECT_FALSE(parse_utc(text)) << text;
}

}  // namespace
}  // namespace camspan
