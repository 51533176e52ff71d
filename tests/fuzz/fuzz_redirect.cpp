// What a receiver may write into a Location field: nothing may crash, and an upload goes nowhere that its user did not
// allow for: with TLS to TLS only, to a host that has a name, by a path that is one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/redirect.hpp"

namespace {

using namespace camspan;

void check(bool held) {
  if (!held) std::abort();
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

void try_location(const char* from_text, std::string_view location) {
  const auto from = parse_url(from_text);
  check(from.has_value());
  const auto target = redirect_target(*from, location);
  if (!target) {
    check(!target.error().sentence.empty());
    return;
  }
  check(target->tls == from->tls);
  check(!target->host.empty() && !target->authority.empty());
  check(target->path.starts_with('/'));
  check(!has_control(target->path) && !has_control(target->authority));
  // It is what a user could have written, and leads to itself.
  const auto again = parse_url(to_string(*target));
  check(again && same_origin(*again, *target) && again->path == target->path);
  const auto same = redirect_target(*target, to_string(*target));
  check(same && same_origin(*same, *target) && same->path == target->path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_location("https://hub.example:8443/ingest/cam1?x=1", text);
  try_location("http://[::1]:8080/a/b/../c", text);
  return 0;
}
