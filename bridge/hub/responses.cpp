#include "hub/responses.hpp"

#include <algorithm>

namespace camspan::hub {
namespace {

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

asio::awaitable<void> send_body(net::HttpExchange& exchange, int status, http::Headers headers, std::string body) {
  const auto head = co_await exchange.send_head(status, std::move(headers), body.size());
  if (!head) co_return;
  const auto written = co_await exchange.write(as_bytes(body));
  if (written) static_cast<void>(co_await exchange.finish());
}

asio::awaitable<void> send_json(net::HttpExchange& exchange, int status, std::string body) {
  body += '\n';
  http::Headers headers{
      {"content-type", "application/json"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  co_await send_body(exchange, status, std::move(headers), std::move(body));
}

asio::awaitable<tl::expected<std::string, Problem>> read_text(net::HttpExchange& exchange, std::size_t max_bytes) {
  std::string text;
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece) co_return tl::unexpected(Problem{Cause::bad_request, "The body ended early. Send it again.", {}, {}});
    if (piece->empty()) co_return text;
    if (text.size() + piece->size() > max_bytes)
      co_return tl::unexpected(
          Problem{Cause::too_large, "The body is over " + std::to_string(max_bytes) + " bytes. Send less.", {}, {}});
    text += as_text(*piece);
  }
}

bool is_foreign_origin(const net::RequestHead& request) {
  const auto origin = request.headers.find("origin");
  if (!origin) return false;
  const auto colon = origin->find("://");
  if (colon == std::string_view::npos) return true;  // "null": a sandboxed page
  const std::string_view scheme = origin->substr(0, colon);
  return !same_name(without_default_port(origin->substr(colon + 3), scheme),
                    without_default_port(request.authority, scheme));
}

}  // namespace camspan::hub
