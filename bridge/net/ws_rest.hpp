/// Streams by REST: list, read and write (ws-stream.md section 6).
#pragma once

#include <functional>
#include <string>

#include "net/http_exchange.hpp"
#include "net/ws_streams.hpp"

namespace camspan::net {

/// Lives on the I/O thread, and longer than every serve().
class WsRest {
 public:
  using Requested = std::function<void(StreamRequest)>;

  /// @param requested  is asked, on the I/O thread; requests have no client
  /// @param base       path of the list, "/appdata"; the streams are below
  WsRest(const asio::any_io_executor& executor, Requested requested, WsStreamsSettings settings, std::string base)
      : executor_(executor),
        requested_(std::move(requested)),
        settings_(std::move(settings)),
        base_(std::move(base)),
        prefix_(base_.ends_with('/') ? base_ : base_ + '/') {}

  bool is_for(std::string_view path) const { return path == base_ || path.starts_with(prefix_); }
  /// Answers a request that is_for() it.
  asio::awaitable<void> serve(HttpExchange& exchange);

 private:
  using Answer = std::optional<StreamAnswer>;  // nullopt: nobody answered in time

  asio::awaitable<void> get(HttpExchange& exchange, StreamRequest request);
  asio::awaitable<void> write(HttpExchange& exchange, std::string stream);
  asio::awaitable<Answer> ask(StreamRequest request);
  asio::awaitable<void> send_value(HttpExchange& exchange, StreamAnswer answer);
  asio::awaitable<void> refuse(HttpExchange& exchange, Answer answer);
  asio::awaitable<void> preflight(HttpExchange& exchange, std::string methods);
  asio::awaitable<Result<Bytes>> read_value(HttpExchange& exchange);
  http::Headers headers_for(const RequestHead& request) const;

  const asio::any_io_executor executor_;
  const Requested requested_;
  const WsStreamsSettings settings_;
  const std::string base_;
  const std::string prefix_;  // of what is below
  std::size_t waiting_ = 0;   // requests that a handler has
};

}  // namespace camspan::net
