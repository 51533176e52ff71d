/// Streams by REST: list, read and write at /appdata.
#pragma once

#include <string>
#include <vector>

#include "net/http_exchange.hpp"
#include "net/ws_streams.hpp"

namespace camspan::gos {

/// Lives on the I/O thread, and longer than every serve().
class Rest {
 public:
  Rest(const asio::any_io_executor& executor, net::WsStreamsUser& user, net::WsStreamsSettings settings)
      : executor_(executor), user_(user), settings_(std::move(settings)) {}

  /// Answers a request whose path is /appdata or below.
  asio::awaitable<void> serve(net::HttpExchange& exchange);

 private:
  using Answer = std::optional<net::StreamAnswer>;  // nullopt: nobody answered in time

  asio::awaitable<void> get(net::HttpExchange& exchange, net::StreamRequest request);
  asio::awaitable<void> write(net::HttpExchange& exchange, std::string stream);
  asio::awaitable<Answer> ask(net::StreamRequest request);
  asio::awaitable<void> send_value(net::HttpExchange& exchange, net::StreamAnswer answer);
  asio::awaitable<void> refuse(net::HttpExchange& exchange, Answer answer);
  asio::awaitable<void> preflight(net::HttpExchange& exchange, std::string methods);
  asio::awaitable<Result<Bytes>> read_value(net::HttpExchange& exchange);
  http::Headers headers_for(const net::RequestHead& request) const;

  const asio::any_io_executor executor_;
  net::WsStreamsUser& user_;
  const net::WsStreamsSettings settings_;
  std::size_t waiting_ = 0;  // requests that a handler has
};

}  // namespace camspan::gos
