/// A spooled segment as the tags that were sent, or should have been: with their own timestamps and numbers.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "recordings/segment.hpp"
#include "recordings/segment_file.hpp"

namespace camspan::recordings {

/// Blocks: storage thread. One thread at a time.
class SpoolReader {
 public:
  static Result<SpoolReader> open(const std::filesystem::path& root, const Segment& segment);

  /// Number of the first tag: segment.first, or 0 where its head is what the stream began with.
  std::uint64_t first() const { return owns_head_ ? 0 : segment_.first; }
  /// Script and config tags in force before the first tag; empty where they are what the stream began with.
  const std::vector<SharedUnit>& head() const { return head_; }
  /// Bytes of the tags from first() on.
  std::uint64_t payload_bytes() const { return payload_bytes_; }
  /// The next tags, one at least, about `bytes` of them; none at the end.
  Result<std::vector<SharedUnit>> next(std::size_t bytes);

 private:
  SpoolReader(SegmentFile file, Segment segment) : file_(std::move(file)), segment_(std::move(segment)) {}

  Result<> read_head();
  Result<SharedUnit> tag_of(const TagAt& at) const;

  SegmentFile file_;
  Segment segment_;
  std::vector<SharedUnit> head_;
  std::vector<SharedUnit> own_;  ///< the head, where it belongs to the tags and was not given yet
  bool owns_head_ = false;
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace camspan::recordings
