// What a start finds: files of a killed recorder, lost indexes, files nobody knows.
#include <gmock/gmock.h>

#include "core/log.hpp"
#include "proto/flv/amf.hpp"
#include "recorder_fixture.hpp"
#include "recordings/reconcile.hpp"
#include "recordings/segment_file.hpp"
#include "recordings/segment_name.hpp"
#include "recordings/segment_scan.hpp"
#include "support/faulty_files.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string>& logged() {
  static std::vector<std::string> lines;
  return lines;
}

class RecoveryTest : public RecorderFixture {
 protected:
  RecoveryTest() {
    logged().clear();
    log::set_sink([](log::Level, const char*, const char* message) { logged().emplace_back(message); });
  }
  ~RecoveryTest() override { log::set_sink(nullptr); }

  /// Where each tag of a segment file ends.
  static std::vector<std::uint64_t> ends_of(const std::string& path) {
    auto file = SegmentFile::open(path).value();
    std::vector<std::uint64_t> ends;
    while (const auto tag = file.next().value()) ends.push_back(file.position());
    return ends;
  }

  const std::string name_ = "cam1/2026/11/21/083000.000Z.flv";
};

TEST_F(RecoveryTest, KeepsEveryWholeTagWhereverAFileIsCut) {
  start();
  const auto tags = maker_.stream({.duration_ms = 100, .key_bytes = 60, .delta_bytes = 30, .audio_bytes = 10});
  record("a", tags);
  recorder_.reset();
  test::FaultyFiles files_now;
  files_now.fast = true;
  const Bytes whole = load(root() / name_);
  const auto ends = ends_of((root() / name_).string());
  ASSERT_EQ(ends.size(), tags.size());
  std::size_t played = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    std::filesystem::remove(root() / name_);
    index_.clear();
    store(root() / (name_ + ".part"), ByteView(whole).first(size));
    ASSERT_TRUE(reconcile(root(), "", index_));
    const auto kept = static_cast<std::size_t>(std::ranges::upper_bound(ends, size) - ends.begin());
    if (kept <= 3) {
      ASSERT_THAT(files(), IsEmpty()) << "the head alone was never acknowledged";
      ASSERT_THAT(index_.rows(), IsEmpty());
      continue;
    }
    ASSERT_THAT(files(), ElementsAre(name_));
    ASSERT_EQ(std::filesystem::file_size(root() / name_), ends[kept - 1]);
    ASSERT_EQ(index_.last_of({"cam1", 0, "a"})->end, kept);
    ASSERT_TRUE(index_.rows()[0].finished);
    if (std::exchange(played, kept) == kept) continue;
    expect_same(contents_of(read()), contents_of(std::span(tags).first(kept), 0));
  }
  EXPECT_EQ(played, tags.size());
}

TEST_F(RecoveryTest, GoesOnWithAStreamThatAKillCut) {
  const auto tags = maker_.stream({.duration_ms = 6000});
  for (const std::size_t cut : {4u, 5u, 40u, 77u, 151u, 200u}) {
    SCOPED_TRACE(cut);
    std::filesystem::remove_all(root());
    index_.clear();
    start();
    record("a", std::span(tags).first(cut));
    recorder_.reset();
    // Back to what it was before the end, with half a tag behind it, as kill -9 leaves it.
    const auto last = index_.segments().back().path;
    Bytes bytes = load(root() / last);
    bytes.insert(bytes.end(), tags[cut].begin(), tags[cut].begin() + 20);
    std::filesystem::remove(root() / last);
    store(root() / (last + ".part"), bytes);
    start();
    auto stream = open(begin_of("a", 0)).value();
    EXPECT_EQ(stream->next, cut);
    append(*stream, std::span(tags).subspan(cut));
    ASSERT_EQ(end(*stream), tags.size());
    expect_same(contents_of(read()), contents_of(tags, 0));
    recorder_.reset();
  }
}

