/// Server side of HTTP/1.1 on one connection: one request after the other.
#pragma once

#include <chrono>
#include <memory>

#include "net/byte_stream.hpp"
#include "net/http_server.hpp"

namespace camspan::net {

/// The server's hold on one connection that runs. Belongs to the server, outlives run(), lives on its I/O thread.
class H1ServerControl {
 public:
  H1ServerControl() = default;
  H1ServerControl(const H1ServerControl&) = delete;
  H1ServerControl& operator=(const H1ServerControl&) = delete;

  /// The running exchange is the last; a connection without one ends at once.
  void go_away();
  /// Ends the connection at once; waiting operations of its exchange give Errc::cancelled.
  void abort();
  /// Handlers that have not returned yet: 0 or 1.
  std::size_t running() const { return running_ ? 1 : 0; }
  std::uint64_t bad_requests() const { return bad_requests_; }

 private:
  friend class H1Connection;
  ByteStream* stream_ = nullptr;  // while run() runs
  bool running_ = false;
  bool going_away_ = false;
  std::uint64_t bad_requests_ = 0;
};

class H1ServerLink {
 public:
  /// Serves `stream` until it ends, and closes it in good order where it can. Does not throw.
  /// @param already_read  what was read of the connection before
  /// @param handler       called once per request; it and `limits` outlive run()
  /// @param first_head    when the first request's head must be there
  static asio::awaitable<void> run(std::unique_ptr<ByteStream> stream, Bytes already_read,
                                   const HttpServer::Handler& handler, const HttpServerLimits& limits,
                                   std::chrono::steady_clock::time_point first_head, H1ServerControl& control);
};

}  // namespace camspan::net
