/// Listens, speaks TLS, and hands each request to one handler: HTTP/2 by ALPN `h2` or by its bare preface, HTTP/1.1
/// (with WebSocket upgrades) otherwise.
#pragma once

#include <functional>

#include "net/connect.hpp"
#include "net/http_exchange.hpp"
#include "net/listen_options.hpp"

namespace camspan::net {

struct HttpServerLimits {
  /// Longest target of a request, by the target itself; empty = bounded by the head alone. Over it: 400 (HTTP/2).
  using MaxTarget = std::function<std::size_t(std::string_view target)>;
  /// Fields that every refusal carries which the server gives by itself (HTTP/2).
  using RefusalFields = std::function<http::Headers(int status)>;

  std::size_t max_connections = 2000;
  std::size_t max_connections_per_peer = 200;           ///< loopback is not limited
  std::size_t max_header_bytes = 16 << 10;              ///< over it: 431
  std::chrono::milliseconds handshake{10000};           ///< TLS, preface, first request head
  std::chrono::milliseconds idle{60000};                ///< between requests on HTTP/1.1
  std::chrono::milliseconds websocket_ping{20000};      ///< of silence, then a ping; two unanswered end the link
  std::size_t max_websocket_message_bytes = 128 << 10;  ///< inbound; the limit of /signal (camspan-wire.md section 4)
  std::size_t max_unread_body_bytes =
      16 << 20;                            ///< per HTTP/2 connection: bytes received and not yet taken by handlers
  std::chrono::milliseconds admission{0};  ///< HTTP/2: end a connection that let no request in for so long; 0 = never
  MaxTarget max_target_bytes{};
  RefusalFields refusal_fields{};
};

struct HttpServerStats {
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< over a connection limit
  std::uint64_t failed_handshakes = 0;
  std::uint64_t bad_requests = 0;  ///< broken HTTP

  HttpServerStats& operator+=(const HttpServerStats& other) {
    connections += other.connections;
    accepted += other.accepted;
    refused += other.refused;
    failed_handshakes += other.failed_handshakes;
    bad_requests += other.bad_requests;
    return *this;
  }
};

/// Runs on one I/O thread; all members are called there.
class HttpServer {
 public:
  /// Called once per request in a coroutine of its own. An exception it throws is answered by 500 and logged.
  using Handler = std::function<asio::awaitable<void>(HttpExchange&)>;

  HttpServer(asio::any_io_executor executor, Handler handler, HttpServerLimits limits);
  /// Ends every connection at once. Handlers that still wait then return, later, with errors: what they refer to must
  /// outlive that. drain() first.
  ~HttpServer();

  /// Binds and begins to accept. May be called for several addresses.
  /// @param host  a numeric address ("127.0.0.1", "[::1]", "0.0.0.0"), or "localhost" for both of this machine
  /// @param port  0 = any free one
  /// @param tls null = plain; must outlive the server. @return the address bound, "127.0.0.1:41234"
  /// The failure names the address and the fix ("... is in use: stop the other program or choose another port").
  tl::expected<std::string, Failure> listen(const std::string& host, std::uint16_t port, ssl_ctx_st* tls,
                                            ListenOptions options = {});

  /// Stops accepting; HTTP/2 peers get GOAWAY, idle connections close. Running exchanges go on.
  void stop_accepting();
  /// Waits for running exchanges until `deadline`, then ends every connection.
  asio::awaitable<void> drain(std::chrono::milliseconds deadline);

  HttpServerStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace camspan::net
