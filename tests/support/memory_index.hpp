#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "recordings/recorder.hpp"
#include "recordings/segment_name.hpp"

namespace camspan::test {

/// A segment index that is lost with the program. Any thread, so that a test may look while a recorder works.
class MemoryIndex final : public recordings::SegmentIndex {
 public:
  struct Row {
    recordings::Segment segment;
    bool finished = false;
  };

  void put(const recordings::Segment& segment, bool finished) override {
    const std::lock_guard lock(mutex_);
    rows_[std::string(recordings::final_path(segment.path))] = {segment, finished};
  }
  void remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    rows_.erase(std::string(recordings::final_path(path)));
  }
  std::optional<recordings::Segment> last_of(const recordings::StreamName& name) const override {
    const std::lock_guard lock(mutex_);
    std::optional<recordings::Segment> last;
    for (const auto& [path, row] : rows_) {
      if (row.segment.name == name && (!last || row.segment.end > last->end)) last = row.segment;
    }
    return last;
  }
  std::vector<std::string> paths() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> paths;
    for (const auto& [path, row] : rows_) paths.push_back(row.segment.path);
    return paths;
  }
  std::uint64_t bytes_of(const std::string& path) const override {
    const std::lock_guard lock(mutex_);
    const auto row = rows_.find(std::string(recordings::final_path(path)));
    return row == rows_.end() ? 0 : row->second.segment.bytes;
  }

  /// By start.
  std::vector<recordings::Segment> segments() const {
    std::vector<recordings::Segment> segments;
    for (const Row& row : rows()) segments.push_back(row.segment);
    std::ranges::stable_sort(segments, {}, &recordings::Segment::start);
    return segments;
  }
  std::vector<Row> rows() const {
    const std::lock_guard lock(mutex_);
    std::vector<Row> rows;
    for (const auto& [path, row] : rows_) rows.push_back(row);
    return rows;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    rows_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
};

}  // namespace camspan::test
