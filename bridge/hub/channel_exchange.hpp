/// A request on /stream: its answer has the fields that devices need, in the order that they need.
#pragma once

#include <string>

#include "net/http_exchange.hpp"

namespace camspan::hub {

/// Passes everything on to the exchange it stands before; routes that know nothing of channels can answer by it.
class ChannelExchange final : public net::HttpExchange {
 public:
  /// @param channel  id that the answer names; "" = 0
  ChannelExchange(net::HttpExchange& exchange, std::string channel)
      : exchange_(exchange), channel_(std::move(channel)) {}

  const net::RequestHead& request() const override { return exchange_.request(); }
  net::HttpConnection& connection() override { return exchange_.connection(); }
  asio::awaitable<Result<ByteView>> read_body() override { return exchange_.read_body(); }
  asio::awaitable<Result<>> send_head(int status, http::Headers headers,
                                      std::optional<std::uint64_t> content_length) override;
  asio::awaitable<Result<>> write(ByteView piece) override { return exchange_.write(piece); }
  asio::awaitable<Result<>> finish() override { return exchange_.finish(); }
  void abort() override { exchange_.abort(); }
  asio::awaitable<Result<std::unique_ptr<net::WsLink>>> accept_websocket() override {
    return exchange_.accept_websocket();
  }
  bool wants_websocket() const override { return exchange_.wants_websocket(); }

  /// Answers 200 with these fields and no body.
  asio::awaitable<void> accept(http::Headers headers);
  asio::awaitable<void> accept() { return accept(http::Headers()); }

  /// The answer is for this channel, which an open has just made.
  void name_channel(std::string channel) { channel_ = std::move(channel); }

 private:
  net::HttpExchange& exchange_;
  std::string channel_;
};

/// Fields of an answer that the server itself gives, before a route sees the request.
http::Headers refusal_fields(int status);

}  // namespace camspan::hub