TEST_F(RecoveryTest, CutsOffTheZerosThatAPowerCutLeaves) {
  start();
  const auto tags = maker_.stream({.duration_ms = 500});
  record("a", tags);
  recorder_.reset();
  Bytes bytes = load(root() / name_);
  const std::size_t size = bytes.size();
  bytes.resize(size + 5000);
  std::filesystem::remove(root() / name_);
  store(root() / (name_ + ".part"), bytes);
  start();
  EXPECT_EQ(std::filesystem::file_size(root() / name_), size);
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecoveryTest, LeavesAFileWithABrokenHeaderAloneAndSaysSo) {
  store(root() / (name_ + ".part"), as_bytes("this is no FLV"));
  store(root() / "cam1/2026/11/21/093000.000Z.flv.part", test::flv_file(maker_.stream({.duration_ms = 200})));
  start();
  EXPECT_THAT(files(), ElementsAre(name_ + ".part", "cam1/2026/11/21/093000.000Z.flv.part"));
  EXPECT_THAT(index_.rows(), IsEmpty());
  EXPECT_THAT(logged(), ElementsAre(HasSubstr(name_), HasSubstr("093000")));
}

TEST_F(RecoveryTest, LeavesFilesThatNobodyKnowsAlone) {
  store(root() / "README", as_bytes("hello"));
  store(root() / "cam1" / "notes.flv.part", as_bytes("hello"));
  store(root() / "cam1/2026/11/21/.083000.000Z.flv.part.Xy12", as_bytes("rsync"));
  store(root() / "cam1/2026/11/21/deep/er/083000.000Z.flv.part", as_bytes("hello"));
  store(root() / name_, as_bytes("a file that has the name of a segment"));
  const auto before = files();
  start();
  EXPECT_EQ(files(), before);
  EXPECT_THAT(index_.rows(), IsEmpty());
}

TEST_F(RecoveryTest, RemovesAFileInWhichNothingWasRecorded) {
  store(root() / (name_ + ".part"), {});
  store(root() / "cam1/2026/11/21/093000.000Z.flv.part", flv::file_header(true, true));
  start();
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(RecoveryTest, RebuildsALostIndex) {
  start();
  record("a", maker_.stream({.duration_ms = 5000, .first_ms = 99}));
  auto other = begin_of("b");
  other.name.channel = 4;
  auto stream = open(other).value();
  append(*stream, maker_.stream({.duration_ms = 3000}));
  ASSERT_TRUE(end(*stream));
  const auto rows = index_.rows();
  recorder_.reset();
  index_.clear();
  start();
  const auto again = index_.rows();
  ASSERT_EQ(again.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(again[i].segment.path, rows[i].segment.path);
    EXPECT_EQ(again[i].segment.name, rows[i].segment.name);
    EXPECT_EQ(again[i].segment.start, rows[i].segment.start);
    EXPECT_EQ(again[i].segment.duration, rows[i].segment.duration);
    EXPECT_EQ(again[i].segment.bytes, rows[i].segment.bytes);
    EXPECT_EQ(again[i].segment.first, rows[i].segment.first);
    EXPECT_EQ(again[i].segment.end, rows[i].segment.end);
    EXPECT_EQ(again[i].segment.base_ms, rows[i].segment.base_ms);
    EXPECT_TRUE(again[i].finished);
  }
}

TEST_F(RecoveryTest, DoesNotReadWhatTheIndexKnows) {
  start();
  record("a", maker_.stream({.duration_ms = 5000}));
  recorder_.reset();
  test::FaultyFiles files;
  start();
  EXPECT_EQ(files.reads, 0);
  recorder_.reset();
}

TEST_F(RecoveryTest, TakesOutRowsWhoseFileIsGone) {
  start();
  record("a", maker_.stream({.duration_ms = 5000}));
  recorder_.reset();
  std::filesystem::remove(root() / name_);
  start();
  EXPECT_EQ(index_.rows().size(), 2u);
}

TEST_F(RecoveryTest, PutsRightARowThatIsOlderThanItsFile) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  record("a", tags);
  recorder_.reset();
  // Killed between the last commit and the row of it, or between the rename and its row.
  Segment old = index_.segments()[0];
  old.path += ".part";
  old.end = 10;
  index_.put(old, false);
  start();
  EXPECT_EQ(index_.last_of({"cam1", 0, "a"})->end, tags.size());
  EXPECT_EQ(index_.segments()[0].path, name_);
}

