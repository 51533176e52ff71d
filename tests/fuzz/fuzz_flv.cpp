// FLV bytes of any kind, cut anywhere: parser, kinds, script data and cache must take them, and give the same tags
// however the bytes are cut; the scan and the readers of recordings must take them as a file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "proto/flv/amf.hpp"
#include "proto/flv/gop_cache.hpp"
#include "proto/flv/parser.hpp"
#include "proto/flv/tag.hpp"
#include "proto/flv/timeline.hpp"
#include "recordings/segment_file.hpp"
#include "recordings/segment_reader.hpp"
#include "recordings/segment_scan.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace camspan;

void check(bool held) {
  if (!held) std::abort();
}

/// Sizes of the tags, from pieces whose sizes the first input bytes choose.
std::vector<std::size_t> parse(ByteView bytes, std::size_t piece, flv::GopCache* cache) {
  flv::Parser parser({.max_tag_bytes = 1 << 16});
  std::vector<std::size_t> sizes;
  flv::Timeline timeline;
  bool good = true;
  while (good && !bytes.empty()) {
    const ByteView part = bytes.first(std::min(piece, bytes.size()));
    good = parser.feed(make_unit(Bytes(part.begin(), part.end()), UnitKind::other)).has_value();
    bytes = bytes.subspan(part.size());
    while (const auto unit = parser.poll()) {
      const ByteView tag = (*unit)->bytes;
      sizes.push_back(tag.size());
      const auto info = flv::inspect(tag);
      check(info && flv::tag_bytes(info->data_bytes) == tag.size());
      timeline.advance(info->timestamp_ms);
      static_cast<void>(flv::codec_name(*info));
      static_cast<void>(flv::read_metadata(flv::data_of(tag)));
      static_cast<void>(recordings::read_stamp(flv::data_of(tag)));
      if (cache) cache->push(*unit);
    }
  }
  std::size_t whole = 0;
  for (const std::size_t size : sizes) whole += size;
  check(whole <= parser.whole_bytes());
  return sizes;
}

/// The bytes as a segment file. Files come by hal(), so it is a real one, in memory.
void read_as_file(ByteView bytes) {
  static const test::TempFolder folder;
  static const std::filesystem::path root = folder.path();
  static const std::string path = "cam/2026/11/21/083000.000Z.flv";
  static const int fd = [] {
    const int file = memfd_create("segment", MFD_CLOEXEC);
    std::filesystem::create_directories((root / path).parent_path());
    std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(file), root / path);
    return file;
  }();
  check(ftruncate(fd, 0) == 0);
  check(pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  const auto scan = recordings::scan_segment(root, path);
  if (!scan) return;
  check(scan->segment.bytes <= bytes.size());
  static_cast<void>(recordings::head_at_end(root, scan->segment));
  static_cast<void>(recordings::read_key_frame(root, {scan->segment}, scan->segment.start + scan->segment.duration));
  auto reader = recordings::RangeReader::open(root, {scan->segment, scan->segment}, {});
  if (!reader) return;
  flv::Parser parser({.max_tag_bytes = 16 << 20});
  while (const auto piece = (*reader)->next(4096).value()) check(parser.feed(ByteView(*piece)).has_value());
  check(parser.at_boundary());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView bytes = std::as_bytes(std::span(data + 2, size - 2));
  const std::size_t piece = 1 + (data[0] | std::size_t{data[1]} << 8);
  flv::GopCache cache(1 << 16);
  check(parse(bytes, piece, &cache) == parse(bytes, bytes.size() + 1, nullptr));
  check(!cache.head().empty() && cache.has_key() != cache.since_key().empty());
  read_as_file(bytes);
  return 0;
}
