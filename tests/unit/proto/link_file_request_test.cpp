#include "proto/link/file_request.hpp"

#include <gtest/gtest.h>

namespace camspan::link {
namespace {

using std::chrono::milliseconds;

const std::string kStream = "0e984725c51c4bf49960e1c80e27aba0";

TEST(LinkFileRequestTest, ReadsAnOpen) {
  const auto made = parse_file_open({{"x-file-name", "a.jpg"}});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->name, "a.jpg");
  EXPECT_FALSE(made->overwrite);
  EXPECT_TRUE(parse_file_open({{"x-file-name", "a"}, {"x-file-overwrite", "1"}})->overwrite);
  EXPECT_FALSE(parse_file_open({{"x-file-name", "a"}, {"x-file-overwrite", "0"}})->overwrite);
  const auto again = parse_file_open({{"x-file-upload-id", "ULDS1"}});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->upload_id, "ULDS1");
  EXPECT_EQ(again->name, "");
}

TEST(LinkFileRequestTest, RefusesAnOpenThatIsNoneOrTwo) {
  EXPECT_FALSE(parse_file_open({}));
  EXPECT_FALSE(parse_file_open({{"x-file-name", "a"}, {"x-file-upload-id", "b"}}));
  EXPECT_FALSE(parse_file_open({{"x-file-name", "a"}, {"x-file-name", "b"}}));
  EXPECT_FALSE(parse_file_open({{"x-file-upload-id", "a"}, {"x-file-upload-id", "a"}}));
  EXPECT_FALSE(parse_file_open({{"x-file-upload-id", ""}}));
  EXPECT_FALSE(parse_file_open({{"x-file-name", ""}}));
}

TEST(LinkFileRequestTest, KnowsTheNamesThatFilesMayHave) {
  for (const char* name : {"a", "0", "a.jpg", "A_b.c", "a..b", "1.2.3_"}) EXPECT_TRUE(is_upload_name(name)) << name;
  for (const char* name : {"", ".", "..", ".a", "_a", "a/b", "../a", "a\\b", "a b", "a-b", "a%2f", "a\n", "\xc3\xa4"})
    EXPECT_FALSE(is_upload_name(name)) << name;
  EXPECT_FALSE(is_upload_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_upload_name(std::string(100, 'a')));
  EXPECT_FALSE(is_upload_name(std::string(101, 'a')));
}

TEST(LinkFileRequestTest, ReadsAChecksumInBothForms) {
  EXPECT_EQ(parse_checksum({}).value(), std::nullopt);
  EXPECT_EQ(parse_checksum({{"x-file-crc64ecma", "11051210869376104954"}}).value(), 11051210869376104954ull);
  EXPECT_EQ(parse_checksum({{"x-file-crc64ecma", "-7395533204333446662"}}).value(), 11051210869376104954ull);
  for (const char* text : {"", "x", "1x", "18446744073709551616", "-9223372036854775809", "+1"})
    EXPECT_FALSE(parse_checksum({{"x-file-crc64ecma", text}})) << text;
}

TEST(LinkFileRequestTest, ReadsTheNameOfASpooledPiece) {
  const auto spool = parse_spool_name("spool_" + kStream + "_1200_1795249800123.flv");
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->stream, kStream);
  EXPECT_EQ(spool->first, 1200u);
  EXPECT_EQ(spool->start, UtcTime(milliseconds(1795249800123)));
}

TEST(LinkFileRequestTest, TakesAnyOtherNameForAFile) {
  for (const std::string& name :
       {"spool_" + kStream + "_0_0", "spool_" + kStream + "_0.flv", "spool_" + kStream + "_x_0.flv",
        "spool_" + kStream + "_0_x.flv", "spool_" + kStream + "_-1_0.flv", "spool_" + kStream + "_0_-1.flv",
        "spool_" + kStream.substr(1) + "_0_0.flv", "spool_" + kStream.substr(1) + "g_0_0.flv",
        "pool_" + kStream + "_0_0.flv", "spool_" + kStream + "_0_0_0.flv", "spool_" + kStream + "__0.flv",
        "spool_" + kStream + "_4611686018427387905_0.flv", "spool_" + kStream + "_0_253402300800000.flv",
        std::string(".flv"), std::string()})
    EXPECT_FALSE(parse_spool_name(name)) << name;
}

}  // namespace
}  // namespace camspan::link
