/// What of SignalClient lives on the I/O thread.
#pragma once

#include <asio/awaitable.hpp>
#include <deque>
#include <optional>
#include <set>

#include "api/signal_client.hpp"
#include "api/url.hpp"
#include "net/network_watch.hpp"
#include "net/signalling/signal_message.hpp"
#include "net/wake_up.hpp"
#include "net/ws_connect.hpp"

struct ssl_ctx_st;

namespace camspan {

/// Shared by its owner and its coroutine, which may outlive the owner by the time of a close. All but the constructor
/// and mute() on the I/O thread.
class SignalClient::Line : public std::enable_shared_from_this<SignalClient::Line> {
 public:
  Line(const asio::any_io_executor& executor, SignalClientConfig config, Url url, std::shared_ptr<ssl_ctx_st> tls,
       net::SignallingEvents& events, net::PostToP2p post);

  void start();
  void stop();
  void describe(net::CameraDescription camera);
  /// On its way when there is a connection; dropped when there is none.
  void send(const net::signal::Message& message);
  void answered(const std::string& session) { sessions_.insert(session); }
  void ended(const std::string& session) { sessions_.erase(session); }
  void set_state(net::signal::State state);
  void reconnect();
  /// The network has changed.
  void changed();
  /// Events are heard no more. On the P2P thread.
  void mute() { ears_->events = nullptr; }

 private:
  /// Touched on the P2P thread alone.
  struct Ears {
    net::SignallingEvents* events;
  };

  asio::awaitable<void> run();
  asio::awaitable<Failure> connect_and_serve();
  asio::awaitable<void> write_all(net::WsClientLink& link);
  asio::awaitable<std::error_code> read_all(net::WsClientLink& link);
  asio::awaitable<void> pause();
  Result<> take(net::WsClientLink& link, std::string_view text);
  void set_ping(net::WsClientLink& link, unsigned hubs_ms) const;
  std::string hello() const;
  void hear(std::function<void(net::SignallingEvents&)> what);
  void tell_state(net::SignalState state, Failure why);
  void tell_moved();
  void push(std::string text);

  const SignalClientConfig config_;
  const Url url_;
  const std::shared_ptr<ssl_ctx_st> tls_;
  const net::PostToP2p post_;
  const std::shared_ptr<Ears> ears_;
  const asio::any_io_executor executor_;
  net::WakeUp wake_;
  Backoff backoff_;
  net::CameraDescription camera_;
  std::optional<net::signal::State> state_;
  std::set<std::string, std::less<>> sessions_;  // answered, and not ended
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  net::WsClientLink* link_ = nullptr;  // while it is connected
  std::chrono::steady_clock::time_point state_due_{};
  bool greeted_ = false;  // the hub is ready
  bool line_over_ = false;
  std::set<std::string> addresses_;         // of this host
  bool moved_ = false;                      // to be told when the hub is ready
  std::optional<net::NetworkWatch> watch_;  // while it runs
  bool started_ = false;
  bool stopping_ = false;
  bool reconnect_now_ = false;
};

}  // namespace camspan
