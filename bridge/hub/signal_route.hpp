/// GET /signal: the WebSocket that a device holds to the hub (camspan-wire.md section 4). While it is there, the device
/// is online and can be joined peer to peer.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <map>

#include "hub/devices.hpp"
#include "hub/whep_session.hpp"

namespace camspan::hub {

class SignalSocket;

/// Lives on the I/O thread; what it refers to outlives it.
class SignalRoute {
 public:
  using IceServers = std::function<std::vector<net::IceServer>(const DeviceId& device)>;
  struct Times {
    std::chrono::milliseconds hello{10000};      ///< for a device to say hello
    std::chrono::milliseconds keepalive{20000};  ///< as in `ready`: of the server's own pings
  };

  SignalRoute(Devices& devices, StatusBoard& board, WhepSessions& sessions, IceServers ice, Times times)
      : devices_(devices), board_(board), sessions_(sessions), ice_(std::move(ice)), times_(times) {}

  asio::awaitable<void> handle(net::HttpExchange& exchange);

  /// Where offers for the device go; null while it is not connected. Valid until the next co_await.
  WhepCamera* camera(const DeviceId& device) const;
  /// Ends the socket of a device that was removed.
  void end_of(const DeviceId& device);
  /// Ends all, because the hub stops.
  void end_all();
  /// Connected devices.
  std::size_t count() const { return sockets_.size(); }

 private:
  friend class SignalSocket;
  asio::awaitable<void> receive(SignalSocket& socket);
  bool take(SignalSocket& socket, std::string_view text);
  void greet(SignalSocket& socket, const net::signal::Hello& hello);
  void gone(SignalSocket& socket);

  Devices& devices_;
  StatusBoard& board_;
  WhepSessions& sessions_;
  const IceServers ice_;
  const Times times_;
  std::map<DeviceId, SignalSocket*> sockets_;
  bool ended_ = false;
};

}  // namespace camspan::hub
