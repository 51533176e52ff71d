// Disks that are full, slow to say so, or broken.
#include <gmock/gmock.h>

#include "recorder_fixture.hpp"
#include "recordings/segment_file.hpp"
#include "support/faulty_files.hpp"

namespace camspan::recordings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FaultsTest : public RecorderFixture {
 protected:
  ~FaultsTest() override { recorder_.reset(); }

  test::FaultyFiles files_;
};

TEST_F(FaultsTest, StopsAtAFullDiskAndKeepsWhatWasAcknowledged) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  auto stream = open(begin_of("a")).value();
  append(*stream, std::span(tags).first(20));
  commit();
  const auto size = std::filesystem::file_size(root() / files().at(0));
  files_.room = 1000;
  append(*stream, std::span(tags).subspan(20));
  commit();
  ASSERT_EQ(stream->failures.size(), 1u);
  EXPECT_EQ(stream->failures[0].code, Errc::no_space);
  EXPECT_THAT(stream->failures[0].sentence, HasSubstr(root().string()));
  EXPECT_THAT(stream->failures[0].sentence, HasSubstr("cam1"));
  EXPECT_THAT(stream->committed, ElementsAre(20u));
  EXPECT_EQ(stream->recording->pending_bytes(), 0u);
  EXPECT_EQ(end(*stream).error(), Errc::no_space);
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv"));
  EXPECT_EQ(std::filesystem::file_size(root() / files()[0]), size) << "cut back";
  expect_same(contents_of(read()), contents_of(std::span(tags).first(20), 0));
}

TEST_F(FaultsTest, GoesOnWhenThereIsRoomAgain) {
  start();
  const auto tags = maker_.stream({.duration_ms = 6000});
  std::size_t at = 0;
  for (const std::uint64_t room : {3000u, 100u, 8000u, 1u, 9000u}) {
    files_.room = room;
    auto stream = open(begin_of("a", at, timestamp_of(tags[at]))).value();
    ASSERT_EQ(stream->next, at);
    for (std::size_t i = at; i < std::min(at + 60, tags.size()); ++i) {
      append(*stream, std::span(tags).subspan(i, 1));
      commit();
    }
    at = stream->committed.empty() ? at : static_cast<std::size_t>(stream->committed.back());
    ASSERT_FALSE(stream->failures.empty()) << room;
  }
  files_.room = test::FaultyFiles::kNoLimit;
  EXPECT_GT(at, 50u);
  auto stream = open(begin_of("a", at, timestamp_of(tags[at]))).value();
  append(*stream, std::span(tags).subspan(at));
  ASSERT_EQ(end(*stream), tags.size());
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(FaultsTest, LeavesNothingOfASegmentThatCouldNotBegin) {
  start();
  const auto tags = maker_.stream({.duration_ms = 3000});
  auto stream = open(begin_of("a")).value();
  const std::size_t second = 3 + 50 + 100;  // head, pictures and sounds of the first segment
  append(*stream, std::span(tags).first(second));
  commit();
  files_.room = 50;
  append(*stream, std::span(tags).subspan(second));
  commit();
  ASSERT_EQ(stream->failures.size(), 1u);
  EXPECT_THAT(stream->committed, ElementsAre(second));
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv"));
  EXPECT_EQ(index_.rows().size(), 1u);
  EXPECT_TRUE(index_.rows()[0].finished);
}

TEST_F(FaultsTest, TellsOfASegmentThatWasFinishedBeforeTheDiskWasFull) {
  start();
  const auto tags = maker_.stream({.duration_ms = 3000});
  auto stream = open(begin_of("a")).value();
  const std::size_t second = 3 + 50 + 100;
  std::size_t first_bytes = 1000;
  for (std::size_t i = 0; i < second; ++i) first_bytes += tags[i].size();
  files_.room = first_bytes;
  append(*stream, tags);
  EXPECT_EQ(end(*stream).error(), Errc::no_space);
  EXPECT_THAT(stream->committed, ElementsAre(second));
  EXPECT_EQ(index_.last_of({"cam1", 0, "a"})->end, second);
}

TEST_F(FaultsTest, FailsOnlyTheStreamThatTheDiskRefuses) {
  start();
  auto good = open(begin_of("a")).value();
  const auto tags = maker_.stream({.duration_ms = 1000});
  append(*good, tags);
  commit();
  files_.open_error = EACCES;
  auto bad = open({.name = {"cam2", 0, "b"}, .start = kStart, .first = 0, .head = {}}).value();
  append(*bad, tags);
  EXPECT_EQ(end(*bad).error(), std::error_code(EACCES, std::generic_category()));
  ASSERT_EQ(bad->failures.size(), 1u);
  EXPECT_THAT(bad->failures[0].sentence, HasSubstr("Permission denied"));
  EXPECT_EQ(end(*good), tags.size());
  EXPECT_TRUE(good->failures.empty());
}

TEST_F(FaultsTest, AcknowledgesNothingThatTheDiskDidNotSync) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  auto stream = open(begin_of("a")).value();
  append(*stream, tags);
  files_.sync_error = EIO;
  EXPECT_EQ(end(*stream).error(), std::error_code(EIO, std::generic_category()));
  EXPECT_THAT(stream->committed, IsEmpty());
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FaultsTest, AcknowledgesNothingWhoseFolderWasNotSynced) {
  start();
  const auto tags = maker_.stream({.duration_ms = 100});
  record("before", tags);
  auto stream = open(begin_of("a")).value();
  append(*stream, tags);
  settle();
  files_.folder_error = EIO;
  EXPECT_FALSE(end(*stream));
  EXPECT_THAT(stream->committed, IsEmpty());
}

