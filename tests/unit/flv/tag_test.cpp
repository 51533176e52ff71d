#include "proto/flv/tag.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>

#include "support/flv_maker.hpp"

namespace camspan::flv {
namespace {

using test::FlvMaker;

/// A tag of these data bytes; further ones of zeros.
Bytes tag_of(TagType type, std::initializer_list<int> begin, std::size_t size = 0) {
  Bytes data;
  for (const int value : begin) data.push_back(static_cast<std::byte>(value));
  data.resize(std::max(size, data.size()));
  return make_tag(type, 0, data);
}

TagInfo info_of(TagType type, std::initializer_list<int> begin, std::size_t size = 0) {
  return inspect(tag_of(type, begin, size)).value();
}

UnitKind video(std::initializer_list<int> begin, std::size_t size = 16) {
  return info_of(TagType::video, begin, size).kind;
}
UnitKind audio(std::initializer_list<int> begin, std::size_t size = 16) {
  return info_of(TagType::audio, begin, size).kind;
}

TEST(TagTest, TellsTheKindsOfLegacyH264) {
  EXPECT_EQ(video({0x17, 0}), UnitKind::config);
  EXPECT_EQ(video({0x17, 1}), UnitKind::key);
  EXPECT_EQ(video({0x27, 1}), UnitKind::delta);
  EXPECT_EQ(video({0x27, 0}), UnitKind::config) << "flvmux marks no frame type that a reader could rely on";
}

TEST(TagTest, DoesNotTakeAnEndOfSequenceForAKeyFrame) {
  EXPECT_EQ(video({0x17, 2, 0, 0, 0}), UnitKind::delta);
  EXPECT_EQ(video({0x92, 'h', 'v', 'c', '1'}), UnitKind::delta) << "extended";
}

TEST(TagTest, DoesNotTakeACommandFrameForAKeyFrame) {
  EXPECT_EQ(video({0x57, 0}, 2), UnitKind::delta);
  EXPECT_EQ(video({0x57, 1}, 2), UnitKind::delta);
  EXPECT_EQ(video({0xd1, 0}, 2), UnitKind::delta) << "extended: no FourCC follows";
}

TEST(TagTest, TreatsCodecTwelveLikeH264) {
  EXPECT_EQ(video({0x1c, 0}), UnitKind::config);
  EXPECT_EQ(video({0x1c, 1}), UnitKind::key);
  EXPECT_EQ(video({0x2c, 1}), UnitKind::delta);
}

TEST(TagTest, GoesByTheFrameTypeWhereTheCodecIsNotKnown) {
  EXPECT_EQ(video({0x12}), UnitKind::key) << "H.263";
  EXPECT_EQ(video({0x22}), UnitKind::delta);
  EXPECT_EQ(video({0x1f}), UnitKind::key) << "a CodecID nobody has given out";
  EXPECT_EQ(video({0x91, 'n', 'e', 'w', '1'}), UnitKind::key) << "a FourCC nobody knows";
  EXPECT_EQ(video({0xa1, 'n', 'e', 'w', '1'}), UnitKind::delta);
}

TEST(TagTest, MarksDisposableFrames) {
  EXPECT_TRUE(info_of(TagType::video, {0x37, 1}, 16).disposable);
  EXPECT_TRUE(info_of(TagType::video, {0x32}, 16).disposable);
  EXPECT_TRUE(info_of(TagType::video, {0xb1, 'a', 'v', '0', '1'}, 16).disposable);
  EXPECT_FALSE(info_of(TagType::video, {0x27, 1}, 16).disposable);
}

TEST(TagTest, TellsTheKindsOfExtendedVideo) {
  EXPECT_EQ(video({0x90, 'h', 'v', 'c', '1'}), UnitKind::config);
  EXPECT_EQ(video({0x91, 'h', 'v', 'c', '1'}), UnitKind::key);
  EXPECT_EQ(video({0xa1, 'h', 'v', 'c', '1'}), UnitKind::delta);
  EXPECT_EQ(video({0x93, 'h', 'v', 'c', '1'}), UnitKind::key) << "CodedFramesX";
  EXPECT_EQ(video({0xa3, 'a', 'v', '0', '1'}), UnitKind::delta);
  EXPECT_EQ(video({0x94, 'h', 'v', 'c', '1'}), UnitKind::script) << "HDR metadata stays in force";
  EXPECT_EQ(video({0x95, 'a', 'v', '0', '1'}), UnitKind::config) << "MPEG2TSSequenceStart";
}

TEST(TagTest, ReadsTheFourCcAndLeavesTheLegacyCodecZero) {
  const TagInfo info = info_of(TagType::video, {0x91, 'v', 'p', '0', '9'}, 16);
  EXPECT_EQ(info.fourcc, four_cc("vp09"));
  EXPECT_EQ(info.codec, 0);
}

TEST(TagTest, TellsTheKindsOfAudio) {
  EXPECT_EQ(audio({0xaf, 0}), UnitKind::config);
  EXPECT_EQ(audio({0xaf, 1}), UnitKind::audio);
  EXPECT_EQ(audio({0x72}), UnitKind::audio) << "G.711";
  EXPECT_EQ(audio({0x90, 'O', 'p', 'u', 's'}), UnitKind::config);
  EXPECT_EQ(audio({0x91, 'O', 'p', 'u', 's'}), UnitKind::audio);
  EXPECT_EQ(audio({0x92, 'O', 'p', 'u', 's'}), UnitKind::audio);
  EXPECT_EQ(audio({0x94, 'O', 'p', 'u', 's'}), UnitKind::script) << "MultichannelConfig stays in force";
  EXPECT_EQ(audio({0xaf}, 1), UnitKind::audio) << "cut before the packet type";
}

TEST(TagTest, SeesThroughModifiersOfExtendedPackets) {
  // ModEx with 3 bytes (a nanosecond offset), then the packet type that counts.
  EXPECT_EQ(video({0x97, 2, 1, 2, 3, 0x01, 'h', 'v', 'c', '1'}), UnitKind::key);
  EXPECT_EQ(video({0x97, 2, 1, 2, 3, 0x00, 'h', 'v', 'c', '1'}), UnitKind::config);
  EXPECT_EQ(audio({0x97, 0, 9, 0x00, 'O', 'p', 'u', 's'}), UnitKind::config);
}

TEST(TagTest, SurvivesModifiersThatPromiseMoreThanThereIs) {
  EXPECT_EQ(video({0x97, 255, 255, 255}, 4), UnitKind::delta);
  EXPECT_EQ(video({0x97}, 1), UnitKind::delta);
  EXPECT_EQ(audio({0x97, 200}, 2), UnitKind::audio);
}

TEST(TagTest, GivesFurtherTracksOfAMultitrackStreamTheirOwnNumber) {
  const TagInfo second = info_of(TagType::video, {0x96, 0x00, 'h', 'v', 'c', '1', 1}, 16);
  EXPECT_EQ(second.kind, UnitKind::config);
  EXPECT_EQ(second.track, 9 + 32);
  const TagInfo many = info_of(TagType::video, {0x96, 0x11, 'h', 'v', 'c', '1', 0}, 16);
  EXPECT_EQ(many.kind, UnitKind::key);
  EXPECT_EQ(many.track, 9);
  const TagInfo sound = info_of(TagType::audio, {0x95, 0x00, 'O', 'p', 'u', 's', 2}, 16);
  EXPECT_EQ(sound.kind, UnitKind::config);
  EXPECT_EQ(sound.track, 8 + 64);
}

TEST(TagTest, ReadsCompositionTimesWithTheirSign) {
  FlvMaker maker;
  EXPECT_EQ(inspect(maker.delta(1000, 10, 80)).value().composition_ms, 80);
  EXPECT_EQ(inspect(maker.delta(1000, 10, -80)).value().composition_ms, -80);
  EXPECT_EQ(info_of(TagType::video, {0xa1, 'h', 'v', 'c', '1', 0xff, 0xff, 0xff}).composition_ms, -1);
  EXPECT_EQ(info_of(TagType::video, {0xa3, 'h', 'v', 'c', '1', 0xff, 0xff, 0xff}).composition_ms, 0);
  EXPECT_EQ(info_of(TagType::video, {0xa1, 'a', 'v', '0', '1', 0xff, 0xff, 0xff}).composition_ms, 0);
}

TEST(TagTest, TakesEmptyTagsAndUnknownTypes) {
  EXPECT_EQ(video({}, 0), UnitKind::delta);
  EXPECT_EQ(audio({}, 0), UnitKind::audio);
  EXPECT_EQ(video({0x17}, 1), UnitKind::delta) << "cut before the packet type";
  Bytes unknown = tag_of(TagType::script, {1, 2, 3});
  unknown[0] = std::byte{15};
  EXPECT_EQ(inspect(unknown).value().kind, UnitKind::other);
  EXPECT_EQ(inspect(unknown).value().type, 15);
}

TEST(TagTest, ReadsTheKindOfAnEncryptedTag) {
  Bytes tag = tag_of(TagType::video, {0x17, 1}, 16);
  tag[0] |= std::byte{0x20};
  EXPECT_EQ(inspect(tag).value().kind, UnitKind::key);
}

TEST(TagTest, RefusesReservedBitsAndStreamIds) {
  const Bytes good = FlvMaker().key(0);
  for (const std::size_t index : {8u, 9u, 10u}) {
    Bytes tag = good;
    tag[index] = std::byte{1};
    EXPECT_EQ(inspect(tag).error(), Errc::malformed);
  }
  for (const int bit : {0x40, 0x80}) {
    Bytes tag = good;
    tag[0] |= static_cast<std::byte>(bit);
    EXPECT_EQ(inspect(tag).error(), Errc::malformed);
  }
  EXPECT_EQ(inspect(ByteView(good).first(10)).error(), Errc::malformed);
}

TEST(TagTest, KeepsAllThirtyTwoBitsOfATimestamp) {
  FlvMaker maker;
  for (const std::uint32_t timestamp : {0u, 1u, 0xffffffu, 0x1000000u, 0xffffffffu}) {
    EXPECT_EQ(inspect(maker.audio(timestamp)).value().timestamp_ms, timestamp);
    Bytes tag = maker.key(7);
    write_timestamp(tag.data(), timestamp);
    EXPECT_EQ(inspect(tag).value().timestamp_ms, timestamp);
  }
}

TEST(TagTest, MovesACopyAndLeavesTheOriginal) {
  const SharedUnit unit = test::tag_unit(FlvMaker().delta(5000, 50, 40));
  const SharedUnit copy = copy_with_timestamp(*unit, 100);
  EXPECT_EQ(*unit->dts, std::chrono::milliseconds(5000));
  EXPECT_EQ(*copy->dts, std::chrono::milliseconds(100));
  EXPECT_EQ(*copy->pts, std::chrono::milliseconds(140));
  EXPECT_EQ(copy->kind, UnitKind::delta);
  EXPECT_EQ(test::content_of(*copy).data, test::content_of(*unit).data);
  EXPECT_EQ(test::content_of(*copy).timestamp, 100u);
}

TEST(TagTest, KnowsMetadataFromOtherScripts) {
  using namespace std::literals;
  EXPECT_TRUE(is_metadata(FlvMaker().metadata()));
  EXPECT_TRUE(is_metadata(make_tag(TagType::script, 0, as_bytes("\2\0\15@setDataFrame\2\0\12onMetaData"sv))));
  EXPECT_FALSE(is_metadata(make_tag(TagType::script, 0, as_bytes("\2\0\12onTextData"sv))));
  EXPECT_FALSE(is_metadata(make_tag(TagType::video, 0, as_bytes("\2\0\12onMetaData"sv))));
  EXPECT_FALSE(is_metadata(make_tag(TagType::script, 0, {})));
}

TEST(TagTest, NamesCodecs) {
  EXPECT_EQ(codec_name(info_of(TagType::video, {0x17, 0}, 16)), "h264");
  EXPECT_EQ(codec_name(info_of(TagType::video, {0x90, 'h', 'v', 'c', '1'}, 16)), "h265");
  EXPECT_EQ(codec_name(info_of(TagType::audio, {0xaf, 0}, 16)), "aac");
  EXPECT_EQ(codec_name(info_of(TagType::audio, {0x90, 'O', 'p', 'u', 's'}, 16)), "opus");
  EXPECT_EQ(codec_name(info_of(TagType::audio, {0x72}, 16)), "pcma");
  EXPECT_EQ(codec_name(info_of(TagType::video, {0x90, 'n', 'e', 'w', '1'}, 16)), "");
  EXPECT_EQ(codec_name(info_of(TagType::script, {2}, 16)), "");
}

TEST(TagTest, WritesTheFlagsOfTheTracksIntoAFileHeader) {
  const Bytes both = file_header(true, true);
  ASSERT_EQ(both.size(), kFileHeaderBytes);
  EXPECT_EQ(both[4], std::byte{5});
  EXPECT_EQ(file_header(true, false)[4], std::byte{4});
  EXPECT_EQ(file_header(false, true)[4], std::byte{1});
}

}  // namespace
}  // namespace camspan::flv
