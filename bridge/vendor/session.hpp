/// What a handle does, on the I/O thread: keeps a connection and runs requests on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/backoff.hpp"
#include "connection.hpp"
#include "device.hpp"
#include "notifier.hpp"

struct ssl_ctx_st;

namespace camspan::linkkit {

/// An answer to open or close, or to a part of a file.
struct Reply {
  int code = FAIL_RETURN;  ///< 0 when the status is 200
  std::string channel;
  http::Headers headers;
};

struct Packet {
  std::string channel;
  std::string identify;
  ByteView bytes;               ///< stay valid during the call
  std::uint64_t total = 0;      ///< of the body
  std::uint64_t sent = 0;       ///< before; 0 starts a request
  int stream = 0;               ///< of the request, when `sent` is above 0
  http::Headers headers;        ///< of the user, for a request that starts
  bool wait_for_answer = true;  ///< after the last byte
};

struct Sent {
  int code = FAIL_RETURN;
  int stream = 0;
  http::Headers headers;  ///< of the answer, after the last byte
};

/// The coroutines keep it alive by `self`, their first parameter. Channels live and die with a connection.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const asio::any_io_executor& executor, Device device, ssl_ctx_st* tls, std::shared_ptr<Notifier> notifier);
  ~Session();

  using Self = std::shared_ptr<Session>;

  /// The first connection; afterwards the session reconnects by itself. @return why there is none
  static asio::awaitable<std::string> connect(Self self);
  static asio::awaitable<Reply> open(Self self, std::string identify, http::Headers headers, void* user_data);
  static asio::awaitable<Sent> send(Self self, Packet packet);
  static asio::awaitable<int> query(Self self, std::string channel, std::string identify, http::Headers headers,
                                    void* user_data);
  /// Sends the close. @param patience  0 = does not wait for the answer
  static asio::awaitable<Reply> close(Self self, std::string channel, std::string identify, Milliseconds patience);
  /// Fails what waits and ends the connection; nothing comes back after that.
  static asio::awaitable<void> stop(Self self);

 private:
  static asio::awaitable<void> keep_connected(Self self);
  static asio::awaitable<void> await_closed(Self self, std::shared_ptr<Connection> connection, SharedExchange exchange,
                                            std::string channel);
  static asio::awaitable<void> drain(Self self, std::shared_ptr<Connection> connection);
  asio::awaitable<std::string> dial_once();
  void connection_over();
  std::shared_ptr<Connection> connection_of(const std::string& channel) const;
  Result<SharedExchange> upload_of(Connection& connection, const Packet& packet);

  const asio::any_io_executor executor_;
  const Device device_;
  ssl_ctx_st* const tls_;
  const std::shared_ptr<Notifier> notifier_;
  Backoff backoff_;
  std::shared_ptr<Connection> connection_;  // null while there is none
  std::vector<std::shared_ptr<Connection>> draining_;
  net::WakeUp changed_;
  bool by_go_away_ = false;  // the connection was lost so
  bool stopping_ = false;
};

}  // namespace camspan::linkkit
