#include "recordings/recorder.hpp"

#include <gmock/gmock.h>

#include "recorder_fixture.hpp"
#include "recordings/segment_scan.hpp"
#include "recordings/segment_writer.hpp"
#include "support/test_media.hpp"

namespace camspan::recordings {
namespace {

using namespace std::literals;
using std::chrono::milliseconds;
using testing::ElementsAre;

class RecorderTest : public RecorderFixture {
 protected:
  std::unique_ptr<Recording> kept_;
};

TEST_F(RecorderTest, GivesBackExactlyWhatCameIn) {
  start();
  const auto tags = maker_.stream({.duration_ms = 7000, .first_ms = 5000});
  record("a", tags);
  expect_same(contents_of(read()), contents_of(tags, 5000));
}

TEST_F(RecorderTest, WritesLargeTagsAsTheyAre) {
  start();
  // Key frames just below, at and above what goes to the file by itself, and each first in its segment.
  for (const std::size_t size : {SegmentWriter::kLargeTagBytes - 21, SegmentWriter::kLargeTagBytes - 20,
                                 SegmentWriter::kLargeTagBytes, std::size_t{3'000'000}}) {
    auto tags = maker_.stream({.duration_ms = 5000, .first_ms = 5000, .key_bytes = size});
    for (Bytes& tag : tags) std::fill(tag.end() - flv::kTrailerBytes, tag.end(), std::byte{});  // as some senders do
    auto begin = begin_of("large");
    begin.name.stream += std::to_string(size);
    begin.start += std::chrono::minutes(size);
    auto stream = open(begin).value();
    append(*stream, tags);
    ASSERT_EQ(end(*stream), tags.size());
    const TimeRange range{begin.start, begin.start + 10s};
    const Bytes flv = read(range, 4096);
    expect_same(contents_of(flv), contents_of(tags, 5000));
  }
  for (const auto& segment : index_.segments()) {
    const auto scan = scan_segment(root(), segment.path);
    ASSERT_TRUE(scan);
    EXPECT_EQ(scan->file_bytes, segment.bytes);
    EXPECT_EQ(scan->segment.end, segment.end);
  }
}

TEST_F(RecorderTest, NamesFilesByTheCaptureTimeOfTheirFirstTag) {
  start();
  record("a", maker_.stream({.duration_ms = 5000, .first_ms = 12345}));
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv", "cam1/2026/11/21/083002.000Z.flv",
                                   "cam1/2026/11/21/083004.000Z.flv"));
}

TEST_F(RecorderTest, PutsOtherChannelsIntoTheirOwnFolder) {
  start();
  auto begin = begin_of("a");
  begin.name.channel = 2;
  auto stream = open(begin).value();
  append(*stream, maker_.stream({.duration_ms = 100}));
  ASSERT_TRUE(end(*stream));
  EXPECT_THAT(files(), ElementsAre("cam1/ch2/2026/11/21/083000.000Z.flv"));
}

TEST_F(RecorderTest, WritesSegmentsThatPlayAlone) {
  start();
  record("a", maker_.stream({.duration_ms = 5000, .first_ms = 12345}));
  for (const std::string& name : files()) {
    const auto units = test::parse_flv(load(root() / name));
    ASSERT_GT(units.size(), 4u);
    EXPECT_EQ(units[0]->kind, UnitKind::script) << "onMetaData";
    EXPECT_EQ(units[1]->kind, UnitKind::script) << "the stamp";
    EXPECT_EQ(units[2]->kind, UnitKind::config);
    EXPECT_EQ(units[3]->kind, UnitKind::config);
    EXPECT_EQ(units[4]->kind, UnitKind::key);
    EXPECT_EQ(units[4]->dts, milliseconds(0)) << "timestamps from 0";
    EXPECT_EQ(load(root() / name)[4], std::byte{5}) << "flags of audio and video";
  }
}

TEST_F(RecorderTest, ListsWhatTheFilesSay) {
  start();
  record("a", maker_.stream({.duration_ms = 5000, .first_ms = 12345}));
  const auto segments = index_.segments();
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0].first, 3u) << "metadata and two configs are its head";
  EXPECT_EQ(segments[0].base_ms, 12345);
  EXPECT_EQ(segments[1].base_ms, 14345);
  EXPECT_EQ(segments[0].duration, milliseconds(1980));
  for (std::size_t i = 0; i < segments.size(); ++i) {
    EXPECT_TRUE(i == 0 || continues(segments[i - 1], segments[i]));
    EXPECT_EQ(std::filesystem::file_size(root() / segments[i].path), segments[i].bytes);
    const auto scan = scan_segment(root(), segments[i].path);
    ASSERT_TRUE(scan);
    EXPECT_EQ(scan->file_bytes, segments[i].bytes);
    EXPECT_EQ(scan->segment.name, segments[i].name);
    EXPECT_EQ(scan->segment.start, segments[i].start);
    EXPECT_EQ(scan->segment.duration, segments[i].duration);
    EXPECT_EQ(scan->segment.bytes, segments[i].bytes);
    EXPECT_EQ(scan->segment.first, segments[i].first);
    EXPECT_EQ(scan->segment.end, segments[i].end);
    EXPECT_EQ(scan->segment.base_ms, segments[i].base_ms);
  }
}

