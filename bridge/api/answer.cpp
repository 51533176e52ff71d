#include "api/answer.hpp"

#include <algorithm>
#include <charconv>

namespace camspan {
namespace {

// A problem document is a few hundred bytes; more is not read.
constexpr std::size_t kMaxProblemBytes = 8 << 10;
constexpr unsigned kMaxRetrySeconds = 3600;

/// The text of `"key":"..."`, with \" and \\ undone.
std::string json_text(std::string_view line, std::string_view key) {
  const std::string quoted = "\"" + std::string(key) + "\"";
  std::size_t at = line.find(quoted);
  if (at == std::string_view::npos) return {};
  at = line.find('"', at + quoted.size());
  if (at == std::string_view::npos) return {};
  std::string text;
  for (++at; at < line.size() && line[at] != '"'; ++at) {
    if (line[at] == '\\' && at + 1 < line.size()) ++at;
    text += line[at];
  }
  return text;
}

}  // namespace

std::optional<std::uint64_t> json_number(std::string_view line, std::string_view key) {
  const std::string quoted = "\"" + std::string(key) + "\"";
  std::size_t at = line.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  at = line.find_first_not_of(" :\t", at + quoted.size());
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

Errc code_of_status(int status) {
  switch (status) {
    case 401:
    case 407:
      return Errc::not_authenticated;
    case 403:
      return Errc::not_authorized;
    case 404:
    case 410:
      return Errc::not_found;
    case 409:
      return Errc::gap;
    case 411:  // of bytes without a length, over what a file may have
    case 413:
      return Errc::too_large;
    case 415:
      return Errc::wrong_type;
    case 501:
      return Errc::unsupported;
    case 429:
    case 503:
      return Errc::busy;
    case 507:
      return Errc::no_space;
    default:
      return Errc::refused;
  }
}

asio::awaitable<std::string> read_problem(net::H2ClientStream& stream) {
  std::string body;
  while (body.size() < kMaxProblemBytes) {
    const auto piece = co_await stream.read_body();
    if (!piece || piece->empty()) break;
    body += as_text(*piece);
  }
  co_return body;
}

std::string detail_of(std::string_view problem) {
  std::string detail = json_text(problem, "detail");
  return detail.empty() ? json_text(problem, "message") : detail;
}

std::optional<std::chrono::seconds> retry_after_of(const http::Headers& headers) {
  const auto text = headers.find("retry-after");
  unsigned seconds = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), seconds).ec != std::errc{})
    return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kMaxRetrySeconds));
}

}  // namespace camspan
