#include "recordings/spool_reader.hpp"

#include "recordings/segment_scan.hpp"

namespace camspan::recordings {

Result<SpoolReader> SpoolReader::open(const std::filesystem::path& root, const Segment& segment) {
  auto file = open_segment_file(root, segment);
  if (!file) return fail(file.error());
  SpoolReader reader(std::move(*file), segment);
  if (const auto head = reader.read_head(); !head) return fail(head.error());
  return reader;
}

Result<> SpoolReader::read_head() {
  std::uint64_t overhead = 0;
  std::uint64_t head_bytes = 0;
  for (;;) {
    const auto tag = file_.next();
    if (!tag) return fail(tag.error());
    if (!*tag) break;
    if (!(*tag)->head) {
      overhead = (*tag)->offset;
      file_.seek(**tag);
      break;
    }
    const auto unit = tag_of(**tag);
    if (!unit) return fail(unit.error());
    head_.push_back(*unit);
    head_bytes += (*unit)->bytes.size();
    overhead = file_.position();
  }
  // The tags that begin a stream lie in the head of its first segment, and have the numbers before `first`.
  owns_head_ = segment_.first == head_.size();
  payload_bytes_ = segment_.bytes - overhead + (owns_head_ ? head_bytes : 0);
  if (owns_head_) own_ = std::exchange(head_, {});
  return {};
}

/// A tag with the timestamp that it had in the stream.
Result<SharedUnit> SpoolReader::tag_of(const TagAt& at) const {
  auto memory = std::make_shared<Bytes>(at.bytes());
  if (const auto read_in = file_.read(at, 0, *memory); !read_in) return fail(read_in.error());
  flv::write_timestamp(memory->data(), flv::rebase(at.place_ms, -segment_.base_ms));
  const ByteView view = *memory;
  const auto info = flv::inspect(view);
  if (!info) return fail(info.error());
  return flv::make_tag_unit(view, std::move(memory), *info);
}

Result<std::vector<SharedUnit>> SpoolReader::next(std::size_t bytes) {
  if (!own_.empty()) return std::exchange(own_, {});
  std::vector<SharedUnit> tags;
  for (std::size_t size = 0; size < bytes; size += tags.back()->bytes.size()) {
    const auto at = file_.next();
    if (!at) return fail(at.error());
    if (!*at) break;
    const auto unit = tag_of(**at);
    if (!unit) return fail(unit.error());
    tags.push_back(*unit);
  }
  return tags;
}

}  // namespace camspan::recordings
