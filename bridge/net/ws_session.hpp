/// What runs behind a WsLink.
#pragma once

#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "net/byte_stream.hpp"
#include "net/wake_up.hpp"
#include "net/ws_link.hpp"

namespace camspan::net {

/// One upgraded connection, either end. One I/O thread. Shared by the link, its ping timer and the HTTP exchange (or
/// the client's link) that owns the stream; settle() before the stream goes.
class WsSession : public std::enable_shared_from_this<WsSession> {
 public:
  /// @param already_read  what came behind the request
  WsSession(ws::Role role, ByteStream& stream, Bytes already_read, std::size_t max_message_bytes,
            std::chrono::milliseconds ping);

  void start();
  asio::awaitable<Result<WsLink::Message>> read();
  /// Sends one text message, masked where the role asks for it. One sender.
  asio::awaitable<Result<>> send(std::string text);
  /// See WsClientLink.
  void set_ping(std::chrono::milliseconds ping, unsigned unanswered);
  asio::awaitable<Result<>> write(std::span<const ByteView> encoded);
  std::size_t try_write(std::span<const ByteView> encoded);
  asio::awaitable<void> close(std::uint16_t code, std::string reason);
  void abort() { stream_.abort(); }
  /// See WsLink::go_on().
  void go_on(std::function<asio::awaitable<void>()> work) { work_ = std::move(work); }
  bool goes_on() const { return work_ != nullptr; }
  std::function<asio::awaitable<void>()> take_work() { return std::exchange(work_, {}); }
  /// Returns when nothing uses the stream any more.
  asio::awaitable<void> settle();
  static std::unique_ptr<WsLink> make_link(std::shared_ptr<WsSession> session);

 private:
  /// @param closed  nothing is to be read any more
  asio::awaitable<Result<WsLink::Message>> next_message(bool closed);
  Result<> took(const Result<std::size_t>& count);
  void feed(ByteView bytes);
  std::optional<Result<WsLink::Message>> take_event();
  asio::awaitable<Result<>> write_now(std::span<const ByteView> encoded);
  asio::awaitable<Result<>> flush();
  asio::awaitable<void> write_done();
  struct Silence;
  void watch_silence();
  void on_silence();
  static asio::awaitable<void> send_ping(std::shared_ptr<WsSession> self);
  static asio::awaitable<void> drain(std::shared_ptr<WsSession> self);
  std::error_code reason(std::error_code error) const { return timed_out_ ? Errc::timed_out : error; }

  ByteStream& stream_;
  std::function<asio::awaitable<void>()> work_;  // when the exchange is over
  ws::FrameSession frames_;
  Bytes already_read_;
  Bytes control_;  // frames of our own to write: pongs, pings, close
  std::chrono::milliseconds ping_;
  unsigned max_unanswered_;
  asio::steady_timer silence_;
  std::chrono::steady_clock::time_point last_input_;
  // Made for whoever waits: hardly ever.
  std::unique_ptr<WakeUp> write_done_;
  std::unique_ptr<WakeUp> closed_;
  std::error_code failed_;  // the peer broke the protocol
  unsigned unanswered_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool within_ = false;   // try_write() has sent a part: only the rest may follow
  bool closing_ = false;  // close() has taken over the reading
  bool peer_closed_ = false;
  bool timed_out_ = false;
  bool settled_ = false;
};

}  // namespace camspan::net
