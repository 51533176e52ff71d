/// Where a recording is cut into segments.
#include <gmock/gmock.h>

#include "recorder_fixture.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class RecorderSegmentsTest : public RecorderFixture {};

TEST_F(RecorderSegmentsTest, CutsAtKeyFramesOnly) {
  start();
  const auto tags = maker_.stream({.duration_ms = 9000, .gop = 110});
  record("a", tags);
  const auto segments = index_.segments();
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[1].base_ms, 4400);
  EXPECT_EQ(segments[2].base_ms, 8800);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderSegmentsTest, CutsAudioAnywhere) {
  start();
  const auto tags = maker_.stream({.duration_ms = 5000, .frame_ms = 0});
  record("a", tags);
  EXPECT_EQ(index_.segments().size(), 3u);
  EXPECT_EQ(index_.segments()[1].base_ms, 2000);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderSegmentsTest, DoesNotWaitForVideoThatStopped) {
  start();
  auto tags = maker_.stream({.duration_ms = 1000});
  tags = concat(tags, maker_.stream({.duration_ms = 20'000, .first_ms = 1000, .frame_ms = 0, .head = false}));
  record("a", tags);
  EXPECT_GE(index_.segments().size(), 9u);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderSegmentsTest, CutsBySize) {
  options_.segment_bytes = 15'000;
  options_.segment = std::chrono::hours(1);
  start();
  const auto tags = maker_.stream({.duration_ms = 5000});
  record("a", tags);
  EXPECT_GE(index_.segments().size(), 4u);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderSegmentsTest, BeginsASegmentWhenTimestampsBeginAnew) {
  start();
  auto tags = maker_.stream({.duration_ms = 1000, .first_ms = 5'000'000});
  const auto anew = maker_.stream({.duration_ms = 1000, .first_ms = 0, .head = false});
  record("a", concat(tags, anew));
  const auto segments = index_.segments();
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[1].start, kStart + milliseconds(960)) << "time goes on from the last picture";
  EXPECT_EQ(segments[1].base_ms, 0);
  auto sent = contents_of(tags, 5'000'000);
  for (auto& tag : contents_of(anew, 0)) {
    tag.timestamp += 980 + 40;
    sent.push_back(std::move(tag));
  }
  expect_same(contents_of(read()), sent);
}

TEST_F(RecorderSegmentsTest, KeepsDeltasAfterTimestampsBeginAnew) {
  start();
  auto tags = maker_.stream({.duration_ms = 1000, .first_ms = 5'000'000, .audio_ms = 0});
  for (std::uint32_t t = 0; t < 400; t += 40) tags.push_back(maker_.delta(t));
  const auto after = maker_.stream({.duration_ms = 3000, .first_ms = 400, .audio_ms = 0, .head = false});
  record("a", concat(tags, after));
  const auto played = contents_of(read());
  ASSERT_EQ(played.size(), tags.size() + after.size());
  EXPECT_TRUE(std::ranges::is_sorted(played, {}, &test::TagContent::timestamp));
  EXPECT_EQ(played.back().timestamp, 960u + 40 + 400 + 2960);
}

TEST_F(RecorderSegmentsTest, NumbersSegmentsOfTheSameStart) {
  start();
  for (const char* name : {"a", "b", "c"}) record(name, maker_.stream({.duration_ms = 100}));
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z-1.flv", "cam1/2026/11/21/083000.000Z-2.flv",
                                   "cam1/2026/11/21/083000.000Z.flv"));
}

}  // namespace
}  // namespace camspan::recordings
