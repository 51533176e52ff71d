#include "hub/sqlite_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <future>

#include "support/flv_maker.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using recordings::Segment;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr UtcTime kStart{milliseconds(1'800'000'000'000)};
constexpr UtcTime kForever{std::chrono::seconds(253'402'300'799)};

class SqliteIndexTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteIndex> open() {
    return SqliteIndex::open(folder_.file("hub.sqlite"),
                             [this](const std::vector<SqliteIndex::Change>& changes) {
                               ++told_;
                               for (const auto& [device, range, lost] : changes) {
                                 ranges_[device] = range;
                                 lost_[device] = lost;
                               }
                             })
        .value();
  }
  /// Changes the file behind the index's back.
  int sqlite(const char* sql) {
    sqlite3* handle = nullptr;
    int code = sqlite3_open(folder_.file("hub.sqlite").c_str(), &handle);
    if (code == SQLITE_OK) code = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    return code;
  }
  std::unique_ptr<IndexReader> reader() { return IndexReader::open(folder_.file("hub.sqlite")).value(); }

  /// The `number`-th minute of a device.
  static Segment segment(int number, const std::string& device = "cam1", const std::string& stream = "s") {
    Segment result;
    result.name = {device, 0, stream};
    result.path = device + "/" + std::to_string(number) + ".flv";
    result.start = kStart + minutes(number);
    result.duration = seconds(60);
    result.bytes = 1000;
    result.first = static_cast<std::uint64_t>(number) * 100;
    result.end = result.first + 100;
    result.base_ms = -5;
    return result;
  }
  static DeviceId cam1() { return DeviceId::parse("cam1").value(); }
  static std::vector<std::string> paths(const std::vector<Segment>& segments) {
    std::vector<std::string> paths;
    for (const Segment& segment : segments) paths.push_back(segment.path);
    return paths;
  }

  test::TempFolder folder_;
  std::map<std::string, std::optional<RecordedRange>> ranges_;
  std::map<std::string, std::uint64_t> lost_;
  int told_ = 0;
};

TEST_F(SqliteIndexTest, GivesBackWhatWasPut) {
  const auto index = open();
  const Segment put = segment(3);
  index->put(put, true);
  const auto last = index->last_of(put.name);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->name, put.name);
  EXPECT_EQ(last->path, put.path);
  EXPECT_EQ(last->start, put.start);
  EXPECT_EQ(last->duration, put.duration);
  EXPECT_EQ(last->bytes, put.bytes);
  EXPECT_EQ(last->first, put.first);
  EXPECT_EQ(last->end, put.end);
  EXPECT_EQ(last->base_ms, put.base_ms);
  EXPECT_FALSE(index->last_of({"cam1", 1, "s"}));
  EXPECT_FALSE(index->last_of({"cam1", 0, "t"}));
}

TEST_F(SqliteIndexTest, ASegmentIsOneRowWhileItGrowsAndWhenItIsFinished) {
  const auto index = open();
  Segment grows = segment(0);
  grows.path += ".part";
  index->put(grows, false);
  EXPECT_THAT(index->paths(), ElementsAre("cam1/0.flv.part"));
  grows.bytes = 5000;
  index->put(grows, false);
  EXPECT_EQ(ranges_["cam1"]->bytes, 5000u);
  index->put(segment(0), true);
  EXPECT_THAT(index->paths(), ElementsAre("cam1/0.flv"));
  EXPECT_EQ(ranges_["cam1"]->bytes, 1000u);
  index->remove("cam1/0.flv");
  EXPECT_TRUE(index->paths().empty());
}

TEST_F(SqliteIndexTest, WritesAndTellsABatchAsOne) {
  const auto index = open();
  const auto other = reader();
  const auto seen = [&] { return other->list(cam1(), 0, kStart, kForever).value().size(); };
  index->begin_batch();
  index->put(segment(0), true);
  index->put(segment(1), true);
  index->put(segment(0, "cam2"), true);
  EXPECT_EQ(index->last_of(segment(1).name)->end, 200u) << "the index itself knows at once";
  EXPECT_EQ(seen(), 0u);
  EXPECT_EQ(told_, 0);
  index->end_batch();
  EXPECT_EQ(seen(), 2u);
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(ranges_.size(), 2u);
}

TEST_F(SqliteIndexTest, MakesTheRowOfAGrowingSegmentAnewWhereItWasLost) {
  const auto index = open();
  Segment grows = segment(0);
  grows.path += ".part";
  index->put(grows, false);
  ASSERT_EQ(sqlite("DELETE FROM segments"), 0) << "as a batch that could not be written";
  grows.end = 150;
  index->put(grows, false);
  EXPECT_EQ(index->last_of(grows.name)->end, 150u);
}

