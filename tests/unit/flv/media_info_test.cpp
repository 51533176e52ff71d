#include "proto/flv/media_info.hpp"

#include <gtest/gtest.h>

#include "proto/flv/amf.hpp"
#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::flv {
namespace {

using test::tag_unit;

class MediaInfoTest : public testing::Test {
 protected:
  MediaInfo::News take(Bytes tag) { return info_.take(*tag_unit(std::move(tag))); }

  test::FlvMaker maker_;
  MediaInfo info_;
};

TEST_F(MediaInfoTest, ReadsAnUsualHead) {
  take(maker_.metadata(1280, 720, 30));
  EXPECT_FALSE(info_.video());
  EXPECT_TRUE(take(maker_.avc_config()).video);
  EXPECT_TRUE(take(maker_.aac_config()).audio);
  EXPECT_EQ(info_.video()->codec, "h264");
  EXPECT_EQ(info_.video()->width, 1280u);
  EXPECT_EQ(info_.video()->height, 720u);
  EXPECT_EQ(info_.video()->fps, 30);
  EXPECT_EQ(info_.audio()->codec, "aac");
  EXPECT_EQ(info_.audio()->rate, 44100u);
  EXPECT_EQ(info_.audio()->channels, 1u);
}

TEST_F(MediaInfoTest, MediaThatTellNothingNewAreNoNews) {
  take(maker_.avc_config());
  take(maker_.aac_config());
  for (const auto& news :
       {take(maker_.key(0)), take(maker_.delta(40)), take(maker_.audio(40)), take(maker_.avc_config())}) {
    EXPECT_FALSE(news.video);
    EXPECT_FALSE(news.audio);
  }
}

TEST_F(MediaInfoTest, LaterMetadataChangesTheSize) {
  take(maker_.metadata(640, 360));
  take(maker_.key(0));
  EXPECT_EQ(info_.video()->width, 640u);
  EXPECT_TRUE(take(maker_.metadata(1920, 1080)).video);
  EXPECT_EQ(info_.video()->width, 1920u);
}

TEST_F(MediaInfoTest, NonsenseInMetadataIsNotKnown) {
  take(maker_.metadata(-5, 1e30, std::numeric_limits<double>::quiet_NaN()));
  take(maker_.key(0));
  EXPECT_EQ(info_.video()->width, 0u);
  EXPECT_EQ(info_.video()->height, 0u);
  EXPECT_EQ(info_.video()->fps, 0);
}

TEST_F(MediaInfoTest, G711IsEightKilohertz) {
  const Bytes data{std::byte{0x72}, std::byte{0xd5}};
  EXPECT_TRUE(take(flv::make_tag(flv::TagType::audio, 0, data)).audio);
  EXPECT_EQ(info_.audio()->rate, 8000u);
  EXPECT_EQ(info_.audio()->channels, 1u);
}

TEST_F(MediaInfoTest, ShortTagsAreHarmless) {
  for (const flv::TagType type : {flv::TagType::audio, flv::TagType::video, flv::TagType::script})
    for (const int first : {0xaf, 0x17, 0x00, 0xff})
      for (std::size_t size = 0; size < 4; ++size) {
        const Bytes data(size, static_cast<std::byte>(first));
        take(flv::make_tag(type, 0, data));
      }
  SUCCEED();
}

}  // namespace
}  // namespace camspan::flv
