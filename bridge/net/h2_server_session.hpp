/// One HTTP/2 connection of a server: its exchanges, and the handlers that run them.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "net/h2_driver.hpp"
#include "net/h2_exchange.hpp"
#include "net/h2_link.hpp"

namespace camspan::net {

/// Shared by the coroutines that run in it (reader, clock, one per handler), any of which may be the last.
class H2ServerSession final : public HttpConnection,
                              public h2::Observer,
                              public H2Driver::Owner,
                              public std::enable_shared_from_this<H2ServerSession> {
 public:
  H2ServerSession(std::unique_ptr<ByteStream> stream, HttpServer::Handler handler, const HttpServerLimits& limits);

  /// See H2ServerLink::run().
  asio::awaitable<void> run(Bytes already_read, H2ServerControl& control);

  // What H2ServerControl asks for.
  void go_away();
  void abort() { driver_.end(Errc::closed); }
  std::size_t running() const { return exchanges_.size(); }

  void send_away() override;

  http::Headers refusal_fields(int status) override;
  void on_request(h2::StreamId id, h2::Request&& request, std::optional<std::uint64_t> content_length) override;
  void on_data(h2::StreamId id, ByteView bytes) override;
  void on_remote_closed(h2::StreamId id) override;
  void on_stream_closed(h2::StreamId id, h2::ErrorCode code) override;
  void on_frame(h2::Direction direction, const h2::Frame& frame) override;
  void input_fed() override;
  void connection_ended(std::error_code reason) override;

 private:
  class Attachment;

  asio::awaitable<void> serve(std::shared_ptr<H2ServerSession> keep, H2Exchange& exchange);
  void retire(H2Exchange& exchange);
  void refuse(h2::StreamId id, int status);
  void end_unless_admitted();
  H2Exchange* find(h2::StreamId id);

  const HttpServer::Handler handler_;
  const HttpServerLimits limits_;
  const std::unique_ptr<h2::Connection> connection_;
  H2Driver driver_;
  std::unordered_map<h2::StreamId, std::unique_ptr<H2Exchange>> exchanges_;
  std::vector<h2::StreamId> waiting_;  // for their handlers to begin, after feed()
  unsigned large_heads_ = 0;           // answered with 431
  std::uint64_t refused_ = 0;          // requests with a target that is none
  H2ServerControl* control_ = nullptr;
  WakeUp last_retired_;
};

}  // namespace camspan::net