TEST_F(RecorderTest, AcknowledgesOnlyWhatIsStored) {
  start();
  auto stream = open(begin_of("a")).value();
  const auto tags = maker_.stream({.duration_ms = 1000});
  append(*stream, std::span(tags).first(3));
  commit();
  EXPECT_TRUE(stream->committed.empty()) << "the head alone is no recording yet";
  append(*stream, std::span(tags).subspan(3, 10));
  commit();
  EXPECT_THAT(stream->committed, ElementsAre(13u));
  append(*stream, std::span(tags).subspan(13));
  EXPECT_EQ(end(*stream), tags.size());
  EXPECT_THAT(stream->committed, ElementsAre(13u, tags.size()));
  EXPECT_TRUE(stream->failures.empty());
}

TEST_F(RecorderTest, CommitsBySizeWithoutBeingAsked) {
  options_.sync_bytes = 1;
  start();
  auto stream = open(begin_of("a")).value();
  std::promise<void> stored;
  auto future = stored.get_future();
  auto watched = open({.name = {"cam2", 0, "b"}, .start = kStart, .first = 0, .head = {}}).value();
  recorder_->begin({.name = {"cam3", 0, "c"}, .start = kStart, .first = 0, .head = {}},
                   {[&stored](std::uint64_t tags) {
                      if (tags == 1) stored.set_value();
                    },
                    {}},
                   [this](Result<Recorder::Ready> ready) {
                     kept_ = std::move(ready->recording);
                     kept_->append(test::tag_unit(maker_.key(0)), 0);
                   });
  wait_ready(future);
  kept_.reset();
}

TEST_F(RecorderTest, CommitsByAgeWithoutBeingAsked) {
  options_.sync_interval = milliseconds(1);
  start();
  std::promise<void> stored;
  auto future = stored.get_future();
  recorder_->begin(begin_of("a"), {[&stored](std::uint64_t) { stored.set_value(); }, {}},
                   [this](Result<Recorder::Ready> ready) {
                     kept_ = std::move(ready->recording);
                     kept_->append(test::tag_unit(maker_.key(0)), 0);
                   });
  wait_ready(future);
  kept_.reset();
}

TEST_F(RecorderTest, CountsPendingBytesDownWhenTheyAreWritten) {
  start();
  auto stream = open(begin_of("a")).value();
  const Bytes key = maker_.key(0);
  append(*stream, {{key}});
  EXPECT_EQ(stream->recording->pending_bytes(), key.size());
  commit();
  EXPECT_EQ(stream->recording->pending_bytes(), 0u);
}

TEST_F(RecorderTest, KeepsMediaBeforeTheFirstKeyFrame) {
  start();
  const std::vector<Bytes> tags{maker_.audio(0), maker_.delta(10), maker_.delta(50), maker_.key(90)};
  record("a", tags);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderTest, KeepsASecondHeadAtTheFront) {
  start();
  const auto head = maker_.stream({.duration_ms = 0});
  const auto tags = concat(concat(head, head), maker_.stream({.duration_ms = 100, .head = false}));
  record("a", tags);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderTest, KeepsMoreTracksThanAHeadHolds) {
  start();
  // Every track and kind that Enhanced RTMP can number, at the front of one stream.
  std::vector<Bytes> tags;
  for (int track = 0; track < 8; ++track) {
    for (const int packet : {0, 4}) {
      Bytes video(16, std::byte{0});
      Bytes audio(16, std::byte{0});
      std::ranges::copy(as_bytes("\x96\0hvc1"sv), video.begin());
      std::ranges::copy(as_bytes("\x95\0Opus"sv), audio.begin());
      video[1] = audio[1] = static_cast<std::byte>(packet);
      video[6] = audio[6] = static_cast<std::byte>(track);
      tags.push_back(flv::make_tag(flv::TagType::video, 0, video));
      tags.push_back(flv::make_tag(flv::TagType::audio, 0, audio));
    }
  }
  tags.insert(tags.begin(), maker_.metadata());
  tags.push_back(maker_.key(0));
  record("a", tags);
  EXPECT_EQ(contents_of(read()).size(), tags.size());
}

