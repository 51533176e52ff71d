/// A spooled segment as the file that mode stream sends to the service for files.
#pragma once

#include <camspan/unit.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/crc64.hpp"

namespace camspan {

/// A whole FLV, made while it is sent: file header, stamp (recordings/segment_file.hpp), the tags in force before the
/// first one, the tags. They have the timestamps that they had in the stream, as in a body of live: only so do they
/// meet those of the stream that the hub has already.
class SpoolFile {
 public:
  /// `spool_<stream, 32 hex digits>_<first>_<start, Unix ms>.flv`; nothing when `stream` is no UUID.
  static std::optional<std::string> name_of(const std::string& stream, std::uint64_t first, UtcTime start);

  struct Content {
    std::string stream;
    std::uint64_t first = 0;  ///< number of the first tag after `head`
    UtcTime start;
    std::vector<SharedUnit> head;
    std::uint64_t tag_bytes = 0;  ///< of the tags from `first` on
  };
  explicit SpoolFile(const Content& content);

  std::uint64_t size() const { return size_; }
  /// Bytes taken.
  std::uint64_t position() const { return position_; }
  /// take() has nothing to give until the next tags are added.
  bool needs_tags() const { return taken_ == ready_.size() && position_ < size_; }
  void add(const std::vector<SharedUnit>& tags);
  /// The next bytes, at most `most` and fewer than that at the end of what was added.
  Bytes take(std::uint64_t most);
  /// CRC-64/XZ of what was taken.
  std::uint64_t checksum() const { return crc_.value(); }

 private:
  void append(ByteView bytes) { ready_.insert(ready_.end(), bytes.begin(), bytes.end()); }

  Bytes ready_;
  std::size_t taken_ = 0;  ///< of ready_
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  Crc64 crc_;
};

}  // namespace camspan
