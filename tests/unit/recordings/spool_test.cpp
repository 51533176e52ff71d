#include "recordings/spool.hpp"

#include <camspan/hal.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "core/time.hpp"
#include "recordings/boot_clock.hpp"
#include "recordings/segment_name.hpp"
#include "support/faulty_files.hpp"
#include "support/flv_maker.hpp"
#include "support/temp_folder.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;

constexpr UtcTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

/// A spool and what it told.
class Opened {
 public:
  explicit Opened(const std::filesystem::path& root, std::uint64_t max_bytes = 64 << 20) {
    auto opened = Spool::open({root, max_bytes, milliseconds(5)}, [this](SpoolLevel level) {
      const std::lock_guard lock(mutex_);
      level_ = std::move(level);
      most_ = std::max(most_, level_.bytes);
      changed_.notify_all();
    });
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().sentence);
    if (opened) spool_ = std::move(*opened);
  }
  Spool& operator*() { return *spool_; }
  Spool* operator->() { return spool_.get(); }
  bool wait(const std::function<bool(const SpoolLevel&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return condition(level_); });
  }
  SpoolLevel level() {
    const std::lock_guard lock(mutex_);
    return level_;
  }
  std::uint64_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

  /// Stores `tags` as `stream` from `first` on; they are on disk when it returns. @return what failed, if anything
  std::error_code store(const std::string& stream, const std::vector<Bytes>& tags, std::uint64_t first = 0,
                        UtcTime start = kStart, std::vector<SharedUnit> head = {}) {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::error_code failed;
    std::unique_ptr<Recording> recording;
    RecordingEvents events;
    events.failed = [&](const Failure& failure) { failed = failure.code; };
    spool_->begin({stream, first, start, std::move(head)}, events, [&](Result<Recorder::Ready> ready) {
      std::uint64_t number = first;
      for (const SharedUnit& tag : test::tag_units(tags)) ready->recording->append(tag, number++);
      ready->recording->end([&](const Result<std::uint64_t>&) {
        const std::lock_guard lock(mutex);
        over = true;
        changed.notify_all();
      });
      recording = std::move(ready->recording);
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return over; }));
    return failed;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  SpoolLevel level_;
  std::uint64_t most_ = 0;
  std::unique_ptr<Spool> spool_;
};

std::vector<test::TagContent> contents_of(const std::vector<SharedUnit>& units) {
  std::vector<test::TagContent> contents;
  for (const SharedUnit& unit : units) contents.push_back(test::content_of(*unit));
  return contents;
}

std::vector<test::TagContent> read_all(SpoolReader& reader) {
  std::vector<test::TagContent> contents;
  for (;;) {
    const auto tags = reader.next(1000);
    EXPECT_TRUE(tags);
    if (!tags || tags->empty()) return contents;
    for (const auto& content : contents_of(*tags)) contents.push_back(content);
  }
}

std::size_t size_of(const std::vector<Bytes>& tags) {
  std::size_t size = 0;
  for (const Bytes& tag : tags) size += tag.size();
  return size;
}

class SpoolTest : public ::testing::Test {
 protected:
  std::uint64_t bytes_on_disk() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      if (entry.is_regular_file() && entry.path().extension() != ".ledger") bytes += entry.file_size();
    return bytes;
  }

  test::TempFolder folder;
  test::FlvMaker maker;
};

TEST_F(SpoolTest, GivesBackTheTagsOfAStreamWithTheirTimestampsAndNumbers) {
  test::FlvMaker::Shape shape;
  shape.first_ms = 5000;
  const auto tags = maker.stream(shape);
  Opened spool(folder.path());
  ASSERT_FALSE(spool.store("s", tags));
  const auto segments = spool.level().segments;
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].payload_bytes, size_of(tags));
  EXPECT_EQ(segments[0].segment.end, tags.size());
  auto reader = SpoolReader::open(folder.path(), segments[0].segment);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->first(), 0u);
  EXPECT_TRUE(reader->head().empty());
  EXPECT_EQ(read_all(*reader), contents_of(test::tag_units(tags)));
}

TEST_F(SpoolTest, AStreamMayBeginWithAnyTag) {
  const std::vector<Bytes> head{maker.metadata(), maker.avc_config()};
  const std::vector<Bytes> tags{maker.delta(700), maker.audio(710), maker.delta(740)};
  Opened spool(folder.path());
  ASSERT_FALSE(spool.store("s", tags, 1234, kStart, test::tag_units(head)));
  const auto segments = spool.level().segments;
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].segment.first, 1234u);
  EXPECT_EQ(segments[0].payload_bytes, size_of(tags));
  auto reader = SpoolReader::open(folder.path(), segments[0].segment);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->first(), 1234u);
  EXPECT_EQ(reader->head().size(), 2u);
  EXPECT_EQ(read_all(*reader), contents_of(test::tag_units(tags)));
}