TEST_F(RecorderTest, KeepsConfigsThatChangeInTheMiddle) {
  start();
  auto tags = maker_.stream({.duration_ms = 1000});
  tags.push_back(maker_.avc_config(1000, 7));
  tags.push_back(maker_.metadata(1280, 720, 25, 0));
  tags = concat(tags, maker_.stream({.duration_ms = 4000, .first_ms = 1000, .head = false}));
  record("a", tags);
  expect_same(contents_of(read()), contents_of(tags, 0));
  // The later segments begin with what is in force there.
  const auto units = test::parse_flv(load(root() / files().back()));
  EXPECT_TRUE(std::ranges::equal(flv::data_of(units[0]->bytes), flv::data_of(maker_.metadata(1280, 720))));
  EXPECT_TRUE(std::ranges::equal(flv::data_of(units[2]->bytes), flv::data_of(maker_.avc_config(0, 7))));
}

TEST_F(RecorderTest, GoesOverTheWrapOfTimestamps) {
  start();
  const std::uint32_t first = 0xffffffff - 2500;
  const auto tags = maker_.stream({.duration_ms = 7000, .first_ms = first});
  record("a", tags);
  expect_same(contents_of(read()), contents_of(tags, first));
  EXPECT_EQ(index_.segments().back().base_ms, std::int64_t{first} + 6000) << "64 bits";
  EXPECT_EQ(index_.segments().back().start, kStart + milliseconds(6000));
}

TEST_F(RecorderTest, KeepsStepsBackBetweenTracks) {
  start();
  std::vector<Bytes> tags{maker_.avc_config(1000), maker_.aac_config(1000)};
  for (std::uint32_t t = 1000; t < 9000; t += 40) {
    tags.push_back(t % 1000 == 0 ? maker_.key(t) : maker_.delta(t));
    tags.push_back(maker_.audio(t - 25));
    tags.push_back(maker_.audio(t - 5));
  }
  record("a", tags);
  expect_same(contents_of(read()), contents_of(tags, 975));
  EXPECT_GT(files().size(), 3u);
}

TEST_F(RecorderTest, MeasuresCaptureTimeByMediaWhenTheHeadHasNoTimestamps) {
  start();
  auto tags = maker_.stream({.duration_ms = 0});
  tags = concat(tags, maker_.stream({.duration_ms = 1000, .first_ms = 50'000'000, .head = false}));
  record("a", tags);
  EXPECT_EQ(index_.segments()[0].start, kStart);
  EXPECT_EQ(index_.segments()[0].base_ms, 50'000'000);
  expect_same(contents_of(read()), contents_of(tags, 50'000'000));  // even those timestamps stay what they were
}

TEST_F(RecorderTest, StoresAStreamThatHasAHeadOnly) {
  start();
  const auto head = maker_.stream({.duration_ms = 0});
  record("a", head);
  EXPECT_EQ(index_.last_of({"cam1", 0, "a"})->end, 3u);
  auto stream = open(begin_of("a", 3)).value();
  EXPECT_EQ(stream->next, 3u) << "and goes on with it";
  const auto media = maker_.stream({.duration_ms = 500, .head = false});
  append(*stream, media);
  ASSERT_TRUE(end(*stream));
  expect_same(contents_of(read()), contents_of(concat(head, media), 0));
}

TEST_F(RecorderTest, EndsAStreamWithoutTags) {
  start();
  auto stream = open(begin_of("a")).value();
  EXPECT_EQ(end(*stream), 0u);
  EXPECT_TRUE(files().empty());
}

TEST_F(RecorderTest, FinishesASegmentWhoseOwnerLetsGo) {
  start();
  auto stream = open(begin_of("a")).value();
  append(*stream, maker_.stream({.duration_ms = 100}));
  stream->recording.reset();
  settle();
  commit();
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv"));
}

TEST_F(RecorderTest, FinishesEverythingBeforeItGoes) {
  start();
  auto stream = open(begin_of("a")).value();
  const auto tags = maker_.stream({.duration_ms = 500});
  append(*stream, tags);
  recorder_.reset();
  EXPECT_THAT(stream->committed, ElementsAre(tags.size()));
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv"));
  // A recording that is left over does nothing.
  append(*stream, tags);
  stream->recording->end([](Result<std::uint64_t>) { FAIL(); });
}

TEST_F(RecorderTest, RefusesAGapAndADeviceThatIsNoName) {
  start();
  EXPECT_EQ(open(begin_of("a", 5)).error(), Errc::gap);
  record("a", maker_.stream({.duration_ms = 100}));
  EXPECT_EQ(open(begin_of("a", 1000)).error(), Errc::gap);
  auto begin = begin_of("b");
  begin.name.device = "../cam1";
  EXPECT_EQ(open(begin).error(), Errc::bad_setting);
}

