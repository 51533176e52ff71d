/// Requests of HTTP/1.1, whole and cut into pieces: both must give the same.
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/http1/parser.hpp"

namespace {

using camspan::ByteView;
using camspan::http1::RequestParser;

struct Seen {
  std::vector<std::string> events;
  std::error_code error;
};

Seen parse(ByteView bytes, std::size_t piece) {
  RequestParser parser({});
  Seen seen;
  std::string body;
  while (!bytes.empty()) {
    ByteView input = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(input.size());
    for (;;) {
      const auto parsed = parser.next(input);
      if (!parsed) {
        seen.error = parsed.error();
        if (parser.problem().status < 400 || parser.problem().detail.empty()) std::abort();
        return seen;
      }
      if (parsed->consumed > input.size() || parsed->body.size() > parsed->consumed) std::abort();
      input = input.subspan(parsed->consumed);
      if (parsed->step == RequestParser::Step::need_more) break;
      const auto& request = parser.request();
      if (parsed->step == RequestParser::Step::head) {
        std::string head = request.method + ' ' + request.target + ' ' + request.authority;
        for (const auto& field : request.headers) head += '\n' + field.name + ':' + field.value;
        if (request.chunked && request.content_length) std::abort();
        seen.events.push_back(std::move(head));
      }
      if (parsed->step == RequestParser::Step::body) body += camspan::as_text(parsed->body);
      if (parsed->step == RequestParser::Step::end) seen.events.push_back(std::exchange(body, {}));
    }
    if (!input.empty()) std::abort();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const Seen whole = parse(bytes, SIZE_MAX);
  const Seen cut = parse(bytes, data[0] + 1u);
  // Where a limit strikes depends on the cuts.
  if (whole.error == camspan::Errc::too_large || cut.error == camspan::Errc::too_large) return 0;
  if (whole.events != cut.events || whole.error != cut.error) std::abort();
  return 0;
}
