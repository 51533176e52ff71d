#include "proto/flv/amf.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::flv {
namespace {

using namespace std::literals;

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

Bytes operator+(Bytes a, std::string_view b) {
  const ByteView view = as_bytes(b);
  a.insert(a.end(), view.begin(), view.end());
  return a;
}

const Bytes kBegin = bytes_of("\2\0\12onMetaData\10\0\0\0\1"sv);
constexpr auto kEnd = "\0\0\11"sv;
constexpr auto kSeven = "\0\1w\0\x40\x1c\0\0\0\0\0\0"sv;  // "w": 7.0

TEST(AmfTest, ReadsWhatItWrites) {
  const ScriptData script{"onCuePoint",
                          {{"stream", "5f0c"s},
                           {"first", 3.0},
                           {"base", -9.0e15},
                           {"live", true},
                           {"limit", std::numeric_limits<double>::infinity()},
                           {"empty", ""s}}};
  const auto back = read_script(write_script(script));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->name, script.name);
  EXPECT_EQ(back->values, script.values);
  EXPECT_EQ(back->number("first"), 3.0);
  EXPECT_EQ(back->text("stream"), "5f0c");
  EXPECT_FALSE(back->number("stream")) << "another type";
  EXPECT_FALSE(back->number("nothing"));
}

TEST(AmfTest, ReadsObjectsAndArraysAlike) {
  for (const auto begin : {"\2\0\12onMetaData\10\0\0\0\1"sv, "\2\0\12onMetaData\3"sv}) {
    const auto script = read_script(bytes_of(begin) + kSeven + kEnd);
    ASSERT_TRUE(script);
    EXPECT_EQ(script->number("w"), 7.0);
  }
}

TEST(AmfTest, LeavesOutTheWordOfRtmp) {
  const auto script = read_script(bytes_of("\2\0\15@setDataFrame\2\0\12onMetaData\3"sv) + kSeven + kEnd);
  ASSERT_TRUE(script);
  EXPECT_EQ(script->name, "onMetaData");
  EXPECT_EQ(script->number("w"), 7.0);
}

TEST(AmfTest, TakesAnObjectWithoutEndMarker) {
  EXPECT_TRUE(read_script(kBegin + kSeven));
  EXPECT_TRUE(read_script(kBegin + kSeven + "\0\0"sv));
}

TEST(AmfTest, SkipsWhatIsNotFlat) {
  const auto script = read_script(kBegin +
                                  "\0\1d\13\0\0\0\0\0\0\0\0\0\0"sv  // date
                                  "\0\1n\5\0\1u\6"sv                // null, undefined
                                  "\0\1o\3\0\1x\1\1\0\0\11"sv       // object
                                  "\0\1s\12\0\0\0\2\5\2\0\2hi"sv    // strict array
                                  "\0\1l\14\0\0\0\3abc"sv           // long string, kept
                                  + kSeven + kEnd);
  ASSERT_TRUE(script);
  EXPECT_EQ(script->values.size(), 2u);
  EXPECT_EQ(script->text("l"), "abc");
  EXPECT_EQ(script->number("w"), 7.0);
}

TEST(AmfTest, RefusesNestingOverItsBound) {
  Bytes deep = kBegin;
  for (int i = 0; i < 1000; ++i) deep = deep + "\0\1o\3"sv;
  EXPECT_EQ(read_script(deep).error(), Errc::too_large);
  Bytes arrays = kBegin + "\0\1s"sv;
  for (int i = 0; i < 1000; ++i) arrays = arrays + "\12\0\0\0\1"sv;
  EXPECT_EQ(read_script(arrays).error(), Errc::too_large);
}

TEST(AmfTest, RefusesLengthsThatPassTheEnd) {
  EXPECT_EQ(read_script({}).error(), Errc::malformed);
  EXPECT_EQ(read_script(bytes_of("\2\377\377onMetaData"sv)).error(), Errc::malformed);
  EXPECT_EQ(read_script(kBegin + "\0\1l\14\377\377\377\377abc"sv).error(), Errc::malformed);
  EXPECT_EQ(read_script(kBegin + "\0\1s\12\377\377\377\377\5\5"sv).error(), Errc::malformed);
  EXPECT_EQ(read_script(kBegin + "\0\1w\0\0\0"sv).error(), Errc::malformed);
  EXPECT_EQ(read_script(bytes_of("\0\77\360\0\0\0\0\0\0"sv)).error(), Errc::malformed) << "a number is no name";
}

TEST(AmfTest, SurvivesCutsAtEveryByte) {
  const Bytes tag = test::FlvMaker().metadata();
  const ByteView data = data_of(tag);
  for (std::size_t size = 0; size < data.size(); ++size) {
    const auto script = read_script(data.first(size));
    EXPECT_LE(script ? script->values.size() : 0, 7u);
  }
}

TEST(AmfTest, KeepsABoundedNumberOfValues) {
  Bytes many = kBegin;
  for (int i = 0; i < 1000; ++i) many = many + kSeven;
  const auto script = read_script(many);
  ASSERT_TRUE(script);
  EXPECT_EQ(script->values.size(), 256u);
}

TEST(AmfTest, ReadsMetadata) {
  const Bytes tag = test::FlvMaker().metadata(1920, 1080, 30);
  const auto metadata = read_metadata(data_of(tag));
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->width, 1920.0);
  EXPECT_EQ(metadata->height, 1080.0);
  EXPECT_EQ(metadata->framerate, 30.0);
  EXPECT_FALSE(metadata->audio_rate);
  EXPECT_FALSE(read_metadata(as_bytes("\2\0\12onTextData"sv)));
}

}  // namespace
}  // namespace camspan::flv
