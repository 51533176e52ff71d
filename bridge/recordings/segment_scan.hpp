/// Reads back from a segment file what an index says of it.
#pragma once

#include <filesystem>
#include <string>

#include "proto/flv/head.hpp"
#include "recordings/segment.hpp"
#include "recordings/segment_file.hpp"

namespace camspan::recordings {

struct SegmentScan {
  Segment segment;               ///< `bytes` ends with the last whole tag
  std::uint64_t file_bytes = 0;  ///< more than segment.bytes: the rest is cut or damaged
};

/// Walks over the tags of a file, reading little but their headers. Blocks.
/// @param root  the recordings folder
/// @param path  relative to it
/// @param limit  bytes of the file to look at
/// @return Errc::wrong_type: no segment of ours, by name or content; Errc::gap: it ends within its head, before
/// anything was acknowledged; Errc::not_found; errors of reading
Result<SegmentScan> scan_segment(const std::filesystem::path& root, const std::string& path,
                                 std::uint64_t limit = UINT64_MAX);

/// The script and config tags in force after the last tag of a segment. Blocks.
Result<flv::Head> head_at_end(const std::filesystem::path& root, const Segment& segment);

/// Opens the file of a segment, also when it got or lost its ".part" since `segment` was listed. Blocks.
Result<SegmentFile> open_segment_file(const std::filesystem::path& root, const Segment& segment);

}  // namespace camspan::recordings
