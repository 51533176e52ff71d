/// A WebSocket (RFC 6455) to a server: connection, upgrade, and the link.
#pragma once

#include <memory>
#include <string>

#include "net/connect.hpp"
#include "net/ws_link.hpp"
#include "proto/http/headers.hpp"

namespace camspan::net {

struct WsConnectOptions {
  ConnectOptions connect;
  std::string authority;                     ///< for Host
  std::string target = "/";                  ///< path and query
  http::Headers headers{};                   ///< more of the request's: who we are
  std::size_t max_message_bytes = 64 << 10;  ///< inbound; over it the link ends with Errc::too_large
  std::chrono::milliseconds ping{20000};     ///< of silence, then a ping; two unanswered end it with Errc::timed_out
};

/// The client's end. Lives on its connection's I/O thread; settle() before it goes.
class WsClientLink {
 public:
  virtual ~WsClientLink() = default;

  /// As WsLink::read().
  virtual asio::awaitable<Result<WsLink::Message>> read() = 0;
  /// Sends one text message. Returns when the socket has taken it. One coroutine may send while another reads.
  virtual asio::awaitable<Result<>> send(std::string text) = 0;
  /// As WsLink::close().
  virtual asio::awaitable<void> close(std::uint16_t code, std::string reason) = 0;
  virtual void abort() = 0;
  /// As WsConnectOptions::ping, from now on. @param unanswered  so many pings end the link
  virtual void set_ping(std::chrono::milliseconds ping, unsigned unanswered) = 0;
  /// The address that it goes out from is still one of this host's.
  virtual bool from_this_host() const = 0;
  /// Ends the link and waits until nothing of it is under way.
  virtual asio::awaitable<void> settle() = 0;
};

/// The failure names host and port, the cause and the fix; with `http_status` when the server answered by something
/// else than the upgrade.
asio::awaitable<tl::expected<std::unique_ptr<WsClientLink>, Failure>> ws_connect(WsConnectOptions options);

}  // namespace camspan::net
