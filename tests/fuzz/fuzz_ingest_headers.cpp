// What a stranger writes into the head of an upload or a query: ids, headers, times, sizes. Nothing may crash, and what
// is taken must be safe as a file name and within its bounds.
#include <cstdlib>
#include <string>

#include "core/time.hpp"
#include "hub/device_id.hpp"
#include "hub/ingest_request.hpp"
#include "hub/quantity.hpp"
#include "hub/responses.hpp"
#include "net/http_exchange.hpp"

namespace {

using namespace camspan;
using namespace camspan::hub;

void check(bool held) {
  if (!held) std::abort();
}

bool is_safe_name(const std::string& name) {
  return name.find('/') == std::string::npos && name.find('\0') == std::string::npos && name != "." && name != "..";
}

/// The next line of the input.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

void try_id(std::string_view text) {
  const auto id = DeviceId::parse(text);
  if (!id) return;
  check(is_safe_name(id->str()) && id->str().size() <= DeviceId::kMaxBytes);
  check(DeviceId::parse(id->str()).value() == *id);
  check(DeviceId::of_triple(id->product_key(), id->device_name()).value() == *id);
}

void try_headers(std::string_view text) {
  constexpr const char* names[] = {"content-type",  "camspan-stream",  "camspan-first", "camspan-head",
                                   "camspan-start", "camspan-channel", "camspan-meta",  "camspan-name",
                                   "accept",        "camspan-after",   "camspan-rest",  "camspan-spooled"};
  http::Headers headers;
  for (const char* name : names) {
    const std::string_view value = take_line(text);
    if (!value.empty()) headers.append(name, std::string(value));
  }
  const auto request = parse_ingest(headers);
  if (!request) {
    check(request.error().status() == 400 && !request.error().json().empty());
    return;
  }
  check(request->stream.empty() || request->stream.size() == 36);
  check(request->channel <= IngestRequest::kMaxChannel);
  check(is_safe_name(request->name));
  check(request->meta.size() <= IngestRequest::kMaxMetaBytes);
  check(request->first == 0 || !request->stream.empty());
  check(request->after.size() <= IngestRequest::kMaxAfter);
  for (const auto& before : request->after) check(before.stream.size() == 36);
  check(!request->rest || request->rest->stream.size() == 36);
}

void try_target(std::string_view text) {
  net::RequestHead head;
  if (!net::set_target(head, text)) return;
  for (const char* name : {"channel", "start", "end", "at", "token"}) {
    const auto value = head.query_value(name);
    if (value && parse_utc(*value)) check(format_utc(parse_utc(*value).value()).size() >= 24);
    if (value && parse_channel(*value)) check(parse_channel(*value).value() <= IngestRequest::kMaxChannel);
  }
}

void try_origin(std::string_view text) {
  net::RequestHead head;
  head.authority = std::string(take_line(text));
  head.headers.append("origin", std::string(text));
  is_foreign_origin(head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_id(text);
  try_headers(text);
  try_target(text);
  try_origin(text);
  static_cast<void>(parse_size(text));
  static_cast<void>(parse_duration(text));
  static_cast<void>(parse_host_port(text));
  return 0;
}
