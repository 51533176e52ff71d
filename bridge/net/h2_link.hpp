/// Server side of HTTP/2 (RFC 9113) on one connection: reads, writes, and runs a handler for each request.
#pragma once

#include <cstdint>
#include <memory>

#include "net/byte_stream.hpp"
#include "net/http_server.hpp"

namespace camspan::net {

class H2ServerSession;

/// The server's hold on one connection that runs. Belongs to the server, outlives run(), lives on its I/O thread.
class H2ServerControl {
 public:
  H2ServerControl() = default;
  H2ServerControl(const H2ServerControl&) = delete;
  H2ServerControl& operator=(const H2ServerControl&) = delete;

  /// Ends the connection in good order: GOAWAY twice with a round trip between (RFC 9113 section 6.8). Running
  /// exchanges go on, new streams are refused, and run() returns after the last one. Before run(): done at its start.
  void go_away();
  /// Ends the connection at once; waiting operations of its exchanges give Errc::closed. Before run(): done at its
  /// start.
  void abort();
  /// Handlers that have not returned yet.
  std::size_t running() const;
  /// Requests this connection refused because their HTTP was broken. Monotonic; stays readable after run().
  std::uint64_t bad_requests() const { return bad_requests_; }

 private:
  friend class H2ServerSession;
  H2ServerSession* session_ = nullptr;
  bool going_away_ = false;
  bool aborted_ = false;
  std::uint64_t bad_requests_ = 0;
};

class H2ServerLink {
 public:
  /// Serves `stream` until it ends; returns after the last handler has returned, and does not throw. Closes the stream
  /// in good order where it can.
  /// @param already_read  what was read of the connection before, beginning with the client preface
  /// @param handler       called once per request in a coroutine of its own, on the executor of the caller
  static asio::awaitable<void> run(std::unique_ptr<ByteStream> stream, Bytes already_read, HttpServer::Handler handler,
                                   HttpServerLimits limits, H2ServerControl& control);
};

}  // namespace camspan::net
