#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "proto/flv/tag.hpp"
#include "recordings/recorder.hpp"
#include "recordings/segment_reader.hpp"
#include "support/flv_maker.hpp"
#include "support/memory_index.hpp"
#include "support/temp_folder.hpp"

namespace camspan::recordings {

inline UtcTime at(std::string_view text) {
  return parse_utc(text).value();
}

/// A recorder in a folder of its own. It commits whenever something is ended, and whenever commit() asks for it.
class RecorderFixture : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kDeadline{30};
  static inline const UtcTime kStart = at("2026-11-21T08:30:00.000Z");

  /// An open recording and what its owner heard. Heard on the storage thread: look after commit() or end() only.
  struct Stream {
    std::unique_ptr<Recording> recording;
    std::uint64_t next = 0;
    std::vector<std::uint64_t> committed;
    std::vector<Failure> failures;
  };

  void start() {
    auto recorder = Recorder::start(options_, index_);
    ASSERT_TRUE(recorder) << recorder.error().sentence;
    recorder_ = std::move(*recorder);
  }
  void restart() {
    recorder_.reset();
    start();
  }

  /// @param after_ms  capture time of the tag `first`, from kStart
  Recorder::Begin begin_of(std::string stream, std::uint64_t first = 0, std::int64_t after_ms = 0) const {
    return {.name = {"cam1", 0, std::move(stream)},
            .start = kStart + std::chrono::milliseconds(after_ms),
            .first = first,
            .head = {}};
  }

  Result<std::unique_ptr<Stream>> open(Recorder::Begin begin) {
    auto stream = std::make_unique<Stream>();
    RecordingEvents events{[s = stream.get()](std::uint64_t tags) { s->committed.push_back(tags); },
                           [s = stream.get()](Failure failure) { s->failures.push_back(std::move(failure)); }};
    std::promise<Result<Recorder::Ready>> promise;
    auto future = promise.get_future();
    recorder_->begin(std::move(begin), std::move(events),
                     [&promise](Result<Recorder::Ready> ready) { promise.set_value(std::move(ready)); });
    auto ready = wait(future);
    if (!ready) return fail(ready.error());
    stream->recording = std::move(ready->recording);
    stream->next = ready->stored;
    return stream;
  }

  static void append(Stream& stream, std::span<const Bytes> tags) {
    for (const Bytes& tag : tags) stream.recording->append(test::tag_unit(tag), stream.next++);
  }

  /// Waits until the storage thread has done all that was asked of it.
  void settle() {
    std::promise<void> promise;
    auto future = promise.get_future();
    recorder_->run([&promise] { promise.set_value(); });
    wait_ready(future);
  }

  Result<std::uint64_t> end(Stream& stream) {
    std::promise<Result<std::uint64_t>> promise;
    auto future = promise.get_future();
    stream.recording->end([&promise](Result<std::uint64_t> tags) { promise.set_value(tags); });
    return wait(future);
  }

  /// Commits everything, by beginning and ending another stream.
  void commit() {
    auto other = open({.name = {"nobody", 0, "commit"}, .start = kStart, .first = 0, .head = {}}).value();
    ASSERT_TRUE(end(*other));
  }

  Result<> remove(const std::string& path) {
    std::promise<Result<>> promise;
    auto future = promise.get_future();
    recorder_->remove(path, [&promise](Result<> done) { promise.set_value(done); });
    return wait(future);
  }

  /// Records all of it as one stream.
  void record(std::string name, std::span<const Bytes> tags) {
    auto stream = open(begin_of(std::move(name)));
    ASSERT_TRUE(stream);
    append(**stream, tags);
    ASSERT_EQ(end(**stream), tags.size());
  }

  /// A range as one FLV, read in pieces of a size.
  Bytes read(TimeRange range = {}, std::size_t piece = 4096) const {
    auto reader = RangeReader::open(root(), index_.segments(), range);
    if (!reader) throw std::runtime_error("nothing to read: " + reader.error().message());
    return read(**reader, piece);
  }
  static Bytes read(RangeReader& reader, std::size_t piece = 4096) {
    Bytes flv;
    while (const auto bytes = reader.next(piece).value()) {
      EXPECT_LE(bytes->size(), piece);
      EXPECT_FALSE(bytes->empty());
      flv.insert(flv.end(), bytes->begin(), bytes->end());
    }
    return flv;
  }

  static std::vector<test::TagContent> contents_of(ByteView flv) {
    std::vector<test::TagContent> contents;
    for (const auto& unit : test::parse_flv(flv)) contents.push_back(test::content_of(*unit));
    return contents;
  }
  /// The tags that went in, with timestamps from 0.
  static std::vector<test::TagContent> contents_of(std::span<const Bytes> tags, std::uint32_t zero) {
    std::vector<test::TagContent> contents;
    for (const auto& unit : test::tag_units(tags)) {
      contents.push_back(test::content_of(*unit));
      contents.back().timestamp -= zero;
    }
    return contents;
  }
  static void expect_same(const std::vector<test::TagContent>& played, const std::vector<test::TagContent>& sent) {
    for (std::size_t i = 0; i < std::min(played.size(), sent.size()); ++i) {
      ASSERT_EQ(int{played[i].type}, int{sent[i].type}) << "tag " << i;
      ASSERT_EQ(played[i].timestamp, sent[i].timestamp) << "tag " << i;
      ASSERT_TRUE(played[i].data == sent[i].data) << "data of tag " << i;
    }
    ASSERT_EQ(played.size(), sent.size());
  }
  static std::uint32_t timestamp_of(const Bytes& tag) { return flv::inspect(tag).value().timestamp_ms; }
  static std::vector<Bytes> concat(std::vector<Bytes> a, std::span<const Bytes> b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  std::filesystem::path root() const { return options_.root; }
  /// Paths below the root of all that is no folder, in order.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root())) {
      if (!entry.is_directory()) names.push_back(entry.path().lexically_relative(root()).string());
    }
    std::ranges::sort(names);
    return names;
  }
  static Bytes load(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
  }
  static void store(const std::filesystem::path& path, ByteView bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << as_text(bytes);
  }

  template <class T>
  static void wait_ready(std::future<T>& future) {
    if (future.wait_for(kDeadline) != std::future_status::ready) throw std::runtime_error("no answer in time");
  }
  template <class T>
  static T wait(std::future<T>& future) {
    wait_ready(future);
    return future.get();
  }

  test::TempFolder folder_;
  test::MemoryIndex index_;
  RecorderOptions options_{.root = folder_.path() / "recordings",
                           .segment = std::chrono::milliseconds(2000),
                           .segment_bytes = 0,
                           .sync_interval = std::chrono::hours(1),
                           .sync_bytes = SIZE_MAX};
  test::FlvMaker maker_;
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace camspan::recordings
