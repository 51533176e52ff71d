#include "net/http_server.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <list>
#include <map>

#include "core/log.hpp"
#include "net/h1_link.hpp"
#include "net/h2_link.hpp"
#include "net/listener.hpp"
#include "net/plain_stream.hpp"
#include "net/tls_stream.hpp"
#include "net/wake_up.hpp"
#include "net/watchdog.hpp"

namespace camspan::net {
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// RFC 9113 section 3.4.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Trouble that peers can cause at will is logged at most this often.
constexpr std::chrono::seconds kLogEvery{1};
// No descriptor is free: a connection has to end first.
constexpr std::chrono::milliseconds kAcceptPause{100};
// After the deadline of drain(): for handlers to see that their connection is gone, and to return.
constexpr std::chrono::milliseconds kAbortGrace{1000};

std::string address_of(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<Impl> {
  struct Connection {
    ByteStream* stream = nullptr;  // before HTTP begins
    std::string address;           // of the peer, without port
    H1ServerControl h1;
    H2ServerControl h2;

    std::size_t running() const { return h1.running() + h2.running(); }
  };
  using Connections = std::list<Connection>;
  /// Not in the frames of coroutines, of which those that hand it on would keep its place as long as they last.
  using Socket = std::unique_ptr<tcp::socket>;
  /// A stream of which enough is read to know what it speaks.
  struct Opened {
    std::unique_ptr<ByteStream> stream;  // null: there is none
    Bytes begin;
    bool http2 = false;
  };

  Impl(asio::any_io_executor on, Handler handler, HttpServerLimits limits)
      : executor(std::move(on)), handler(std::move(handler)), limits(limits), changed(executor) {}

  static asio::awaitable<void> accept_loop(std::shared_ptr<Impl> self, std::shared_ptr<tcp::acceptor> acceptor,
                                           ssl_ctx_st* tls);
  void admit(tcp::socket socket, ssl_ctx_st* tls);
  void warn_now_and_then(const std::string& message);
  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, Connections::iterator connection, Socket socket,
                                     ssl_ctx_st* tls);
  asio::awaitable<Opened> open(Connection& connection, Socket socket, ssl_ctx_st* tls, Clock::time_point deadline);
  asio::awaitable<void> speak(Connection& connection, Opened opened, Clock::time_point deadline);
  asio::awaitable<std::unique_ptr<ByteStream>> open_stream(Connection& connection, Socket socket, ssl_ctx_st* tls,
                                                           Clock::time_point deadline);
  void leave(Connections::iterator connection);
  void stop_accepting();
  void abort_all();
  std::size_t running() const;

  asio::any_io_executor executor;
  Handler handler;
  HttpServerLimits limits;
  WakeUp changed;  // a connection ended
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  Connections connections;
  std::map<std::string, std::size_t> per_peer;
  HttpServerStats counts;
  Clock::time_point last_warning{};
  bool stopping = false;
};

asio::awaitable<void> HttpServer::Impl::accept_loop(std::shared_ptr<Impl> self, std::shared_ptr<tcp::acceptor> acceptor,
                                                    ssl_ctx_st* tls) {
  while (acceptor->is_open()) {
    std::error_code error;
    tcp::socket socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      self->admit(std::move(socket), tls);
    } else if (acceptor->is_open() && error != asio::error::connection_aborted) {
      self->warn_now_and_then("accepting connections failed: " + error.message());
      asio::steady_timer pause(self->executor, kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void HttpServer::Impl::warn_now_and_then(const std::string& message) {
  const auto now = Clock::now();
  if (now - last_warning < kLogEvery) return;
  last_warning = now;
  log::warn("net", message);
}

void HttpServer::Impl::admit(tcp::socket socket, ssl_ctx_st* tls) {
  const ByteStream::Info peer = describe_peer(socket);
  const std::string address = address_of(peer.peer);
  const auto known = per_peer.find(address);
  const bool full = connections.size() >= limits.max_connections;
  if (full || (!peer.loopback && known != per_peer.end() && known->second >= limits.max_connections_per_peer)) {
    ++counts.refused;
    warn_now_and_then(full ? "a connection was refused: " + std::to_string(limits.max_connections) + " are open"
                           : "a connection was refused: one client has " + std::to_string(known->second) + " open");
    return;  // closes it
  }
  ++counts.accepted;
  ++per_peer[address];
  connections.emplace_front();
  connections.front().address = address;
  auto owned = std::make_unique<tcp::socket>(std::move(socket));
  asio::co_spawn(executor, serve(shared_from_this(), connections.begin(), std::move(owned), tls), asio::detached);
}

asio::awaitable<void> HttpServer::Impl::serve(std::shared_ptr<Impl> self, Connections::iterator connection,
                                              Socket socket, ssl_ctx_st* tls) {
  try {
    const auto deadline = Clock::now() + self->limits.handshake;
    Opened opened = co_await self->open(*connection, std::move(socket), tls, deadline);
    if (opened.stream != nullptr) co_await self->speak(*connection, std::move(opened), deadline);
  } catch (const std::exception& error) {
    log::error("net", "a connection failed: ", error.what());
  }
  self->leave(connection);
}

void HttpServer::Impl::leave(Connections::iterator connection) {
  counts.bad_requests += connection->h1.bad_requests() + connection->h2.bad_requests();
  const auto peer = per_peer.find(connection->address);
  if (--peer->second == 0) per_peer.erase(peer);
  connections.erase(connection);
  changed.notify();
}

/// TLS, where there is TLS. @return null when it failed
asio::awaitable<std::unique_ptr<ByteStream>> HttpServer::Impl::open_stream(Connection& connection, Socket socket,
                                                                           ssl_ctx_st* tls,
                                                                           Clock::time_point deadline) {
  if (tls == nullptr) co_return std::make_unique<PlainStream>(std::move(*socket));
  auto stream = TlsStream::server(std::move(*socket), tls);
  connection.stream = stream.get();
  Watchdog watchdog(executor, *stream);
  watchdog.arm(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()));
  const auto shaken = co_await stream->handshake();
  connection.stream = nullptr;
  if (shaken) co_return stream;
  ++counts.failed_handshakes;
  log::debug("net", shaken.error().sentence);
  co_return nullptr;
}

asio::awaitable<HttpServer::Impl::Opened> HttpServer::Impl::open(Connection& connection, Socket socket, ssl_ctx_st* tls,
                                                                 Clock::time_point deadline) {
  Opened opened;
  auto stream = co_await open_stream(connection, std::move(socket), tls, deadline);
  if (stream == nullptr) co_return opened;

  // HTTP/2 begins with its preface whatever ALPN said; devices without ALPN exist.
  bool may_be_http2 = true;
  connection.stream = stream.get();
  {
    Watchdog watchdog(executor, *stream);
    watchdog.arm(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()));
    while (may_be_http2 && opened.begin.size() < kPreface.size()) {
      const std::size_t had = opened.begin.size();
      opened.begin.resize(kPreface.size());
      const auto count = co_await stream->read_some(std::span(opened.begin).subspan(had));
      opened.begin.resize(had + count.value_or(0));
      if (opened.begin.size() == had) break;
      may_be_http2 = kPreface.starts_with(as_text(opened.begin));
    }
  }
  connection.stream = nullptr;
  opened.http2 = may_be_http2 && opened.begin.size() == kPreface.size();
  if (!opened.begin.empty() && !stopping) opened.stream = std::move(stream);
  co_return opened;
}

/// No coroutine, whose frame would hold what it hands on once more as long as the connection lasts.
asio::awaitable<void> HttpServer::Impl::speak(Connection& connection, Opened opened, Clock::time_point deadline) {
  if (opened.http2)
    return H2ServerLink::run(std::move(opened.stream), std::move(opened.begin), handler, limits, connection.h2);
  return H1ServerLink::run(std::move(opened.stream), std::move(opened.begin), handler, limits, deadline, connection.h1);
}

void HttpServer::Impl::stop_accepting() {
  stopping = true;
  for (const auto& acceptor : acceptors) {
    std::error_code ignored;
    acceptor->close(ignored);
  }
  acceptors.clear();
  for (Connection& connection : connections) {
    if (connection.stream != nullptr) connection.stream->abort();
    connection.h1.go_away();
    connection.h2.go_away();
  }
}

void HttpServer::Impl::abort_all() {
  for (Connection& connection : connections) {
    if (connection.stream != nullptr) connection.stream->abort();
    connection.h1.abort();
    connection.h2.abort();
  }
}

std::size_t HttpServer::Impl::running() const {
  std::size_t count = 0;
  for (const Connection& connection : connections) count += connection.running();
  return count;
}

HttpServer::HttpServer(asio::any_io_executor executor, Handler handler, HttpServerLimits limits)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(handler), limits)) {}