TEST_F(SpoolTest, AnotherProgramFindsWhatOneLeftWithItsEndTorn) {
  const auto tags = maker.stream({});
  {
    Opened spool(folder.path());
    ASSERT_FALSE(spool.store("s", tags));
  }
  // As a kill leaves it: still growing, and cut inside a tag.
  for (const std::size_t cut : {1u, 7u, 30u, 300u}) {
    std::filesystem::path path;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      if (entry.is_regular_file() && entry.path().extension() != ".ledger") path = entry.path();
    const auto before = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, before - cut);
    std::filesystem::rename(path, path.string() + ".part");
    Opened spool(folder.path());
    const auto level = spool.level();
    ASSERT_EQ(level.segments.size(), 1u) << cut;
    EXPECT_LT(level.bytes, before);
    EXPECT_EQ(level.bytes, bytes_on_disk());
    auto reader = SpoolReader::open(folder.path(), level.segments[0].segment);
    ASSERT_TRUE(reader);
    const auto read = read_all(*reader);
    ASSERT_LT(read.size(), tags.size());
    const auto all = contents_of(test::tag_units(tags));
    EXPECT_EQ(read, std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(read.size())));
    EXPECT_EQ(level.segments[0].segment.name.stream, "s");
    EXPECT_EQ(level.oldest, kStart);
  }
}

TEST_F(SpoolTest, StaysWithinItsBoundAndCountsWhatGoesToTheByte) {
  constexpr std::uint64_t kBound = 1 << 20;
  test::FlvMaker::Shape shape;
  shape.duration_ms = 40'000;
  shape.gop = 10;
  shape.delta_bytes = 3000;
  const auto tags = maker.stream(shape);
  ASSERT_GT(size_of(tags), 2 * kBound);
  Opened spool(folder.path(), kBound);
  ASSERT_FALSE(spool.store("s", tags));
  const auto level = spool.level();
  EXPECT_LE(spool.most(), kBound);
  EXPECT_GT(level.bytes, kBound / 2);
  EXPECT_EQ(level.bytes, bytes_on_disk());
  std::uint64_t kept = 0;
  std::uint64_t kept_tags = 0;
  for (const SpooledSegment& spooled : level.segments) {
    kept += spooled.payload_bytes;
    kept_tags += spooled.segment.end - spooled.segment.first;
  }
  EXPECT_EQ(kept + level.dropped_bytes, size_of(tags));
  EXPECT_EQ(kept_tags + level.dropped_tags + 3, tags.size()) << "the three head tags belong to the first segment";
  // What is left begins with a key frame and ends with the newest tag.
  auto reader = SpoolReader::open(folder.path(), level.segments.front().segment);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->next(1).value()[0]->kind, UnitKind::key);
  EXPECT_EQ(level.segments.back().segment.end, tags.size());
}

TEST_F(SpoolTest, LeavesTheSegmentThatIsOnItsWay) {
  constexpr std::uint64_t kBound = 1 << 20;
  test::FlvMaker::Shape shape;
  shape.duration_ms = 4000;
  shape.gop = 10;
  shape.delta_bytes = 3000;
  Opened spool(folder.path(), kBound);
  ASSERT_FALSE(spool.store("old", maker.stream(shape)));
  const Segment first = spool.level().segments.front().segment;
  spool->open_segment(first, [](const auto&) {});
  shape.duration_ms = 40'000;
  ASSERT_FALSE(spool.store("new", maker.stream(shape), 0, kStart + std::chrono::minutes(1)));
  EXPECT_EQ(spool.level().segments.front().segment.path, first.path);
  EXPECT_GT(spool.level().dropped_bytes, 0u);
  spool->done(first.path, false);
  EXPECT_TRUE(spool.wait([&](const SpoolLevel& level) { return level.segments.front().segment.path != first.path; }));
}

