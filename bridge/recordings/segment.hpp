/// One recorded segment: a complete FLV file on disk, and what is known of it.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <cstdint>
#include <string>

namespace camspan::recordings {

/// Whose media: one channel of one device. The stream is the upload it came by (a UUID); it names tag numbers over
/// reconnects and restarts.
struct StreamName {
  std::string device;
  unsigned channel = 0;
  std::string stream;

  auto operator<=>(const StreamName&) const = default;
};

/// All of this can be read back from the file itself: name, head (see segment_file.hpp) and tags.
struct Segment {
  StreamName name;
  std::string path;                       ///< relative to the root, ends in ".flv", or ".flv.part" while it grows
  UtcTime start;                          ///< capture time of its first tag: of what has timestamp 0 in the file
  std::chrono::milliseconds duration{0};  ///< from there to the last audio or video tag
  std::uint64_t bytes = 0;                ///< of whole tags on stable storage; the file may already be longer
  std::uint64_t first = 0;                ///< number of its first tag that is not head
  std::uint64_t end = 0;     ///< number after its last tag: tags [first, end) are in it. In the first segment of
                             ///< a stream the tags before `first` are in it too, as its head
  std::int64_t base_ms = 0;  ///< timestamp in the stream (64-bit, unwrapped) of what is 0 in the file
};

/// True when `next` goes on with the very tag after the last one of `before`.
inline bool continues(const Segment& before, const Segment& next) {
  return before.name == next.name && before.end == next.first;
}

}  // namespace camspan::recordings
