/// The clients of WebSocket streams: who is there, what is on its way to them, what they ask and are asked.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "net/http_exchange.hpp"
#include "net/write_rounds.hpp"
#include "proto/ws_message/message.hpp"

namespace camspan::net {

/// Never used twice while the process runs, and never all ones.
enum class ClientId : std::uint32_t {};

class WsClient;

/// What became of a request.
struct StreamAnswer {
  ws_message::Code code = ws_message::Code::error;
  Bytes data;                            ///< one value, or empty = none
  std::string msg;                       ///< why, where the code is not success
  std::function<void(Result<>)> sent{};  ///< the socket has taken the answer, or never will
};

/// What a client asks for. Without a client it came by REST.
struct StreamRequest {
  enum class Method : std::uint8_t { list, read, write };

  Method method;
  std::optional<ClientId> client;
  std::string stream;  ///< empty with list
  Bytes data;          ///< of a write: one value
  /// To be called at most once, on the I/O thread, before WsStreams goes. One that comes too late is passed over.
  std::function<void(StreamAnswer)> answer;
};

/// What uses WsStreams. Every call comes on the I/O thread.
class WsStreamsUser {
 public:
  virtual ~WsStreamsUser() = default;

  /// Called before a client is let in. @return false to refuse it: 503
  virtual asio::awaitable<bool> accept(const RequestHead& request) = 0;
  virtual void connected(ClientId client) = 0;
  virtual void disconnected(ClientId client) = 0;
  virtual void requested(StreamRequest request) = 0;
};

struct WsStreamsSettings {
  std::size_t max_clients = 8;                   ///< over it: 503
  std::size_t max_queued_bytes = 4 << 20;        ///< of one client; a message for one that has more is dropped whole
  std::size_t max_waiting_requests = 32;         ///< of one client; over it: Code::no_room
  std::chrono::milliseconds answer_time{10000};  ///< then a request of a client is answered by Code::error
  ws_message::Limits message{};                  ///< of a client
  std::vector<std::string> allowed_origins{};    ///< beside the request's own host
};

struct WsStreamsStats {
  std::size_t clients = 0;
  std::size_t queued_bytes = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;           ///< by origin, number, or the user
  std::uint64_t dropped_messages = 0;  ///< for a client that was over its bound
  std::uint64_t bad_messages = 0;
};

/// Lives on one I/O thread, and longer than every connection that serve() was called for.
class WsStreams {
 public:
  using Sent = std::function<void(Result<>)>;
  /// What a client answered; Errc::timed_out, or Errc::closed when it left first.
  using Answered = std::function<void(Result<StreamAnswer>)>;

  WsStreams(const asio::any_io_executor& executor, WsStreamsUser& user, WsStreamsSettings settings);
  ~WsStreams();

  /// Lets a client in that asks for a WebSocket, which goes on behind its exchange (WsLink::go_on), or refuses it.
  asio::awaitable<void> serve(HttpExchange& exchange);

  /// Queues a message for one client. Messages that wait go out together.
  /// @param sent  called once, when the socket has taken it or never will; only if this call succeeds
  /// @return Errc::not_found for a client that is not there, Errc::queue_full when it is over its bound
  Result<> send(ClientId client, ws_message::SharedFrame frame, Sent sent = {});
  /// Queues the same bytes for every client. @return for how many
  std::size_t send_all(const ws_message::SharedFrame& frame);

  /// The number of a request to clients: several of them may get the same bytes.
  std::uint32_t take_id() { return next_id_++; }
  /// Sends a request that carries `id`. @param answered  called once; only if this call succeeds
  Result<> request(ClientId client, std::uint32_t id, ws_message::SharedFrame frame, std::chrono::milliseconds timeout,
                   Answered answered);

  /// Ends a client by a close frame (RFC 6455 section 7.4). @return Errc::not_found
  Result<> close(ClientId client, std::uint16_t code, std::string reason);
  /// Ends every client with 1001 and lets nobody in any more.
  void stop();

  std::vector<ClientId> clients() const;
  WsStreamsStats stats() const;

 private:
  static asio::awaitable<void> run(WsStreams& self, std::shared_ptr<WsClient> client);
  WsClient* find(ClientId client) const;
  ClientId new_id();
  asio::awaitable<bool> admit(HttpExchange& exchange);

  asio::any_io_executor executor_;
  WsStreamsUser& user_;
  const WsStreamsSettings settings_;
  WriteRounds rounds_;
  std::vector<std::shared_ptr<WsClient>> clients_;
  WsStreamsStats counts_;
  std::uint32_t next_id_ = 0;
  std::uint32_t last_client_ = 0;
  std::size_t joining_ = 0;  // were let in, and are not clients yet
  bool stopping_ = false;
};

}  // namespace camspan::net
