#include "recordings/segment_scan.hpp"

#include <algorithm>

#include "recordings/segment_file.hpp"
#include "recordings/segment_name.hpp"

namespace camspan::recordings {

Result<SegmentScan> scan_segment(const std::filesystem::path& root, const std::string& path, std::uint64_t limit) {
  const auto name = parse_segment_path(path);
  if (!name) return fail(Errc::wrong_type);
  auto file = SegmentFile::open((root / path).string(), limit);
  if (!file) return fail(file.error());
  const Stamp& stamp = file->stamp();
  std::uint64_t tags = 0;
  std::int64_t last_ms = 0;
  while (true) {
    const auto tag = file->next();
    if (!tag) return fail(tag.error());
    if (!*tag) break;
    if (!(*tag)->head) ++tags;
    if ((*tag)->media()) last_ms = std::max(last_ms, (*tag)->place_ms);
  }
  return SegmentScan{.segment = {.name = {name->device, name->channel, stamp.stream},
                                 .path = path,
                                 .start = stamp.start,
                                 .duration = std::chrono::milliseconds(last_ms),
                                 .bytes = file->position(),
                                 .first = stamp.first,
                                 .end = stamp.first + tags,
                                 .base_ms = stamp.base_ms},
                     .file_bytes = file->size()};
}

Result<SegmentFile> open_segment_file(const std::filesystem::path& root, const Segment& segment) {
  const std::string finished(final_path(segment.path));
  const std::string growing = finished + ".part";
  const bool was_growing = segment.path == growing;
  auto file = SegmentFile::open((root / (was_growing ? growing : finished)).string(), segment.bytes);
  if (file || file.error() != Errc::not_found) return file;
  return SegmentFile::open((root / (was_growing ? finished : growing)).string(), segment.bytes);
}

Result<flv::Head> head_at_end(const std::filesystem::path& root, const Segment& segment) {
  auto file = open_segment_file(root, segment);
  if (!file) return fail(file.error());
  flv::Head head;
  while (true) {
    const auto tag = file->next();
    if (!tag) return fail(tag.error());
    if (!*tag) return head;
    if (!flv::Head::may_belong((*tag)->info)) continue;
    const auto unit = file->unit_of(**tag);
    if (!unit) return fail(unit.error());
    head.put(*unit);
  }
}

}  // namespace camspan::recordings
