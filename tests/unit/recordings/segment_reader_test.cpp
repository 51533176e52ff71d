#include "recordings/segment_reader.hpp"

#include <gmock/gmock.h>

#include "recorder_fixture.hpp"
#include "support/faulty_files.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;
using test::TagContent;

class RangeReaderTest : public RecorderFixture {
 protected:
  RangeReaderTest() { start(); }

  TimeRange from(std::int64_t ms) const { return {kStart + milliseconds(ms), {}}; }
  TimeRange between(std::int64_t start, std::int64_t end) const {
    return {kStart + milliseconds(start), kStart + milliseconds(end)};
  }
  std::unique_ptr<RangeReader> reader(TimeRange range = {}) const {
    return RangeReader::open(root(), index_.segments(), range).value();
  }
  void record_at(std::string name, std::int64_t after_ms, std::span<const Bytes> tags) {
    auto stream = open(begin_of(std::move(name), 0, after_ms)).value();
    append(*stream, tags);
    ASSERT_EQ(end(*stream), tags.size());
  }
  static std::vector<UnitKind> kinds_of(ByteView flv) {
    std::vector<UnitKind> kinds;
    for (const auto& unit : test::parse_flv(flv)) kinds.push_back(unit->kind);
    return kinds;
  }
  /// Timestamps of the media.
  static std::vector<std::int64_t> times_of(ByteView flv) {
    std::vector<std::int64_t> times;
    for (const auto& unit : test::parse_flv(flv)) {
      if (unit->kind != UnitKind::config && unit->kind != UnitKind::script)
        times.push_back(unit->dts->count() / 1000000);
    }
    return times;
  }
};

TEST_F(RangeReaderTest, GivesTheSameBytesInPiecesOfAnySize) {
  record("a", maker_.stream({.duration_ms = 3000}));
  const Bytes whole = read({}, 1 << 20);
  for (const std::size_t piece : {1u, 7u, 100u, 4096u}) EXPECT_EQ(read({}, piece), whole) << piece;
}

TEST_F(RangeReaderTest, BeginsAtTheKeyFrameAtOrBeforeTheStart) {
  record("a", maker_.stream({.duration_ms = 7000}));
  for (const auto& [wanted, key] : {std::pair(0, 0),
                                    {1, 0},
                                    {999, 0},
                                    {1000, 1000},
                                    {1001, 1000},
                                    {1999, 1000},
                                    {2000, 2000},
                                    {3500, 3000},
                                    {6979, 6000}}) {
    const auto from_key = reader(from(wanted));
    EXPECT_EQ(from_key->start_time(), kStart + milliseconds(key)) << wanted;
    const Bytes flv = RecorderFixture::read(*from_key);
    const auto kinds = kinds_of(flv);
    ASSERT_GT(kinds.size(), 4u);
    EXPECT_EQ(std::vector(kinds.begin(), kinds.begin() + 4),
              (std::vector{UnitKind::script, UnitKind::config, UnitKind::config, UnitKind::key}));
    EXPECT_EQ(times_of(flv).front(), 0);
    EXPECT_EQ(times_of(flv).back(), 6980 - key) << wanted;
  }
}

TEST_F(RangeReaderTest, EndsBeforeTheEnd) {
  record("a", maker_.stream({.duration_ms = 7000}));
  const Bytes flv = read(between(1000, 3500));
  EXPECT_EQ(times_of(flv).front(), 0);
  EXPECT_EQ(times_of(flv).back(), 2480);
  EXPECT_EQ(times_of(read(between(1500, 1501))).back(), 500);
  EXPECT_EQ(times_of(read(between(0, 2000))).back(), 1980);
}

TEST_F(RangeReaderTest, HasNothingAfterEverythingOrWithoutSegments) {
  EXPECT_EQ(RangeReader::open(root(), {}, {}).error(), Errc::not_found);
  EXPECT_EQ(RangeReader::open(root(), {}, from(0)).error(), Errc::not_found);
  record("a", maker_.stream({.duration_ms = 1000}));
  EXPECT_EQ(RangeReader::open(root(), index_.segments(), from(5000)).error(), Errc::not_found);
  EXPECT_EQ(RangeReader::open(root(), index_.segments(), between(-5000, -1000)).error(), Errc::not_found);
}