TEST_F(SpoolTest, DeletesWhatIsAcknowledgedAndWhatItIsToldTo) {
  Opened spool(folder.path());
  const auto tags = maker.stream({});
  ASSERT_FALSE(spool.store("a", tags));
  ASSERT_FALSE(spool.store("b", tags));
  spool->acknowledged("a", tags.size() - 1);
  spool->acknowledged("a", tags.size());
  ASSERT_TRUE(spool.wait([](const SpoolLevel& level) { return level.segments.size() == 1; }));
  EXPECT_EQ(spool.level().dropped_bytes, 0u);
  // Known before the segment is finished.
  spool->acknowledged("c", 1000);
  ASSERT_FALSE(spool.store("c", tags));
  EXPECT_TRUE(spool.wait([](const SpoolLevel& level) { return level.segments.size() == 1; }));
  spool->drop(false);
  ASSERT_TRUE(spool.wait([](const SpoolLevel& level) { return level.bytes == 0; }));
  EXPECT_EQ(spool.level().dropped_bytes, size_of(tags));
  EXPECT_EQ(bytes_on_disk(), 0u);
}

TEST_F(SpoolTest, SaysWhyNothingCanBeStoredAndWorksAgainLater) {
  test::FaultyFiles faults;
  Opened spool(folder.path());
  faults.room = 100;
  EXPECT_EQ(spool.store("s", maker.stream({})), make_error_code(Errc::no_space));
  faults.room = test::FaultyFiles::kNoLimit;
  EXPECT_FALSE(spool.store("t", maker.stream({})));
}

TEST_F(SpoolTest, AFolderThatCannotBeUsedIsNamedWithTheFix) {
  folder.write("file", "");
  const auto spool = Spool::open({folder.path() / "file", 1 << 20, milliseconds(5)}, [](const SpoolLevel&) {});
  ASSERT_FALSE(spool);
  EXPECT_NE(spool.error().sentence.find("spool-location"), std::string::npos) << spool.error().sentence;
}

/// The clock of a board, set by the test.
class BoardClock {
 public:
  BoardClock() {
    hal_ops ops = *hal_default();
    ops.utc_ns = [] { return now().load(); };
    hal_register(&ops);
    now() = 30'000'000'000;
  }
  ~BoardClock() { hal_register(nullptr); }
  static void set() { now() = kStart.time_since_epoch().count() * 1'000'000; }

 private:
  static std::atomic<std::int64_t>& now() {
    static std::atomic<std::int64_t> value{0};
    return value;
  }
};

TEST_F(SpoolTest, NamesSegmentsByTheirDateWhenTheClockIsSet) {
  BoardClock clock;
  Opened spool(folder.path());
  const UtcTime captured = capture_clock();
  ASSERT_LT(captured, kClockSet);
  ASSERT_FALSE(spool.store("s", maker.stream({}), 0, captured));
  auto level = spool.level();
  ASSERT_EQ(level.segments.size(), 1u);
  EXPECT_NE(level.segments[0].segment.path.find("boot-" + boot_id()), std::string::npos)
      << level.segments[0].segment.path;
  EXPECT_FALSE(level.oldest);
  spool->settle_clock();
  BoardClock::set();
  spool->settle_clock();
  ASSERT_TRUE(spool.wait([](const SpoolLevel& now) { return now.oldest.has_value(); }));
  level = spool.level();
  EXPECT_EQ(level.segments[0].segment.path.find("boot-"), std::string::npos) << level.segments[0].segment.path;
  EXPECT_LE(std::chrono::abs(*level.oldest - kStart), std::chrono::minutes(1));
  EXPECT_EQ(level.bytes, bytes_on_disk());
}

TEST_F(SpoolTest, ADateInTheNameGoesBeforeTheOneInTheFile) {
  UtcTime date;
  {
    BoardClock clock;
    Opened spool(folder.path());
    ASSERT_FALSE(spool.store("s", maker.stream({}), 0, capture_clock()));
    BoardClock::set();
    spool->settle_clock();
    ASSERT_TRUE(spool.wait([](const SpoolLevel& now) { return now.oldest.has_value(); }));
    date = *spool.level().oldest;
  }
  Opened spool(folder.path());
  EXPECT_EQ(spool.level().oldest, date);
}

TEST_F(SpoolTest, OfAnotherBootNobodyKnowsTheDate) {
  std::string path;
  {
    BoardClock clock;
    Opened spool(folder.path());
    ASSERT_FALSE(spool.store("s", maker.stream({}), 0, capture_clock()));
    path = spool.level().segments[0].segment.path;
  }
  const auto old_boot = folder.path() / "spool" / "boot-00000000000000aa";
  std::filesystem::rename((folder.path() / path).parent_path(), old_boot);
  Opened spool(folder.path());
  const auto level = spool.level();
  ASSERT_EQ(level.segments.size(), 1u);
  EXPECT_FALSE(level.segments[0].this_boot);
  EXPECT_FALSE(level.oldest);
}

}  // namespace
}  // namespace camspan::recordings
