#include "proto/link/file_request.hpp"

#include <algorithm>
#include <charconv>

namespace camspan::link {
namespace {

constexpr std::size_t kStreamDigits = 32;
constexpr std::uint64_t kMaxTagNumber = 1ull << 62;         // as camspan-first
constexpr std::uint64_t kMaxStartMs = 253'402'300'799'999;  // the end of the year 9999

template <class Number>
Result<Number> parse_decimal(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return fail(Errc::malformed);
  return value;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// Takes all up to `mark` off the front of `text`.
std::optional<std::string_view> take_until(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

}  // namespace

bool is_upload_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxFileNameBytes && is_alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || c == '_' || c == '.'; });
}

Result<FileOpen> parse_file_open(const http::Headers& headers) {
  const std::size_t names = headers.count("x-file-name");
  const std::size_t ids = headers.count("x-file-upload-id");
  if (names + ids != 1) return fail(Errc::malformed);
  FileOpen open;
  open.name = headers.find("x-file-name").value_or("");
  open.upload_id = headers.find("x-file-upload-id").value_or("");
  open.overwrite = headers.find("x-file-overwrite") == "1";
  if (names == 1 ? !is_upload_name(open.name) : open.upload_id.empty()) return fail(Errc::malformed);
  return open;
}

Result<std::optional<std::uint64_t>> parse_checksum(const http::Headers& headers) {
  const auto text = headers.find("x-file-crc64ecma");
  if (!text) return std::optional<std::uint64_t>();
  if (const auto value = parse_decimal<std::uint64_t>(*text)) return *value;
  const auto value = parse_decimal<std::int64_t>(*text);
  if (!value) return fail(Errc::malformed);
  return static_cast<std::uint64_t>(*value);
}

std::optional<SpoolName> parse_spool_name(std::string_view name) {
  if (!name.ends_with(".flv")) return std::nullopt;
  name.remove_suffix(4);
  if (take_until(name, '_') != "spool") return std::nullopt;
  const auto stream = take_until(name, '_');
  const auto first_text = take_until(name, '_');
  if (!stream || !first_text || stream->size() != kStreamDigits ||
      stream->find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return std::nullopt;
  const auto first = parse_decimal<std::uint64_t>(*first_text);
  const auto start = parse_decimal<std::uint64_t>(name);
  if (!first || *first > kMaxTagNumber || !start || *start > kMaxStartMs) return std::nullopt;
  return SpoolName{std::string(*stream), *first, UtcTime(std::chrono::milliseconds(static_cast<std::int64_t>(*start)))};
}

}  // namespace camspan::link
