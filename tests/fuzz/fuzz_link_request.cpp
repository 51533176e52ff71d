/// What a stranger asks of /stream: paths, credentials, channel ids.
#include <cstdlib>

#include "proto/link/request.hpp"

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

void try_target(std::string_view target) {
  const auto parsed = link::parse_target(target);
  if (!parsed) return;
  check(link::is_stream_target(target));
  check(!parsed->identify.empty() && ("/" + parsed->identify + "/").find("/../") == std::string::npos);
  // What it means is said again by the path that a client would write.
  const auto again = link::parse_target(link::path(parsed->step, parsed->identify));
  check(again && again->step == parsed->step && again->identify == parsed->identify);
}

void try_headers(std::string_view text) {
  constexpr const char* names[] = {"x-auth-name",
                                   "x-auth-param-client-id",
                                   "x-auth-param-signmethod",
                                   "x-auth-param-product-key",
                                   "x-auth-param-device-name",
                                   "x-auth-param-sign",
                                   "x-auth-param-timestamp",
                                   "x-data-stream-id"};
  http::Headers headers;
  for (const char* name : names) {
    const std::string_view value = take_line(text);
    if (!value.empty()) headers.append(name, std::string(value));
  }
  if (const auto id = link::channel_id_of(headers)) check(!id->empty() && id->size() <= link::kMaxChannelIdBytes);
  const auto credentials = link::parse_credentials(headers);
  if (!credentials) return;
  const std::string right = link::sign(credentials->method, credentials->names, "secret");
  check(link::verify(credentials->method, credentials->names, "secret", right));
  link::verify(credentials->method, credentials->names, "secret", credentials->sign);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try_target(take_line(text));
  try_headers(text);
  return 0;
}
