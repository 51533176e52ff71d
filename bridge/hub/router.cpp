#include "hub/router.hpp"

#include <nlohmann/json.hpp>

#include "core/log.hpp"
#include "hub/page_route.hpp"
#include "hub/responses.hpp"
#include "proto/link/request.hpp"

namespace camspan::hub {
namespace {

/// What follows `prefix` in `path`, if something does.
std::optional<std::string> after(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix) || path.size() == prefix.size()) return std::nullopt;
  return std::string(path.substr(prefix.size()));
}

/// `text` without `suffix`, if it ends so.
std::optional<std::string> before(std::string_view text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return std::nullopt;
  return std::string(text.substr(0, text.size() - suffix.size()));
}

}  // namespace

asio::awaitable<void> Router::handle(net::HttpExchange& exchange) {
  struct Active {
    std::size_t& count;
    explicit Active(std::size_t& the_count) : count(the_count) { ++count; }
    ~Active() { --count; }
  } const active(active_);
  const net::RequestHead& request = exchange.request();
  // Without the query: it may hold a token.
  log::debug("hub", request.method, " ", request.path, " from ", request.peer);
  co_await route(exchange);
}

asio::awaitable<void> Router::route(net::HttpExchange& exchange) {
  const std::string& path = exchange.request().path;
  if (link::is_stream_target(exchange.request().target)) {
    co_await stream_.handle(exchange);
  } else if (auto id = after(path, "/ingest/")) {
    co_await ingest_.handle(exchange, std::move(*id));
  } else if (auto live = after(path, "/live/"); live && live->ends_with(".flv")) {
    co_await live_.handle(exchange, before(*live, ".flv").value());
  } else if (auto rest = after(path, "/recordings/")) {
    co_await recordings(exchange, std::move(*rest));
  } else if (auto viewer = after(path, "/whep/")) {
    co_await whep_.handle(exchange, std::move(*viewer));
  } else if (path == "/signal") {
    co_await signal_.handle(exchange);
  } else if (path == "/api/devices") {
    co_await api_.devices(exchange);
  } else if (path == "/api/events") {
    co_await api_.events(exchange);
  } else if (auto device = after(path, "/api/devices/")) {
    co_await this->device(exchange, std::move(*device));
  } else if (path == "/metrics") {
    co_await metrics_.handle(exchange);
  } else if (path == "/healthz") {
    co_await healthz(exchange);
  } else {
    co_await serve_page(exchange);
  }
}

asio::awaitable<void> Router::device(net::HttpExchange& exchange, std::string rest) {
  constexpr std::string_view kDownlink = "/downlink/";
  const auto at = rest.find(kDownlink);
  if (at == std::string::npos)
    co_await api_.device(exchange, std::move(rest));
  else
    co_await downlink_.handle(exchange, rest.substr(0, at), rest.substr(at + kDownlink.size()));
}

asio::awaitable<void> Router::recordings(net::HttpExchange& exchange, std::string rest) {
  if (auto key = before(rest, "/key.flv"))
    co_await recordings_.key_frame(exchange, std::move(*key));
  else if (auto id = before(rest, ".flv"))
    co_await recordings_.download(exchange, std::move(*id));
  else
    co_await recordings_.list(exchange, std::move(rest));
}

asio::awaitable<void> Router::healthz(net::HttpExchange& exchange) {
  if (health_.fine()) {
    co_await send_json(exchange, 200, "{\"status\":\"ok\"}");
    co_return;
  }
  const bool full = health_.state() == StorageHealth::State::disk_full;
  const nlohmann::ordered_json answer{
      {"status", "failing"}, {"reason", full ? "disk-full" : "storage-failed"}, {"detail", health_.sentence()}};
  co_await send_json(exchange, 503, answer.dump());
}

}  // namespace camspan::hub
