/// Finds the tag that playing begins with.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "proto/flv/head.hpp"
#include "recordings/segment.hpp"
#include "recordings/segment_file.hpp"

namespace camspan::recordings {

struct StartPoint {
  std::size_t segment = 0;  ///< of the list searched
  TagAt tag;
  flv::Head head;             ///< in force before it
  bool at_or_before = false;  ///< the tag is not after the time asked for
  bool first = false;         ///< it is the first of its segment that is no head
};

// Both read files, headers only but for script and config tags, and block. Segments that are gone or damaged are passed
// over; errors are those of reading. `segments` in order of time.

/// The key frame at or before `at`, also where another segment holds it that the stream goes on from; in a gap and
/// before everything the first key frame after. Without any video: an audio tag. Without `at`: the first tag of all.
/// Nothing when `at` is after everything, or there are no tags.
Result<std::optional<StartPoint>> find_start(const std::filesystem::path& root, const std::vector<Segment>& segments,
                                             std::optional<UtcTime> at);

/// The last key frame at or before `at`, however far back.
Result<std::optional<StartPoint>> find_key_frame(const std::filesystem::path& root,
                                                 const std::vector<Segment>& segments, UtcTime at);

/// The smallest timestamp (in the file) with which something begins that begins with `tag`: audio may be a little
/// before the key frame that precedes it in the file. Leaves `file` at `tag`.
/// @param head  tags before `tag` that keep their timestamps
Result<std::int64_t> earliest_place(SegmentFile& file, const TagAt& tag, const flv::Head& head);

/// True for the errors of open_segment_file() that mean: leave this segment out.
bool is_unplayable(std::error_code error);

}  // namespace camspan::recordings
