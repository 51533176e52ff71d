/// A connection of the low-level API: HTTP/2 without channels.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "device.hpp"
#include "iot_export_http2.h"
#include "net/h2_client.hpp"
#include "net/wake_up.hpp"

struct ssl_ctx_st;

namespace camspan::linkkit {

/// What came, for the program's thread to take: callbacks to run, and bytes of bodies.
class Arrivals {
 public:
  void add(std::function<void()> callback);
  void add(ByteView bytes);
  void end();

  /// Runs the callbacks that wait. @return false when nothing more will come
  bool run();
  /// Waits for bytes, at most `patience`, running callbacks meanwhile. @return how many, 0 at the timeout; -1 = over
  int take(std::span<char> into, std::chrono::milliseconds patience);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> callbacks_;
  std::deque<char> bytes_;
  bool over_ = false;
};

struct LowRequest {
  std::string method;
  std::string path;
  std::string authority;
  http::Headers headers;
  bool tls = true;
};

/// Lives on the I/O thread. Coroutines keep it alive by `self`.
class LowLine : public std::enable_shared_from_this<LowLine> {
 public:
  using Self = std::shared_ptr<LowLine>;
  LowLine(Device device, ssl_ctx_st* tls, http2_connection_t& face, std::shared_ptr<Arrivals> arrivals);
  ~LowLine();

  /// @return "", or why there is no connection
  static asio::awaitable<std::string> connect(Self self);
  /// @return the stream, or -1
  static asio::awaitable<int> request(Self self, LowRequest request, ByteView body, bool end);
  /// More of a body. @return 0 or -1
  static asio::awaitable<int> write(Self self, int stream, ByteView bytes, bool end);
  static asio::awaitable<void> close(Self self);
  bool usable() const { return client_ && client_->usable(); }
  int send_window() const { return static_cast<int>(window_); }
  std::string authority() const { return device_.authority; }

 private:
  using Stream = std::shared_ptr<net::H2ClientStream>;
  static asio::awaitable<void> follow(Self self, Stream stream);
  void on_frame(h2::Direction direction, const h2::Frame& frame);
  void tell_head(int id, const net::ResponseHead& head);

  const Device device_;
  ssl_ctx_st* const tls_;
  http2_connection_t& face_;
  const std::shared_ptr<Arrivals> arrivals_;
  std::unique_ptr<net::H2Client> client_;
  std::map<int, Stream> streams_;
  std::int64_t window_ = 65535;  // RFC 9113 section 6.9.2
};

}  // namespace camspan::linkkit
