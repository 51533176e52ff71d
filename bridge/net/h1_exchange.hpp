/// One request on HTTP/1.1.
#pragma once

#include "net/h1_input.hpp"
#include "net/http_exchange.hpp"
#include "net/http_server.hpp"
#include "net/wake_up.hpp"
#include "net/ws_session.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"

namespace camspan::net {

class H1Exchange final : public HttpExchange {
 public:
  /// @param request  what the parser said; its method, headers and authority have moved to `head`
  H1Exchange(ByteStream& stream, HttpConnection& connection, H1Input& input, http1::RequestParser& parser,
             const HttpServerLimits& limits, RequestHead head, http1::Request request);

  const RequestHead& request() const override { return head_; }
  HttpConnection& connection() override { return connection_; }
  asio::awaitable<Result<ByteView>> read_body() override;
  asio::awaitable<Result<>> send_head(int status, http::Headers headers,
                                      std::optional<std::uint64_t> content_length) override;
  asio::awaitable<Result<>> write(ByteView piece) override;
  Taken try_write(std::span<const ByteView> pieces) override;
  asio::awaitable<Result<>> finish() override;
  void abort() override;
  asio::awaitable<Result<std::unique_ptr<WsLink>>> accept_websocket() override;
  bool wants_websocket() const override { return request_.upgrade_websocket; }

  /// No request follows this one: say so in the answer.
  void last_on_connection() { reusable_ = false; }
  /// Brings the exchange to its end after the handler has returned.
  /// @param failed  the handler ended by an exception
  /// @return true when the connection is ready for the next request
  asio::awaitable<bool> conclude(bool failed);
  /// After conclude(): the WebSocket that goes on without the exchange, or null.
  std::shared_ptr<WsSession> take_websocket() { return std::exchange(websocket_, nullptr); }

 private:
  enum class Answer : std::uint8_t { none, head_sent, finished, websocket };

  tl::unexpected<std::error_code> broken(const std::error_code& error);
  asio::awaitable<Result<>> ask_for_body();
  asio::awaitable<bool> drain_body();
  asio::awaitable<Result<>> write_kept();
  asio::awaitable<Result<>> send_text(int status, http::Headers headers, std::string body);
  http1::ResponseHead plan(int status, std::optional<std::uint64_t> content_length);

  ByteStream& stream_;
  HttpConnection& connection_;
  H1Input& input_;
  http1::RequestParser& parser_;
  const HttpServerLimits& limits_;
  RequestHead head_;
  http1::Request request_;
  std::shared_ptr<WsSession> websocket_;
  Answer answer_ = Answer::none;
  http1::BodyLength length_ = http1::BodyLength::none;
  std::uint64_t to_write_ = 0;  // with BodyLength::known
  Bytes kept_;                  // of try_write(): the end of a chunk
  bool body_done_ = false;      // all of the request is read
  std::error_code body_error_;
  bool continue_due_;    // the client waits for 100 Continue
  bool asking_ = false;  // 100 Continue is being written
  WakeUp asked_;
  bool broken_ = false;  // the connection is lost
  bool reusable_;
};

}  // namespace camspan::net
