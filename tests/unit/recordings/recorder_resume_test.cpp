/// Streams that come back.
#include <gmock/gmock.h>

#include "recorder_fixture.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class RecorderResumeTest : public RecorderFixture {};

TEST_F(RecorderResumeTest, GoesOnInTheMiddleOfAGop) {
  start();
  const auto tags = maker_.stream({.duration_ms = 5000});
  const std::size_t half = tags.size() / 2 + 1;
  auto stream = open(begin_of("a")).value();
  append(*stream, std::span(tags).first(half));
  ASSERT_TRUE(end(*stream));
  const auto before = files();
  stream = open(begin_of("a", half, timestamp_of(tags[half]))).value();
  EXPECT_EQ(stream->next, half);
  append(*stream, std::span(tags).subspan(half));
  commit();
  EXPECT_EQ(end(*stream), tags.size());
  EXPECT_EQ(files().size(), 3u) << "no segment begins without a key frame";
  expect_same(contents_of(read()), contents_of(tags, 0));
  EXPECT_EQ(before.size(), 2u);
}

TEST_F(RecorderResumeTest, GoesOnAfterEveryTag) {
  start();
  const auto tags = maker_.stream({.duration_ms = 400, .gop = 4});
  for (std::size_t cut = 0; cut <= tags.size(); ++cut) {
    const std::string name = "s" + std::to_string(cut);
    auto stream = open(begin_of(name)).value();
    append(*stream, std::span(tags).first(cut));
    ASSERT_EQ(end(*stream), cut);
    stream = open(begin_of(name, cut, timestamp_of(tags[std::min(cut, tags.size() - 1)]))).value();
    append(*stream, std::span(tags).subspan(cut));
    ASSERT_EQ(end(*stream), tags.size());
    std::vector<Segment> segments;
    for (const Segment& segment : index_.segments()) {
      if (segment.name.stream == name) segments.push_back(segment);
    }
    auto reader = RangeReader::open(root(), segments, {}).value();
    SCOPED_TRACE(cut);
    expect_same(contents_of(RecorderFixture::read(*reader)), contents_of(tags, 0));
  }
}

TEST_F(RecorderResumeTest, TakesTheNewStartWhenItGoesOnWithAKeyFrame) {
  start();
  const auto tags = maker_.stream({.duration_ms = 2000});
  const auto more = maker_.stream({.duration_ms = 1000, .first_ms = 2000, .head = false});
  record("a", tags);
  auto begin = begin_of("a", tags.size(), 2000);
  begin.start = kStart + std::chrono::hours(1);
  auto stream = open(begin).value();
  append(*stream, more);
  ASSERT_TRUE(end(*stream));
  const auto segments = index_.segments();
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[1].start, begin.start);
  expect_same(contents_of(read()), contents_of(concat(tags, more), 0));
}

TEST_F(RecorderResumeTest, KeepsTheOldStartWhenTheBodyBeginsBeforeWhatIsStored) {
  start();
  const auto tags = maker_.stream({.duration_ms = 2000});
  const auto more = maker_.stream({.duration_ms = 3000, .first_ms = 2000, .head = false});
  record("a", tags);
  auto begin = begin_of("a", 3);
  begin.start = kStart + std::chrono::hours(1);
  auto stream = open(begin).value();
  EXPECT_EQ(stream->next, tags.size());
  append(*stream, more);
  ASSERT_TRUE(end(*stream));
  EXPECT_EQ(index_.segments().back().start, kStart + milliseconds(4000));
  expect_same(contents_of(read()), contents_of(concat(tags, more), 0));
}

TEST_F(RecorderResumeTest, GoesOnBeyondTheWrapWithSixtyFourBits) {
  start();
  const std::uint32_t first = 0xffffffff - 499;
  const auto tags = maker_.stream({.duration_ms = 1000, .first_ms = first});
  const auto more = maker_.stream({.duration_ms = 3000, .first_ms = 500, .head = false});
  record("a", tags);
  auto stream = open(begin_of("a", 3)).value();
  append(*stream, more);
  ASSERT_TRUE(end(*stream));
  const auto segments = index_.segments();
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[1].base_ms, std::int64_t{first} + 1000);
  EXPECT_EQ(segments[2].base_ms, std::int64_t{first} + 3000);
  EXPECT_EQ(segments[2].start, kStart + milliseconds(3000));
  expect_same(contents_of(read()), contents_of(concat(tags, more), first));
}

TEST_F(RecorderResumeTest, KnowsTheHeadOfAStreamThatComesBack) {
  start();
  const auto tags = maker_.stream({.duration_ms = 2000});
  const auto more = maker_.stream({.duration_ms = 1000, .first_ms = 2000, .head = false});
  record("a", tags);
  auto stream = open(begin_of("a", tags.size(), 2000)).value();
  append(*stream, more);
  ASSERT_TRUE(end(*stream));
  const auto units = test::parse_flv(load(root() / index_.segments().back().path));
  ASSERT_GT(units.size(), 4u);
  EXPECT_EQ(units[2]->kind, UnitKind::config);
  EXPECT_EQ(units[3]->kind, UnitKind::config);
}

TEST_F(RecorderResumeTest, TakesTheHeadThatTheBodyRepeats) {
  start();
  const auto tags = maker_.stream({.duration_ms = 2000});
  record("a", tags);
  auto begin = begin_of("a", tags.size(), 2000);
  begin.head = {test::tag_unit(maker_.avc_config(0, 9))};
  auto stream = open(begin).value();
  append(*stream, maker_.stream({.duration_ms = 100, .first_ms = 2000, .head = false}));
  ASSERT_TRUE(end(*stream));
  const auto units = test::parse_flv(load(root() / index_.segments().back().path));
  EXPECT_TRUE(std::ranges::equal(flv::data_of(units[2]->bytes), flv::data_of(maker_.avc_config(0, 9))));
}

TEST_F(RecorderResumeTest, BeginsANewStreamWithTheHeadItIsGiven) {
  start();
  auto begin = begin_of("a");
  begin.head = {test::tag_unit(maker_.metadata()), test::tag_unit(maker_.avc_config(0, 4))};
  auto stream = open(begin).value();
  // As when recording begins in the middle of an upload.
  const std::vector<Bytes> tags{maker_.key(70'000), maker_.delta(70'040)};
  append(*stream, tags);
  ASSERT_EQ(end(*stream), 2u);
  EXPECT_EQ(index_.segments()[0].first, 0u);
  const auto units = test::parse_flv(read());
  ASSERT_EQ(units.size(), 4u);
  EXPECT_TRUE(std::ranges::equal(flv::data_of(units[1]->bytes), flv::data_of(maker_.avc_config(0, 4))));
  EXPECT_EQ(units[2]->dts, milliseconds(0));
}

}  // namespace
}  // namespace camspan::recordings
