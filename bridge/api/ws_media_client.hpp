/// One client of a published stream.
#pragma once

#include <camspan/ws_publisher.hpp>
#include <deque>
#include <memory>

#include "api/ws_media.hpp"
#include "net/http_exchange.hpp"
#include "net/wake_up.hpp"
#include "net/write_rounds.hpp"
#include "net/ws_link.hpp"
#include "proto/flv/fan_out.hpp"

namespace camspan {

/// Lives on the I/O thread, in the coroutine that serves its request. To a WebSocket that takes what there is, pieces
/// of the stream go in turns with other clients; a loop sends everything else, another reads.
class WsMediaClient final : net::WriteRounds::Writer {
 public:
  /// What a client asks of its server. On the I/O thread.
  using OnMessage = std::function<void(WsMediaClient&, net::WsLink::Message)>;

  WsMediaClient(std::uint32_t id, net::HttpExchange& exchange, const asio::any_io_executor& executor,
                const WsMedia& media, flv::FanOut& fan_out, net::WriteRounds& rounds);
  WsMediaClient(const WsMediaClient&) = delete;
  WsMediaClient& operator=(const WsMediaClient&) = delete;

  /// Serve until the stream ends or the client is gone. Nothing of the stream goes out before begin().
  asio::awaitable<void> serve_websocket(std::unique_ptr<net::WsLink> link, OnMessage on_message);
  asio::awaitable<void> serve_http(http::Headers headers);
  /// What is sent first; the viewer has joined.
  void begin(std::vector<flv::SharedPiece> opening);
  bool begun() const { return begun_; }

  /// Sends a whole frame of our own between two of the stream.
  /// @return Errc::queue_full: too many wait, Errc::unsupported: no WebSocket
  Result<> send(Bytes frame);
  /// Ends it with a close frame; with `flush`, when it has what waits for it. Where nothing can be written for `limit`,
  /// the connection ends then.
  void close(std::uint16_t code, std::string reason, WsRemoval why);
  void flush_and_close(std::uint16_t code, std::string reason, WsRemoval why);
  /// Ends the connection at once.
  void abort();
  /// Call about once a second: ends a connection that close() could not.
  void tick(TimePoint now, std::chrono::nanoseconds limit);

  std::uint32_t id() const { return id_; }
  WsRemoval removal() const { return why_; }
  flv::Viewer& viewer() { return viewer_; }
  const std::string& address() const { return exchange_.request().peer; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  WsClientStats stats(TimePoint now) const;

 private:
  class Writing;
  using Round = std::vector<flv::SharedPiece>;

  void on_wake();
  void hand_over();
  /// Sends what the socket takes at once.
  void write_turn() override;
  asio::awaitable<void> send_loop();
  asio::awaitable<void> read_loop(OnMessage on_message);
  asio::awaitable<bool> write_frames(Round round, std::size_t sent);
  asio::awaitable<bool> write_own(Bytes frames);
  asio::awaitable<bool> write_body(Round round);
  Round take_round();
  void on_abort();
  void wrote(std::size_t units, std::size_t bytes);
  bool ends_now() const { return gone_ || (closing_ && !flush_); }

  const std::uint32_t id_;
  net::HttpExchange& exchange_;
  const WsMedia& media_;
  flv::FanOut& fan_out_;
  net::WriteRounds::Place place_;
  net::WakeUp wake_;
  flv::Viewer viewer_;
  std::unique_ptr<net::WsLink> link_;     ///< null for HTTP
  std::deque<flv::SharedPiece> opening_;  ///< what is left of it
  Round rest_;                            ///< what a turn could not send, whole or in part
  std::size_t rest_sent_ = 0;             ///< bytes of it
  Bytes own_;                             ///< frames of our own that wait
  std::uint16_t close_code_ = 1000;
  std::string close_reason_ = "the stream has ended";
  WsRemoval why_ = WsRemoval::stopped;
  std::optional<TimePoint> closing_since_;
  bool idle_ = false;  ///< the loop that sends waits
  bool begun_ = false;
  bool closing_ = false;
  bool flush_ = false;
  bool gone_ = false;
  std::uint64_t units_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  TimePoint last_activity_;
};

}  // namespace camspan
