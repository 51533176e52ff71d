#include "api/spool_file.hpp"

#include <algorithm>

#include "proto/flv/tag.hpp"
#include "proto/link/file_request.hpp"
#include "recordings/segment_file.hpp"

namespace camspan {

std::optional<std::string> SpoolFile::name_of(const std::string& stream, std::uint64_t first, UtcTime start) {
  std::string digits;
  for (const char c : stream)
    if (c != '-') digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  std::string name = "spool_" + digits + "_" + std::to_string(first) + "_" +
                     std::to_string(start.time_since_epoch() / std::chrono::milliseconds(1)) + ".flv";
  if (!link::parse_spool_name(name)) return std::nullopt;
  return name;
}

SpoolFile::SpoolFile(const Content& content) {
  recordings::Stamp stamp;
  stamp.stream = content.stream;
  stamp.first = content.first;
  stamp.start = content.start;
  stamp.head = static_cast<unsigned>(content.head.size());
  append(flv::file_header(true, true));
  append(recordings::make_stamp(stamp));
  add(content.head);
  size_ = ready_.size() + content.tag_bytes;
}

void SpoolFile::add(const std::vector<SharedUnit>& tags) {
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, 0)));
  for (const SharedUnit& tag : tags) append(tag->bytes);
}

Bytes SpoolFile::take(std::uint64_t most) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, ready_.size() - taken_));
  const ByteView next = ByteView(ready_).subspan(taken_, count);
  Bytes bytes(next.begin(), next.end());
  crc_.add(bytes);
  taken_ += count;
  position_ += count;
  return bytes;
}

}  // namespace camspan
