#include "recordings/segment_name.hpp"

#include <gtest/gtest.h>

#include "core/time.hpp"

namespace camspan::recordings {
namespace {

const UtcTime kTime = parse_utc("2026-11-21T08:30:05.007Z").value();

TEST(SegmentNameTest, WritesTheNamesOfThePage) {
  EXPECT_EQ(format_segment_path({"cam1", 0, kTime}), "cam1/2026/11/21/083005.007Z.flv");
  EXPECT_EQ(format_segment_path({"pk.cam1", 3, kTime}), "pk.cam1/ch3/2026/11/21/083005.007Z.flv");
  EXPECT_EQ(format_segment_path({"cam1", 0, kTime, 2}), "cam1/2026/11/21/083005.007Z-2.flv");
  EXPECT_EQ(format_segment_path({"cam1", 0, kTime, 0, true}), "cam1/2026/11/21/083005.007Z.flv.part");
  EXPECT_EQ(format_flat_name({"cam1", 0, kTime}), "20261121T083005.007Z.flv");
  EXPECT_EQ(format_flat_name({"cam1", 7, kTime, 1, true}), "20261121T083005.007Z-1.flv");
}

TEST(SegmentNameTest, ReadsWhatItWrites) {
  for (const SegmentPath& path :
       {SegmentPath{"cam1", 0, kTime, 0, false}, SegmentPath{"a.b_c-d", 12, kTime, 31, true},
        SegmentPath{"ch1", 1, UtcTime{}, 0, false},
        SegmentPath{"a", 0, UtcTime(std::chrono::milliseconds(34'007)), 2, true, "0123456789abcdef"},
        SegmentPath{"x", 0, parse_utc("9999-12-31T23:59:59.999Z").value(), 0, true}}) {
    EXPECT_EQ(parse_segment_path(format_segment_path(path)), path) << format_segment_path(path);
  }
  EXPECT_EQ(parse_flat_name("20261121T083005.007Z-4.flv"), (SegmentPath{"", 0, kTime, 4, false}));
}

TEST(SegmentNameTest, KnowsNoOtherNames) {
  for (const char* path : {"",
                           "cam1",
                           "cam1/",
                           "/2026/11/21/083005.007Z.flv",
                           "cam1/2026/11/21/083005.007Z.flv/",
                           "cam1/2026/11/21/",
                           "cam1/2026/13/21/083005.007Z.flv",
                           "cam1/2026/02/30/083005.007Z.flv",
                           "cam1/2026/11/21/243005.007Z.flv",
                           "cam1/2026/11/21/083060.007Z.flv",
                           "cam1/2026/11/21/83005.007Z.flv",
                           "cam1/2026/11/21/083005.7Z.flv",
                           "cam1/2026/11/21/083005.007Z.mp4",
                           "cam1/2026/11/21/083005.007Z-0.flv",
                           "cam1/2026/11/21/083005.007Z-01.flv",
                           "cam1/2026/11/21/083005.007Z-.flv",
                           "cam1/2026/11/21/083005.007Z--1.flv",
                           "cam1/2026/11/21/083005.007Z.flv.tmp",
                           "cam1/ch0/2026/11/21/083005.007Z.flv",
                           "cam1/ch/2026/11/21/083005.007Z.flv",
                           "cam1/ch99999999999/2026/11/21/083005.007Z.flv",
                           "../2026/11/21/083005.007Z.flv",
                           "cam1/../cam1/2026/11/21/083005.007Z.flv",
                           "cam1//2026/11/21/083005.007Z.flv",
                           "cam1/+026/11/21/083005.007Z.flv",
                           "cam1/2026/11/21/-83005.007Z.flv"}) {
    EXPECT_FALSE(parse_segment_path(path)) << path;
  }
  EXPECT_FALSE(parse_flat_name("20261121T083005.007Z.flv.part"));
  EXPECT_FALSE(parse_flat_name("2026/11/21/083005.007Z.flv"));
}

TEST(SegmentNameTest, LetsNoDeviceIdLeaveItsFolder) {
  EXPECT_TRUE(is_device_id("cam1"));
  EXPECT_TRUE(is_device_id("a1B2.c_d-e"));
  EXPECT_TRUE(is_device_id(std::string(64, 'a')));
  for (const char* id : {"", ".", "..", ".cam", "-cam", "cam/1", "cam\\1", "cam 1", "cam1.flv", "k\xc3\xa4mera"})
    EXPECT_FALSE(is_device_id(id)) << id;
  EXPECT_FALSE(is_device_id(std::string(65, 'a')));
}

TEST(SegmentNameTest, TakesThePartOff) {
  EXPECT_EQ(final_path("a/b.flv.part"), "a/b.flv");
  EXPECT_EQ(final_path("a/b.flv"), "a/b.flv");
}

}  // namespace
}  // namespace camspan::recordings
