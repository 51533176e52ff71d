/// What a stranger asks of the file service: names, upload ids, checksums.
#include <cstdlib>

#include "proto/link/file_request.hpp"

namespace {

using namespace camspan;

void check(bool held) {
  if (!held) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Headers headers;
  for (const char* name : {"x-file-name", "x-file-upload-id", "x-file-overwrite", "x-file-crc64ecma", "x-file-name"}) {
    const std::string_view value = take_line(text);
    if (!value.empty()) headers.append(name, std::string(value));
  }
  static_cast<void>(link::parse_checksum(headers));
  const auto open = link::parse_file_open(headers);
  if (open) {
    check(open->name.empty() != open->upload_id.empty());
    check(open->name.find('/') == std::string::npos && !open->name.starts_with('.'));
  }
  // The whole rest is one name, so that what separates its parts is found.
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  if (const auto spool = link::parse_spool_name(name)) {
    check(spool->stream.size() == 32 && spool->first <= 1ull << 62);
    check(spool->start.time_since_epoch().count() >= 0);
  }
  return 0;
}