TEST_F(RangeReaderTest, BeginsWithTheFirstKeyFrameWhenTheStartIsBeforeEverything) {
  std::vector<Bytes> tags{maker_.avc_config(), maker_.delta(0), maker_.audio(20), maker_.key(40), maker_.delta(80)};
  record("a", tags);
  EXPECT_EQ(times_of(read(from(-1000))), (std::vector<std::int64_t>{0, 40}));
  EXPECT_EQ(reader(from(-1000))->start_time(), kStart + milliseconds(40));
  EXPECT_EQ(times_of(read()), (std::vector<std::int64_t>{0, 20, 40, 80})) << "without a start nothing is left out";
}

TEST_F(RangeReaderTest, GoesBackToTheSegmentThatHoldsTheKeyFrame) {
  // The stream went on in a new segment without a key frame, because the last one could not be opened again then.
  const auto tags = maker_.stream({.duration_ms = 2000, .gop = 1000});
  record("a", std::span(tags).first(60));
  const std::string first = files()[0];
  std::filesystem::rename(root() / first, root() / "aside");
  auto stream = open(begin_of("a", 60, timestamp_of(tags[60]))).value();
  append(*stream, std::span(tags).subspan(60));
  ASSERT_TRUE(end(*stream));
  std::filesystem::rename(root() / "aside", root() / first);
  ASSERT_EQ(index_.segments().size(), 2u);
  const auto late = reader(from(1900));
  EXPECT_EQ(late->start_time(), kStart);
  expect_same(contents_of(RecorderFixture::read(*late)), contents_of(tags, 0));
}

TEST_F(RangeReaderTest, PlaysAudioFromTheTagAtOrBeforeTheStart) {
  record("a", maker_.stream({.duration_ms = 5000, .frame_ms = 0}));
  const auto audio = reader(from(3010));
  EXPECT_EQ(audio->start_time(), kStart + milliseconds(3000));
  EXPECT_EQ(times_of(RecorderFixture::read(*audio)).back(), 1980);
}

TEST_F(RangeReaderTest, KeepsAudioThatIsALittleBeforeTheKeyFrame) {
  std::vector<Bytes> tags{maker_.avc_config(), maker_.aac_config()};
  for (std::uint32_t t = 40; t < 5000; t += 40) {
    tags.push_back((t - 40) % 1000 == 0 ? maker_.key(t) : maker_.delta(t));
    tags.push_back(maker_.audio(t - 30));
  }
  record("a", tags);
  const Bytes flv = read(from(3500));
  const auto times = times_of(flv);
  EXPECT_EQ(times[0], 30) << "the key frame";
  EXPECT_EQ(times[1], 0) << "the audio that follows it";
  EXPECT_EQ(times[2], 70);
}

TEST_F(RangeReaderTest, PutsAnotherStreamCloseBehind) {
  record_at("a", 0, maker_.stream({.duration_ms = 1000}));
  record_at("b", 60'000, maker_.stream({.duration_ms = 1000, .first_ms = 4'000'000'000}));
  const Bytes flv = read();
  const auto times = times_of(flv);
  const auto seam = std::ranges::find(times, 980);
  ASSERT_NE(seam, times.end());
  EXPECT_EQ(*(seam + 1), 980 + 40);
  EXPECT_EQ(times.back(), 980 + 40 + 980);
  // Equal configs are not repeated, and neither is equal metadata.
  EXPECT_EQ(std::ranges::count(kinds_of(flv), UnitKind::config), 2);
  EXPECT_EQ(std::ranges::count(kinds_of(flv), UnitKind::script), 1);
}

