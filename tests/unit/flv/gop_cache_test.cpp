#include "proto/flv/gop_cache.hpp"

#include <gtest/gtest.h>

#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::flv {
namespace {

using test::tag_unit;

class GopCacheTest : public testing::Test {
 protected:
  SharedUnit push(Bytes tag) {
    auto unit = tag_unit(std::move(tag));
    cache_.push(unit);
    return unit;
  }
  /// All but the file header.
  static std::vector<SharedUnit> tags_of(std::vector<SharedUnit> units) {
    units.erase(units.begin());
    return units;
  }

  /// What a viewer gets first.
  std::vector<SharedUnit> snapshot() const {
    auto units = cache_.has_key() ? cache_.head_at_key() : cache_.head();
    units.insert(units.end(), cache_.since_key().begin(), cache_.since_key().end());
    return units;
  }

  test::FlvMaker maker_;
  GopCache cache_{100'000};
};

TEST_F(GopCacheTest, BeginsWithAFileHeader) {
  push(maker_.avc_config());
  const auto units = snapshot();
  ASSERT_FALSE(units.empty());
  EXPECT_TRUE(std::ranges::equal(units[0]->bytes, file_header(false, true)));
  push(maker_.audio(0));
  EXPECT_TRUE(std::ranges::equal(cache_.head()[0]->bytes, file_header(true, true)));
}

TEST_F(GopCacheTest, GivesTheHeadAndAllSinceTheLastKeyFrame) {
  const auto metadata = push(maker_.metadata());
  const auto avc = push(maker_.avc_config());
  const auto aac = push(maker_.aac_config());
  push(maker_.key(0));
  push(maker_.delta(40));
  const auto key = push(maker_.key(80));
  const auto audio = push(maker_.audio(81));
  const auto delta = push(maker_.delta(120));
  EXPECT_TRUE(cache_.has_key());
  EXPECT_EQ(tags_of(snapshot()), (std::vector{metadata, avc, aac, key, audio, delta}));
  EXPECT_EQ(tags_of(cache_.head()), (std::vector{metadata, avc, aac}));
  EXPECT_EQ(cache_.bytes(), key->bytes.size() + audio->bytes.size() + delta->bytes.size());
}

TEST_F(GopCacheTest, HoldsReferencesAndCopiesNothing) {
  const auto key = push(maker_.key(0));
  EXPECT_EQ(tags_of(snapshot())[0].get(), key.get());
}

TEST_F(GopCacheTest, ShowsAConfigThatChangesInTheMiddleOnlyWhereItCame) {
  const auto before = push(maker_.avc_config(0, 1));
  const auto key = push(maker_.key(0));
  const auto after = push(maker_.avc_config(40, 2));
  const auto delta = push(maker_.delta(40));
  EXPECT_EQ(tags_of(snapshot()), (std::vector{before, key, after, delta}));
  EXPECT_EQ(tags_of(cache_.head()), std::vector{after});
  const auto next = push(maker_.key(80));
  EXPECT_EQ(tags_of(snapshot()), (std::vector{after, next}));
}

TEST_F(GopCacheTest, HasNothingToStartAtBeforeTheFirstKeyFrame) {
  push(maker_.avc_config());
  push(maker_.delta(0));
  push(maker_.audio(0));
  EXPECT_FALSE(cache_.has_key());
  EXPECT_EQ(snapshot().size(), 2u);
  EXPECT_EQ(cache_.bytes(), 0u);
}

TEST_F(GopCacheTest, GivesUpAGopOverItsBoundUntilTheNextKeyFrame) {
  push(maker_.avc_config());
  push(maker_.key(0, 60'000));
  push(maker_.delta(40, 60'000));
  EXPECT_FALSE(cache_.has_key());
  push(maker_.delta(80, 100));
  EXPECT_FALSE(cache_.has_key()) << "a delta without its key frame is of no use";
  push(maker_.key(120, 100));
  EXPECT_TRUE(cache_.has_key());
}

TEST_F(GopCacheTest, TakesNoKeyFrameOverItsBound) {
  push(maker_.key(0, 200'000));
  EXPECT_FALSE(cache_.has_key());
  EXPECT_EQ(cache_.bytes(), 0u);
}

TEST_F(GopCacheTest, KnowsAnAudioStream) {
  push(maker_.aac_config());
  push(maker_.audio(0));
  EXPECT_FALSE(cache_.has_video());
  push(maker_.delta(0));
  EXPECT_TRUE(cache_.has_video());
}

TEST_F(GopCacheTest, ForgetsEverythingWhenCleared) {
  push(maker_.avc_config());
  push(maker_.key(0));
  cache_.clear();
  EXPECT_FALSE(cache_.has_key());
  EXPECT_FALSE(cache_.has_video());
  EXPECT_EQ(snapshot().size(), 1u);
  push(maker_.key(0, 60'000));
  EXPECT_TRUE(cache_.has_key()) << "the bound stays";
}

}  // namespace
}  // namespace camspan::flv