TEST_F(RecorderTest, FailsAStreamWithAHoleInItsNumbers) {
  start();
  auto stream = open(begin_of("a")).value();
  const auto tags = maker_.stream({.duration_ms = 200});
  append(*stream, std::span(tags).first(5));
  commit();
  ++stream->next;
  append(*stream, std::span(tags).subspan(6));
  EXPECT_EQ(end(*stream).error(), Errc::gap);
  ASSERT_EQ(stream->failures.size(), 1u);
  EXPECT_EQ(stream->failures[0].code, Errc::gap);
  EXPECT_THAT(stream->committed, ElementsAre(5u));
  EXPECT_EQ(stream->recording->pending_bytes(), 0u);
}

TEST_F(RecorderTest, FailsAStreamOfBytesThatAreNoTag) {
  start();
  auto stream = open(begin_of("a")).value();
  stream->recording->append(make_unit(Bytes(40), UnitKind::other), 0);
  EXPECT_EQ(end(*stream).error(), Errc::malformed);
}

TEST_F(RecorderTest, ReplacesARecordingThatIsStillOpen) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  auto old = open(begin_of("a")).value();
  append(*old, std::span(tags).first(20));
  auto stream = open(begin_of("a", 10)).value();
  EXPECT_EQ(stream->next, 20u);
  append(*old, std::span(tags).subspan(20));
  append(*stream, std::span(tags).subspan(20));
  EXPECT_EQ(end(*stream), tags.size());
  EXPECT_EQ(end(*old), 20u);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecorderTest, KeepsTwoStreamsApart) {
  start();
  auto a = open(begin_of("a")).value();
  auto second = begin_of("b");
  second.start = kStart + milliseconds(1);
  auto b = open(second).value();
  test::FlvMaker other(99);
  const auto of_a = maker_.stream({.duration_ms = 5000});
  const auto of_b = other.stream({.duration_ms = 5000, .first_ms = 777});
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    append(*a, std::span(of_a).subspan(i, 1));
    append(*b, std::span(of_b).subspan(i, 1));
    if (i % 50 == 0) commit();
  }
  ASSERT_TRUE(end(*a));
  ASSERT_TRUE(end(*b));
  for (const auto& [name, tags, zero] : {std::tuple("a", of_a, 0u), std::tuple("b", of_b, 777u)}) {
    std::vector<Segment> segments;
    for (const Segment& segment : index_.segments()) {
      if (segment.name.stream == name) segments.push_back(segment);
    }
    auto reader = RangeReader::open(root(), segments, {}).value();
    expect_same(contents_of(RecorderFixture::read(*reader)), contents_of(tags, zero));
  }
}

TEST_F(RecorderTest, RemovesSegmentsAndTheFoldersTheyLeaveEmpty) {
  start();
  record("a", maker_.stream({.duration_ms = 3000}));
  const auto names = files();
  ASSERT_EQ(names.size(), 2u);
  EXPECT_TRUE(remove(names[0]));
  EXPECT_EQ(index_.segments().size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(root() / "cam1/2026/11/21"));
  EXPECT_TRUE(remove(names[1]));
  EXPECT_FALSE(std::filesystem::exists(root() / "cam1"));
  EXPECT_TRUE(std::filesystem::exists(root()));
  EXPECT_TRUE(remove(names[1])) << "gone already";
}

TEST_F(RecorderTest, RemovesNothingElse) {
  start();
  store(folder_.path() / "note.txt", as_bytes("keep"));
  store(root() / "cam1" / "note.txt", as_bytes("keep"));
  for (const char* path : {"../note.txt", "cam1/note.txt", "cam1", "", "/etc/hostname"})
    EXPECT_EQ(remove(path).error(), Errc::not_found) << path;
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "note.txt"));
  EXPECT_TRUE(std::filesystem::exists(root() / "cam1" / "note.txt"));
}

TEST_F(RecorderTest, DoesNotRemoveASegmentThatGrows) {
  start();
  auto stream = open(begin_of("a")).value();
  append(*stream, maker_.stream({.duration_ms = 100}));
  commit();
  const std::string path = index_.segments()[0].path;
  EXPECT_TRUE(path.ends_with(".part"));
  EXPECT_EQ(remove(path).error(), Errc::busy);
  ASSERT_TRUE(end(*stream));
  EXPECT_TRUE(remove(std::string(final_path(path))));
}

TEST_F(RecorderTest, RecordsARealFile) {
  const auto file = test::test_media("bbb.flv");
  if (!file) GTEST_SKIP() << "bbb.flv is not here";
  start();
  std::vector<Bytes> tags;
  for (const auto& unit : test::parse_flv(*file)) tags.emplace_back(unit->bytes.begin(), unit->bytes.end());
  record("a", tags);
  EXPECT_GT(index_.segments().size(), 1u);
  expect_same(contents_of(read({}, 1000)), contents_of(tags, 0));
}

}  // namespace
}  // namespace camspan::recordings