TEST_F(RangeReaderTest, RepeatsConfigsThatDifferInAnotherStream) {
  record_at("a", 0, maker_.stream({.duration_ms = 200}));
  auto tags = maker_.stream({.duration_ms = 200});
  tags[1] = maker_.avc_config(0, 5);
  record_at("b", 60'000, tags);
  const Bytes flv = read();
  EXPECT_EQ(std::ranges::count(kinds_of(flv), UnitKind::config), 3);
  const auto units = test::parse_flv(flv);
  const auto changed = std::ranges::find_if(
      units, [&](const auto& unit) { return std::ranges::equal(flv::data_of(unit->bytes), flv::data_of(tags[1])); });
  ASSERT_NE(changed, units.end());
  EXPECT_EQ((*changed)->dts, milliseconds(180 + 40)) << "right before the key frame it is for";
  EXPECT_EQ((*(changed + 1))->kind, UnitKind::key);
}

TEST_F(RangeReaderTest, GivesStreamsThatTakeTurnsOneTimeline) {
  const auto a = maker_.stream({.duration_ms = 4000});
  const std::size_t half = 3 + 50 + 100;
  auto stream = open(begin_of("a")).value();
  append(*stream, std::span(a).first(half));
  ASSERT_TRUE(end(*stream));
  record_at("b", 10'000, maker_.stream({.duration_ms = 1000}));
  stream = open(begin_of("a", half, 20'000)).value();
  append(*stream, std::span(a).subspan(half));
  ASSERT_TRUE(end(*stream));
  const auto times = times_of(read());
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_EQ(times.back(), 1980 + 40 + 980 + 40 + 1980);
}

TEST_F(RangeReaderTest, KeepsTheDistanceOfTimestampsOverAMissingSegment) {
  record("a", maker_.stream({.duration_ms = 7000}));
  auto segments = index_.segments();
  segments.erase(segments.begin() + 1);
  auto partial = RangeReader::open(root(), segments, {}).value();
  const auto times = times_of(RecorderFixture::read(*partial));
  EXPECT_EQ(std::ranges::count(times, 3000), 0);
  EXPECT_EQ(times.back(), 6980);
}

TEST_F(RangeReaderTest, GoesForwardWhereAListGoesBackInAStream) {
  record("a", maker_.stream({.duration_ms = 4000}));
  auto segments = index_.segments();
  std::ranges::reverse(segments);
  auto back = RangeReader::open(root(), segments, {}).value();
  const auto times = times_of(RecorderFixture::read(*back));
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_EQ(times.back(), 1980 + 40 + 1980);
}

TEST_F(RangeReaderTest, LeavesOutFilesThatAreGoneOrNotOurs) {
  record("a", maker_.stream({.duration_ms = 7000}));
  const auto names = files();
  ASSERT_EQ(names.size(), 4u);
  std::filesystem::remove(root() / names[0]);
  store(root() / names[2], as_bytes("broken"));
  const auto times = times_of(read());
  EXPECT_EQ(times.front(), 0);
  EXPECT_EQ(times.back(), 4980) << "from the second segment to the end of the last";
}

TEST_F(RangeReaderTest, ReadsAGrowingSegmentAsFarAsItIsCommitted) {
  auto stream = open(begin_of("a")).value();
  const auto tags = maker_.stream({.duration_ms = 1000});
  append(*stream, std::span(tags).first(20));
  commit();
  const auto listed = index_.segments();
  auto early = RangeReader::open(root(), listed, {}).value();
  append(*stream, std::span(tags).subspan(20));
  commit();
  expect_same(contents_of(RecorderFixture::read(*early)), contents_of(std::span(tags).first(20), 0));
  ASSERT_TRUE(end(*stream));
  auto late = RangeReader::open(root(), listed, {}).value();
  expect_same(contents_of(RecorderFixture::read(*late)), contents_of(std::span(tags).first(20), 0));
}

TEST_F(RangeReaderTest, FindsAFinishedSegmentThatGrowsAgain) {
  const auto tags = maker_.stream({.duration_ms = 1000});
  record("a", std::span(tags).first(20));
  const auto listed = index_.segments();
  auto stream = open(begin_of("a", 20, 200)).value();
  append(*stream, std::span(tags).subspan(20));
  commit();
  auto reader = RangeReader::open(root(), listed, {}).value();
  expect_same(contents_of(RecorderFixture::read(*reader)), contents_of(std::span(tags).first(20), 0));
}

TEST_F(RangeReaderTest, ShowsWhichTracksThereAre) {
  record("a", maker_.stream({.duration_ms = 100, .frame_ms = 0}));
  EXPECT_EQ(read()[4], std::byte{4});
  std::filesystem::remove_all(root());
  index_.clear();
  record("b", maker_.stream({.duration_ms = 100, .audio_ms = 0}));
  EXPECT_EQ(read()[4], std::byte{1});
}

TEST_F(RangeReaderTest, ShowsATrackThatCameLate) {
  auto stream = open(begin_of("a")).value();
  append(*stream, maker_.stream({.duration_ms = 100, .audio_ms = 0}));
  commit();
  append(*stream, std::vector{maker_.aac_config(100), maker_.audio(100)});
  ASSERT_TRUE(end(*stream));
  EXPECT_EQ(load(root() / files()[0])[4], std::byte{5});
}

TEST_F(RangeReaderTest, SaysWhenADiskCannotBeRead) {
  record("a", maker_.stream({.duration_ms = 1000}));
  recorder_.reset();
  test::FaultyFiles faults;
  auto begun = reader();
  ASSERT_TRUE(begun->next(1000).value());
  faults.read_error = EIO;
  EXPECT_EQ(begun->next(100'000).error(), std::error_code(EIO, std::generic_category()));
  EXPECT_EQ(RangeReader::open(root(), index_.segments(), {}).error(), std::error_code(EIO, std::generic_category()));
}

TEST_F(RangeReaderTest, SaysWhenAFileIsCutInTheMiddleOfATag) {
  record("a", std::vector{maker_.avc_config(), maker_.key(0, 100'000)});
  auto begun = reader();
  ASSERT_TRUE(begun->next(1000).value());
  std::filesystem::resize_file(root() / files()[0], 2000);
  EXPECT_EQ(begun->next(100'000).error(), Errc::io_error);
}

TEST_F(RangeReaderTest, HoldsLittleMemoryForALargeTag) {
  record("a", std::vector{maker_.avc_config(), maker_.key(0, 3'000'000), maker_.delta(40, 100)});
  auto large = reader();
  std::size_t bytes = 0;
  while (const auto piece = large->next(1000).value()) {
    EXPECT_LE(piece->capacity(), 2000u);
    bytes += piece->size();
  }
  EXPECT_GT(bytes, 3'000'000u);
}

TEST_F(RangeReaderTest, GivesOneKeyFrameAlone) {
  record("a", maker_.stream({.duration_ms = 5000}));
  const auto frame = read_key_frame(root(), index_.segments(), kStart + milliseconds(3700)).value();
  EXPECT_EQ(frame.time, kStart + milliseconds(3000));
  EXPECT_EQ(kinds_of(frame.flv), (std::vector{UnitKind::script, UnitKind::config, UnitKind::key}));
  EXPECT_EQ(times_of(frame.flv), std::vector<std::int64_t>{0});
  const auto last = read_key_frame(root(), index_.segments(), kStart + std::chrono::hours(5)).value();
  EXPECT_EQ(last.time, kStart + milliseconds(4000)) << "however long ago";
  EXPECT_EQ(read_key_frame(root(), index_.segments(), kStart - milliseconds(1)).error(), Errc::not_found);
}

TEST_F(RangeReaderTest, HasNoKeyFrameInAudio) {
  record("a", maker_.stream({.duration_ms = 1000, .frame_ms = 0}));
  EXPECT_EQ(read_key_frame(root(), index_.segments(), kStart + milliseconds(500)).error(), Errc::not_found);
}

}  // namespace
}  // namespace camspan::recordings
