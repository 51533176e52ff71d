#include "hub/ingest_request.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/time.hpp"

namespace camspan::hub {
namespace {

// A quarter of what 64 bits hold: no stream gets there, and sums cannot overflow.
constexpr std::uint64_t kMaxNumber = 1ull << 62;

tl::unexpected<Problem> bad(std::string detail) {
  return tl::unexpected(Problem{Cause::bad_request, std::move(detail), {}, {}});
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return result;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// "video/x-flv" of "Video/X-FLV; a=b".
std::string media_type(std::string_view value) {
  return lower(trim(value.substr(0, value.find(';'))));
}

bool accepts_ndjson(std::string_view accept) {
  for (;;) {
    const auto comma = accept.find(',');
    if (media_type(accept.substr(0, comma)) == "application/x-ndjson") return true;
    if (comma == std::string_view::npos) return false;
    accept.remove_prefix(comma + 1);
  }
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return fail(Errc::malformed);
  return value;
}

/// "6ba7b810-9dad-41d1-80b4-00c04fd430c8;1234".
std::optional<IngestRequest::StreamTag> parse_stream_tag(std::string_view text) {
  const auto semicolon = text.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  IngestRequest::StreamTag tag{canonical_uuid(trim(text.substr(0, semicolon))), 0};
  const auto number = parse_number(trim(text.substr(semicolon + 1)));
  if (tag.stream.empty() || !number || *number > kMaxNumber) return std::nullopt;
  tag.number = *number;
  return tag;
}

tl::expected<void, Problem> read_other_streams(const http::Headers& headers, IngestRequest& request) {
  if (const auto after = headers.find("camspan-after")) {
    for (std::string_view left = *after; !left.empty();) {
      const auto comma = left.find(',');
      auto tag = parse_stream_tag(trim(left.substr(0, comma)));
      if (!tag || request.after.size() == IngestRequest::kMaxAfter)
        return bad("The header camspan-after is a list of at most 64 streams and how many tags they had, each UUID;n.");
      request.after.push_back(std::move(*tag));
      left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 1);
    }
  }
  if (const auto rest = headers.find("camspan-rest")) {
    request.rest = parse_stream_tag(trim(*rest));
    if (!request.rest) return bad("The header camspan-rest is a stream and the number of a tag in it: UUID;n.");
  }
  return {};
}

tl::expected<void, Problem> read_stream(const http::Headers& headers, IngestRequest& request) {
  if (const auto stream = headers.find("camspan-stream")) {
    request.stream = canonical_uuid(trim(*stream));
    if (request.stream.empty())
      return bad("The header camspan-stream is a UUID, such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8.");
  }
  if (const auto first = headers.find("camspan-first")) {
    const auto number = parse_number(trim(*first));
    if (!number || *number > kMaxNumber)
      return bad("The header camspan-first is the number of the first tag in the body.");
    if (*number > 0 && request.stream.empty())
      return bad("A camspan-first above 0 goes on with a stream: name it with camspan-stream.");
    request.first = *number;
  }
  if (const auto head = headers.find("camspan-head")) {
    const auto number = parse_number(trim(*head));
    if (!number)
      return bad(
          "The header camspan-head is how many metadata and configuration tags are repeated before the first tag.");
    request.head = *number;
  }
  if (const auto start = headers.find("camspan-start")) {
    const auto time = parse_utc(trim(*start));
    if (!time) return bad("The header camspan-start is a time, such as 2026-11-21T08:30:00.000Z or Unix seconds.");
    request.start = *time;
  }
  if (const auto spooled = headers.find("camspan-spooled")) {
    if (trim(*spooled) != "1") return bad("The header camspan-spooled is 1, or not there.");
    request.spooled = true;
  }
  if (const auto channel = headers.find("camspan-channel")) {
    const auto number = parse_channel(trim(*channel));
    if (!number) return bad("The header camspan-channel is a number from 0 to 255.");
    request.channel = *number;
  }
  return {};
}

tl::expected<void, Problem> read_extras(const http::Headers& headers, IngestRequest& request) {
  if (const auto meta = headers.find("camspan-meta")) {
    // accept() builds nothing, so that deep nesting costs no memory.
    if (meta->size() > IngestRequest::kMaxMetaBytes || !trim(*meta).starts_with('{') || !nlohmann::json::accept(*meta))
      return bad("The header camspan-meta is a JSON object of at most 4096 bytes.");
    request.meta = trim(*meta);
  }
  if (const auto name = headers.find("camspan-name")) {
    if (!is_file_name(trim(*name)))
      return bad(
          "The header camspan-name is a file name of letters, digits, dots, dashes and underscores, at most 128, not "
          "beginning with a dot and not ending in .part.");
    request.name = trim(*name);
  }
  return {};
}

}  // namespace

std::string canonical_uuid(std::string_view text) {
  std::string digits = lower(text);
  if (digits.size() == 36) {
    for (const std::size_t dash : {23u, 18u, 13u, 8u}) {
      if (digits[dash] != '-') return {};
      digits.erase(dash, 1);
    }
  }
  if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) return {};
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) digits.insert(dash, "-");
  return digits;
}

bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > IngestRequest::kMaxNameBytes || name.front() == '.' || name.ends_with(".part"))
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<unsigned> parse_channel(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number > IngestRequest::kMaxChannel) return fail(Errc::malformed);
  return static_cast<unsigned>(*number);
}

tl::expected<IngestRequest, Problem> parse_ingest(const http::Headers& headers) {
  IngestRequest request;
  if (const auto type = headers.find("content-type"); type && !trim(*type).empty()) {
    request.content_type = media_type(*type);
    request.body = request.content_type == "video/x-flv" ? IngestRequest::Body::live : IngestRequest::Body::file;
  }
  if (auto read = read_stream(headers, request); !read) return tl::unexpected(std::move(read.error()));
  if (auto read = read_other_streams(headers, request); !read) return tl::unexpected(std::move(read.error()));
  if (auto read = read_extras(headers, request); !read) return tl::unexpected(std::move(read.error()));
  if (const auto accept = headers.find("accept")) request.acknowledge = accepts_ndjson(*accept);
  return request;
}

}  // namespace camspan::hub
