#include "net/responses.hpp"

#include <algorithm>

namespace camspan::net {
namespace {

// What is full now may well not be when somebody has closed a page.
constexpr int kRetryS = 5;

std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

asio::awaitable<void> send_body(HttpExchange& exchange, int status, http::Headers headers, std::string body) {
  const auto head = co_await exchange.send_head(status, std::move(headers), body.size());
  if (!head) co_return;
  const auto written = co_await exchange.write(as_bytes(body));
  if (written) static_cast<void>(co_await exchange.finish());
}

asio::awaitable<void> send_problem(HttpExchange& exchange, int status, std::string cause, std::string title,
                                   std::string detail) {
  http::Headers headers;
  headers.append("content-type", "application/problem+json");
  if (status == 401) headers.append("www-authenticate", "Bearer");            // RFC 9110 section 15.5.2
  if (status == 503) headers.append("retry-after", std::to_string(kRetryS));  // RFC 9110 section 15.6.4
  std::string body = problem_json(status, cause, title, detail);
  co_await send_body(exchange, status, std::move(headers), std::move(body));
}

bool is_foreign_origin(const RequestHead& request, std::span<const std::string> allowed) {
  const auto origin = request.headers.find("origin");
  if (!origin) return false;
  for (const std::string& one : allowed)
    if (one == "*" || same_name(one, *origin)) return false;
  const auto colon = origin->find("://");
  if (colon == std::string_view::npos) return true;  // "null": a sandboxed page
  const std::string_view scheme = origin->substr(0, colon);
  return !same_name(without_default_port(origin->substr(colon + 3), scheme),
                    without_default_port(request.authority, scheme));
}

}  // namespace camspan::net
