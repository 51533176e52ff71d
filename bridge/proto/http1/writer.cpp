#include "proto/http1/writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "proto/http1/syntax.hpp"

namespace camspan::http1 {
namespace {

constexpr std::array<std::string_view, 5> kOurs{"connection", "content-length", "keep-alive", "transfer-encoding",
                                                "upgrade"};

struct Phrase {
  int status;
  const char* words;
};
// RFC 9110 section 15, and RFC 6585 for 429 and 431; those that a server or proxy of ours sends.
constexpr Phrase kPhrases[] = {{100, "Continue"},
                               {101, "Switching Protocols"},
                               {200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {204, "No Content"},
                               {206, "Partial Content"},
                               {301, "Moved Permanently"},
                               {302, "Found"},
                               {303, "See Other"},
                               {304, "Not Modified"},
                               {307, "Temporary Redirect"},
                               {308, "Permanent Redirect"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {406, "Not Acceptable"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {411, "Length Required"},
                               {412, "Precondition Failed"},
                               {413, "Content Too Large"},
                               {414, "URI Too Long"},
                               {415, "Unsupported Media Type"},
                               {416, "Range Not Satisfiable"},
                               {417, "Expectation Failed"},
                               {422, "Unprocessable Content"},
                               {426, "Upgrade Required"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"},
                               {505, "HTTP Version Not Supported"},
                               {507, "Insufficient Storage"}};

}  // namespace

const char* reason_phrase(int status) {
  const auto found = std::find_if(std::begin(kPhrases), std::end(kPhrases),
                                  [status](const Phrase& phrase) { return phrase.status == status; });
  return found != std::end(kPhrases) ? found->words : "Status";
}

Result<std::string> response_head(const ResponseHead& head, const http::Headers& headers) {
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + ' ' + reason_phrase(head.status) + "\r\n";
  for (const http::Header& field : headers) {
    if (!is_token(field.name) || !is_field_value(field.value)) return fail(Errc::malformed);
    const auto same = [&field](std::string_view name) { return equal_nocase(field.name, name); };
    if (std::any_of(kOurs.begin(), kOurs.end(), same)) continue;
    out += field.name + ": " + field.value + "\r\n";
  }
  if (head.length == BodyLength::known) out += "content-length: " + std::to_string(head.content_length) + "\r\n";
  if (head.length == BodyLength::chunked) out += "transfer-encoding: chunked\r\n";
  if (head.close) out += "connection: close\r\n";
  out += "\r\n";
  return out;
}

std::string websocket_head(std::string_view accept) {
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " +
         std::string(accept) + "\r\n\r\n";
}

std::string chunk_head(std::size_t size) {
  std::array<char, 2 * sizeof size> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

}  // namespace camspan::http1