TEST_F(SqliteIndexTest, LastOfAStreamIsTheOneWithTheHighestEnd) {
  const auto index = open();
  index->put(segment(2), true);
  index->put(segment(0), true);
  index->put(segment(1), true);
  EXPECT_EQ(index->last_of({"cam1", 0, "s"})->end, 300u);
}

TEST_F(SqliteIndexTest, TellsWhatIsRecordedOfEachDevice) {
  const auto index = open();
  index->put(segment(1), true);
  index->put(segment(0), true);
  index->put(segment(7, "cam2"), true);
  EXPECT_EQ(ranges_["cam1"], (RecordedRange{kStart, kStart + minutes(2), 2000}));
  index->remove("cam1/0.flv");
  EXPECT_EQ(ranges_["cam1"], (RecordedRange{kStart + minutes(1), kStart + minutes(2), 1000}));
  index->remove("cam1/1.flv");
  EXPECT_EQ(ranges_["cam1"], std::nullopt);
  index->remove("cam1/1.flv");
  ranges_.clear();
  open()->tell_all();
  EXPECT_EQ(ranges_.size(), 1u);
  EXPECT_EQ(ranges_["cam2"], (RecordedRange{kStart + minutes(7), kStart + minutes(8), 1000}));
}

TEST_F(SqliteIndexTest, ListsWhatTouchesARange) {
  const auto index = open();
  for (int i = 0; i < 5; ++i) index->put(segment(i), true);
  index->put(segment(2, "cam2"), true);
  const auto read = reader();
  EXPECT_THAT(paths(read->list(cam1(), 0, kStart + seconds(90), kStart + seconds(130)).value()),
              ElementsAre("cam1/1.flv", "cam1/2.flv"));
  EXPECT_EQ(read->list(cam1(), 0, UtcTime{}, kForever)->size(), 5u);
  EXPECT_TRUE(read->list(cam1(), 1, UtcTime{}, kForever)->empty());
  EXPECT_TRUE(read->list(cam1(), 0, kStart + minutes(60), kForever)->empty());
}

TEST_F(SqliteIndexTest, FindsWhatIsNextToATimeWithoutAnything) {
  const auto index = open();
  index->put(segment(0), true);
  index->put(segment(10), true);
  const auto read = reader();
  const auto between = read->nearest(cam1(), 0, kStart + minutes(5)).value();
  EXPECT_EQ(between.before, kStart + minutes(1));
  EXPECT_EQ(between.after, kStart + minutes(10));
  EXPECT_FALSE(read->nearest(cam1(), 0, kStart - minutes(1))->before);
  EXPECT_FALSE(read->nearest(cam1(), 0, kStart + minutes(60))->after);
}

TEST_F(SqliteIndexTest, ExpiresByAgeAndBySizeButNothingThatGrows) {
  const auto index = open();
  for (int i = 0; i < 4; ++i) index->put(segment(i), true);
  Segment grows = segment(4);
  grows.path += ".part";
  index->put(grows, false);
  index->put(segment(0, "cam2"), true);
  EXPECT_THAT(index->expired(kStart + minutes(2) + milliseconds(1), 1 << 30),
              ElementsAre("cam1/0.flv", "cam1/1.flv", "cam2/0.flv"));
  // 5000 bytes are there, 2500 may stay: three go.
  EXPECT_THAT(index->expired(UtcTime{}, 2500), ElementsAre("cam1/0.flv", "cam1/1.flv", "cam1/2.flv"));
  EXPECT_THAT(index->expired(UtcTime{}, 0),
              ElementsAre("cam1/0.flv", "cam1/1.flv", "cam1/2.flv", "cam1/3.flv", "cam2/0.flv"));
  EXPECT_TRUE(index->expired(UtcTime{}, 1 << 30).empty());
}

TEST_F(SqliteIndexTest, KnowsWhyARecordingEndedUntilItGoesOn) {
  const auto index = open();
  index->put(segment(0), true);
  index->put_end(segment(0).name, EndReason::offline);
  index->put_end({"cam1", 0, "unknown"}, EndReason::stopped);
  const auto gaps = [&, read = reader()] {
    return read->gaps(cam1(), 0, kStart + minutes(2), kStart + minutes(3)).value();
  };
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].reason, EndReason::offline);
  EXPECT_EQ(gaps()[0].span.from, kStart + minutes(2));
  Segment again = segment(0);
  again.path += ".part";
  index->put(again, false);
  EXPECT_TRUE(gaps().empty());
}

