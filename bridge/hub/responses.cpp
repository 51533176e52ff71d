#include "hub/responses.hpp"

namespace camspan::hub {

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

}  // namespace camspan::hub
