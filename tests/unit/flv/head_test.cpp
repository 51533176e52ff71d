#include "proto/flv/head.hpp"

#include <gtest/gtest.h>

#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::flv {
namespace {

using namespace std::literals;
using test::tag_unit;

class HeadTest : public testing::Test {
 protected:
  test::FlvMaker maker_;
  Head head_;
};

TEST_F(HeadTest, PutsMetadataFirst) {
  const auto avc = tag_unit(maker_.avc_config());
  const auto aac = tag_unit(maker_.aac_config());
  const auto metadata = tag_unit(maker_.metadata());
  for (const auto& tag : {avc, aac, metadata}) EXPECT_TRUE(head_.put(tag));
  EXPECT_EQ(head_.tags(), (std::vector{metadata, avc, aac}));
}

TEST_F(HeadTest, KeepsTheLatestOfEachKindAndTrack) {
  head_.put(tag_unit(maker_.avc_config(0, 1)));
  const auto later = tag_unit(maker_.avc_config(500, 2));
  EXPECT_TRUE(head_.holds_place_of(*later));
  EXPECT_FALSE(head_.holds(*later));
  head_.put(later);
  EXPECT_EQ(head_.tags(), std::vector{later});
  EXPECT_TRUE(head_.holds(*tag_unit(maker_.avc_config(900, 2)))) << "whatever its timestamp";
}

TEST_F(HeadTest, LeavesMediaAndEventsAlone) {
  EXPECT_FALSE(head_.put(tag_unit(maker_.key(0))));
  EXPECT_FALSE(head_.put(tag_unit(maker_.audio(0))));
  EXPECT_FALSE(head_.put(tag_unit(make_tag(TagType::script, 0, as_bytes("\2\0\12onTextData"sv)))));
  EXPECT_TRUE(head_.tags().empty());
}

TEST_F(HeadTest, KnowsWhichTracksHaveAConfig) {
  head_.put(tag_unit(maker_.aac_config()));
  EXPECT_TRUE(head_.has_config(8));
  EXPECT_FALSE(head_.has_config(9));
}

TEST_F(HeadTest, TakesNoHugeTags) {
  Bytes data(300 << 10);
  data[0] = std::byte{0x17};
  EXPECT_FALSE(head_.put(tag_unit(make_tag(TagType::video, 0, data))));
}

TEST_F(HeadTest, TakesNoFileHeader) {
  EXPECT_FALSE(head_.put(make_unit(file_header(true, true), UnitKind::config)));
}

TEST_F(HeadTest, IsBoundedInNumber) {
  for (int track = 0; track < 200; ++track) {
    auto unit = std::make_shared<Unit>(*tag_unit(maker_.avc_config()));
    unit->track = static_cast<std::uint8_t>(track + 19);
    head_.put(unit);
  }
  EXPECT_EQ(head_.tags().size(), 32u);
}

}  // namespace
}  // namespace camspan::flv