TEST_F(SqliteIndexTest, KnowsThatSomethingWasThereThatHasExpired) {
  const auto index = open();
  for (int i : {0, 1, 5}) index->put(segment(i), true);
  for (const char* path : {"cam1/0.flv", "cam1/1.flv"}) {
    index->put_expired(path);
    index->remove(path);
  }
  const auto gaps = reader()->gaps(cam1(), 0, kStart, kStart + minutes(5)).value();
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_FALSE(gaps[0].reason);
  EXPECT_EQ(gaps[0].span.to, kStart + minutes(2));
}

TEST_F(SqliteIndexTest, KeepsWhatSendersSayOfTheirStreams) {
  const auto index = open();
  index->put_meta({"cam1", 0, "s"}, R"({"a":1})");
  index->put_meta({"cam1", 0, "s"}, R"({"a":2})");
  index->put_meta({"cam1", 1, "s"}, R"({"b":1})");
  EXPECT_THAT(reader()->metas(cam1(), 0).value(), ElementsAre(testing::Pair("s", R"({"a":2})")));
}

TEST_F(SqliteIndexTest, IsRebuiltFromTheFilesWhenItIsLost) {
  test::FlvMaker maker;
  const auto tags = test::tag_units(maker.stream({}));
  const auto root = folder_.path() / "recordings";
  const recordings::StreamName name{"cam1", 0, "0e984725-c51c-4bf4-9960-e1c80e27aba0"};
  {
    auto index = open();
    auto recorder = recordings::Recorder::start({.root = root}, *index).value();
    std::promise<std::unique_ptr<recordings::Recording>> ready;
    recorder->begin({name, kStart, 0, {}}, {}, [&](auto result) { ready.set_value(std::move(result->recording)); });
    const auto recording = ready.get_future().get();
    for (std::size_t i = 0; i < tags.size(); ++i) recording->append(tags[i], i);
    std::promise<void> done;
    recording->end([&](auto) { done.set_value(); });
    done.get_future().get();
  }
  for (const char* file : {"hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm"})
    std::filesystem::remove(folder_.file(file));

  auto index = open();
  EXPECT_TRUE(index->paths().empty());
  const auto recorder = recordings::Recorder::start({.root = root}, *index).value();
  const auto last = index->last_of(name);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->end, tags.size());
  EXPECT_EQ(last->start, kStart);
  EXPECT_EQ(reader()->list(cam1(), 0, UtcTime{}, kForever)->size(), 1u);
}

TEST_F(SqliteIndexTest, CountsWhatADeviceHadAndIsNotStored) {
  const recordings::StreamName name{"cam1", 0, "s"};
  const recordings::StreamName rest{"cam1", 0, "r"};
  Segment first = segment(0);
  first.first = 0;
  first.end = 100;
  {
    const auto index = open();
    index->put(first, true);
    index->put_count(name, 150);
    EXPECT_EQ(lost_["cam1"], 50u);
    index->put_count(name, 150);
    EXPECT_EQ(lost_["cam1"], 50u) << "said twice";
    // A part that comes from the spool fills the hole, under its own name or another.
    first.end = 110;
    index->put(first, true);
    EXPECT_EQ(lost_["cam1"], 40u);
    index->put_rest(name, rest);
    Segment piece = segment(2, "cam1", "r");
    piece.first = 0;
    piece.end = 30;
    index->put(piece, true);
    EXPECT_EQ(lost_["cam1"], 10u);
  }
  lost_.clear();
  const auto index = open();
  index->tell_all();
  EXPECT_EQ(lost_["cam1"], 10u) << "after a restart";
  const auto gaps =
      reader()->gaps(*DeviceId::parse("cam1"), 0, first.start, first.start + first.duration + minutes(10));
  ASSERT_TRUE(gaps);
  ASSERT_FALSE(gaps->empty());
  EXPECT_EQ(gaps->front().reason, EndReason::lost);
  EXPECT_EQ(gaps->front().lost_tags, 10u);
  // What has expired was stored.
  index->remove(first.path);
  EXPECT_EQ(lost_["cam1"], 10u);
  index->put_count({"cam2", 0, "unknown"}, 3);
  EXPECT_EQ(lost_["cam2"], 3u);
}

}  // namespace
}  // namespace camspan::hub
