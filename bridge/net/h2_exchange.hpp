/// One request of an HTTP/2 connection and its answer, as a handler sees them.
#pragma once

#include "net/h2_stream.hpp"
#include "net/http_exchange.hpp"

namespace camspan::net {

/// Made when the request's head has come; its connection deletes it after the handler has returned.
class H2Exchange final : public HttpExchange {
 public:
  H2Exchange(H2Driver& driver, HttpConnection& connection, h2::StreamId id, RequestHead request);

  const RequestHead& request() const override { return request_; }
  HttpConnection& connection() override { return connection_; }
  asio::awaitable<Result<ByteView>> read_body() override;
  asio::awaitable<Result<>> send_head(int status, http::Headers headers,
                                      std::optional<std::uint64_t> content_length) override;
  asio::awaitable<Result<>> write(ByteView piece) override;
  asio::awaitable<Result<>> finish() override;
  void abort() override;
  asio::awaitable<Result<std::unique_ptr<WsLink>>> accept_websocket() override;
  bool wants_websocket() const override { return false; }

  /// The handler has returned: gives the answer that it did not give (500), or breaks off one it did not finish.
  void conclude();
  H2Stream& stream() { return stream_; }

 private:
  std::error_code no_head() const;

  H2Driver& driver_;
  HttpConnection& connection_;
  const RequestHead request_;
  H2Stream stream_;
  bool head_sent_ = false;
};

}  // namespace camspan::net