HttpServer::~HttpServer() {
  impl_->stop_accepting();
  impl_->abort_all();
}

tl::expected<std::string, Failure> HttpServer::listen(const std::string& host, std::uint16_t port, ssl_ctx_st* tls,
                                                      ListenOptions options) {
  auto listeners = open_listeners(impl_->executor, host, port, options);
  if (!listeners) return tl::unexpected<Failure>(std::move(listeners.error()));
  for (tcp::acceptor& opened : listeners->acceptors) {
    auto acceptor = std::make_shared<tcp::acceptor>(std::move(opened));
    impl_->acceptors.push_back(acceptor);
    asio::co_spawn(impl_->executor, Impl::accept_loop(impl_, acceptor, tls), asio::detached);
  }
  return listeners->bound;
}

void HttpServer::stop_accepting() {
  impl_->stop_accepting();
}

asio::awaitable<void> HttpServer::drain(std::chrono::milliseconds deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->stop_accepting();
  const auto end = Clock::now() + deadline;
  while (!impl->connections.empty() && Clock::now() < end) co_await impl->changed.wait_until(end);
  if (impl->connections.empty()) co_return;

  const std::size_t cut = impl->running();
  if (cut > 0) log::info("net", "exchanges cut off at the end: ", cut);
  impl->abort_all();
  const auto grace = Clock::now() + kAbortGrace;
  while (!impl->connections.empty() && Clock::now() < grace) co_await impl->changed.wait_until(grace);
  if (!impl->connections.empty())
    log::warn("net", "handlers that go on without their connection: ", impl->connections.size());
}

HttpServerStats HttpServer::stats() const {
  HttpServerStats stats = impl_->counts;
  stats.connections = impl_->connections.size();
  for (const auto& connection : impl_->connections)
    stats.bad_requests += connection.h1.bad_requests() + connection.h2.bad_requests();
  return stats;
}

}  // namespace camspan::net