TEST_F(FaultsTest, GoesOnWithAFileThatCouldNotGetItsName) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  auto stream = open(begin_of("a")).value();
  append(*stream, std::span(tags).first(20));
  commit();
  files_.rename_error = EIO;
  append(*stream, std::span(tags).subspan(20, 10));
  EXPECT_FALSE(end(*stream));
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv.part"));
  EXPECT_EQ(index_.last_of({"cam1", 0, "a"})->end, 30u) << "it is stored, whatever it is called";
  EXPECT_THAT(stream->committed, ElementsAre(20u, 30u));
  files_.rename_error = 0;
  stream = open(begin_of("a", 30, timestamp_of(tags[30]))).value();
  append(*stream, std::span(tags).subspan(30));
  ASSERT_EQ(end(*stream), tags.size());
  EXPECT_THAT(files(), ElementsAre("cam1/2026/11/21/083000.000Z.flv"));
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(FaultsTest, CutsOffLaterWhatItCouldNotCutOffAtOnce) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  auto stream = open(begin_of("a")).value();
  append(*stream, std::span(tags).first(20));
  commit();
  files_.room = 500;
  files_.truncate_error = EIO;
  append(*stream, std::span(tags).subspan(20));
  EXPECT_FALSE(end(*stream));
  files_.room = test::FaultyFiles::kNoLimit;
  files_.truncate_error = 0;
  expect_same(contents_of(read()), contents_of(std::span(tags).first(20), 0));
  stream = open(begin_of("a", 20, timestamp_of(tags[20]))).value();
  append(*stream, std::span(tags).subspan(20));
  ASSERT_EQ(end(*stream), tags.size());
  expect_same(contents_of(read()), contents_of(tags, 0));
}

TEST_F(FaultsTest, BeginsASegmentWhenTheLastFileIsGone) {
  start();
  const auto tags = maker_.stream({.duration_ms = 1000});
  record("a", std::span(tags).first(20));
  std::filesystem::remove(root() / files().at(0));
  auto begin = begin_of("a", 20, timestamp_of(tags[20]));
  begin.head = {test::tag_unit(tags[0]), test::tag_unit(tags[1]), test::tag_unit(tags[2])};
  auto stream = open(begin).value();
  append(*stream, std::span(tags).subspan(20));
  ASSERT_EQ(end(*stream), tags.size());
  ASSERT_EQ(files().size(), 1u);
  auto file = SegmentFile::open((root() / files()[0]).string()).value();
  EXPECT_EQ(file.stamp().first, 20u);
  EXPECT_EQ(file.stamp().head, 2u);
}

TEST_F(FaultsTest, WritesAndSyncsInGroups) {
  start();
  std::vector<std::unique_ptr<Stream>> streams;
  const auto tags = maker_.stream({.duration_ms = 1000});
  const auto add = [&](const std::string& device) {
    streams.push_back(open({.name = {device, 0, "a"}, .start = kStart, .first = 0, .head = {}}).value());
  };
  for (const char* device : {"cam1", "cam2", "cam3", "cam4"}) add(device);
  for (auto& stream : streams) append(*stream, tags);
  files_.writes = files_.syncs = 0;
  commit();
  EXPECT_EQ(files_.writes, 4) << "one for each stream, however many tags";
  EXPECT_EQ(files_.syncs, 4);
  commit();
  EXPECT_EQ(files_.syncs, 4) << "nothing new";
  EXPECT_EQ(files_.disk_syncs, 0);

  add("cam5");
  for (auto& stream : streams) append(*stream, maker_.stream({.duration_ms = 100, .first_ms = 1000}));
  files_.syncs = 0;
  commit();
  EXPECT_EQ(files_.disk_syncs, 1) << "one for all";
  EXPECT_EQ(files_.syncs, 0);
  for (const auto& stream : streams) EXPECT_EQ(stream->committed.back(), stream->next);
}

TEST_F(FaultsTest, SyncsFileByFileWhereTheDiskAsAWholeCannotTell) {
  files_.disk_sync_error = ENOSYS;
  start();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 6; ++i) {
    streams.push_back(
        open({.name = {"cam" + std::to_string(i), 0, "a"}, .start = kStart, .first = 0, .head = {}}).value());
    append(*streams.back(), maker_.stream({.duration_ms = 100}));
  }
  commit();
  EXPECT_EQ(files_.syncs, 6);
  for (const auto& stream : streams) EXPECT_EQ(stream->committed.size(), 1u);
}

}  // namespace
}  // namespace camspan::recordings