TEST_F(RecoveryTest, ReadsAFileAgainThatGrewAfterItsRow) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  record("a", std::span(tags).first(20));
  const Segment old = index_.segments()[0];
  auto stream = open(begin_of("a", 20, timestamp_of(tags[20]))).value();
  append(*stream, std::span(tags).subspan(20));
  ASSERT_TRUE(end(*stream));
  recorder_.reset();
  index_.put(old, true);  // the power failed and took the later rows
  start();
  EXPECT_EQ(index_.last_of({"cam1", 0, "a"})->end, tags.size());
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecoveryTest, LeavesOtherDevicesAloneWhereItHasOne) {
  start();
  record("a", maker_.stream({.duration_ms = 200}));
  recorder_.reset();
  index_.clear();
  const std::string other = "cam2/2026/11/21/083000.000Z.flv.part";
  std::filesystem::create_directories(root() / "cam2/2026/11/21");
  std::filesystem::copy(root() / name_, root() / other);
  options_.device = "cam1";
  start();
  EXPECT_THAT(files(), ElementsAre(name_, other)) << "another program is writing it";
  EXPECT_EQ(index_.rows().size(), 1u);
  EXPECT_TRUE(open(begin_of("b")));
  EXPECT_EQ(open({.name = {"cam2", 0, "b"}, .start = kStart, .first = 0, .head = {}}).error(), Errc::bad_setting);
}

TEST_F(RecoveryTest, RenamesAroundAFileThatTookTheName) {
  start();
  const auto tags = maker_.stream({.duration_ms = 500});
  record("a", tags);
  recorder_.reset();
  std::filesystem::rename(root() / name_, root() / (name_ + ".part"));
  store(root() / name_, as_bytes("somebody else's"));
  index_.clear();
  start();
  EXPECT_EQ(load(root() / name_).size(), 15u);
  EXPECT_EQ(index_.segments()[0].path, "cam1/2026/11/21/083000.000Z-1.flv");
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(RecoveryTest, SaysWhichFolderCannotBeUsed) {
  test::FaultyFiles files;
  files.folder_error = EACCES;
  const auto denied = Recorder::start(options_, index_);
  ASSERT_FALSE(denied);
  EXPECT_THAT(denied.error().sentence, HasSubstr(options_.root.string()));
  EXPECT_THAT(denied.error().sentence, HasSubstr("Permission denied"));
  files.folder_error = 0;
  files.open_error = EROFS;
  EXPECT_FALSE(Recorder::start(options_, index_)) << "the folder is there but cannot be written";
}

TEST_F(RecoveryTest, ScansADamagedFileUpToTheDamage) {
  start();
  const auto tags = maker_.stream({.duration_ms = 500});
  record("a", tags);
  recorder_.reset();
  const auto ends = ends_of((root() / name_).string());
  Bytes bytes = load(root() / name_);
  bytes[ends[10] - 1] ^= std::byte{1};  // the trailer of the eleventh tag
  store(root() / name_, bytes);
  const auto scan = scan_segment(root(), name_);
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->segment.end, 10u);
  EXPECT_EQ(scan->segment.bytes, ends[9]);
  EXPECT_EQ(scan->file_bytes, bytes.size());
}

TEST_F(RecoveryTest, ScansNoForeignFiles) {
  EXPECT_EQ(scan_segment(root(), name_).error(), Errc::not_found);
  EXPECT_EQ(scan_segment(root(), "../x").error(), Errc::wrong_type);
  store(root() / name_, test::flv_file(maker_.stream({.duration_ms = 200})));
  EXPECT_EQ(scan_segment(root(), name_).error(), Errc::wrong_type);
  store(root() / name_, as_bytes("FLVx"));
  EXPECT_EQ(scan_segment(root(), name_).error(), Errc::wrong_type);
  store(root() / name_, as_bytes("FLV\1"));
  EXPECT_EQ(scan_segment(root(), name_).error(), Errc::gap);
}

TEST_F(RecoveryTest, BelievesNoAbsurdStamp) {
  const Stamp good{.stream = "a", .channel = 1, .first = 3, .start = kStart, .base_ms = -5, .head = 2};
  const Bytes tag = make_stamp(good);
  const auto read = read_stamp(flv::data_of(tag));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->stream, "a");
  EXPECT_EQ(read->channel, 1u);
  EXPECT_EQ(read->first, 3u);
  EXPECT_EQ(read->start, kStart);
  EXPECT_EQ(read->base_ms, -5);
  EXPECT_EQ(read->head, 2u);
  for (const double first : {-1.0, 0.5, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    auto script = flv::read_script(flv::data_of(tag)).value();
    std::ranges::find(script.values, "first", [](const auto& value) { return value.first; })->second = first;
    EXPECT_EQ(read_stamp(flv::write_script(script)).error(), Errc::malformed) << first;
  }
  EXPECT_EQ(read_stamp(flv::data_of(maker_.metadata())).error(), Errc::wrong_type);
}

}  // namespace
}  // namespace camspan::recordings
