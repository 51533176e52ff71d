/// One client of WsStreams.
#pragma once

#include <asio/steady_timer.hpp>
#include <map>

#include "net/wake_up.hpp"
#include "net/ws_link.hpp"
#include "net/ws_streams.hpp"

namespace camspan::net {

/// What is queued for it, what it was asked, and what it waits for. One I/O thread.
class WsClient final : public WriteRounds::Writer, public std::enable_shared_from_this<WsClient> {
 public:
  WsClient(ClientId id, std::unique_ptr<WsLink> link, const asio::any_io_executor& executor, WriteRounds& rounds,
           WsStreamsUser& user, const WsStreamsSettings& settings, WsStreamsStats& counts);

  ClientId id() const { return id_; }
  std::size_t queued_bytes() const { return queued_bytes_; }
  Result<> send(ws_message::SharedFrame frame, WsStreams::Sent sent);
  Result<> request(std::uint32_t id, ws_message::SharedFrame frame, std::chrono::milliseconds timeout,
                   WsStreams::Answered answered);
  void close(std::uint16_t code, std::string reason);

  /// Reads until the client is gone; returns when nothing uses its link any more.
  static asio::awaitable<void> run(std::shared_ptr<WsClient> self);

  void write_turn() override;

 private:
  struct Queued {
    ws_message::SharedFrame frame;
    WsStreams::Sent sent;
  };
  struct Pending {  // asked by us
    WsStreams::Answered answered;
    asio::steady_timer timer;
  };
  struct Waiting {  // asked by the client
    std::optional<std::uint32_t> id;
    asio::steady_timer timer;
  };

  void take(const WsLink::Message& message);
  void take(const ws_message::Request& request);
  void take(const ws_message::Response& response);
  void reply(std::optional<std::uint32_t> id, StreamAnswer answer);
  void conclude(std::uint64_t serial, StreamAnswer answer);
  std::size_t collect(std::span<ByteView> pieces, std::size_t skip) const;
  std::size_t retire(std::size_t taken);
  void end();
  void settle();
  static asio::awaitable<void> become_idle(std::shared_ptr<WsClient> self);
  static asio::awaitable<void> write_rest(std::shared_ptr<WsClient> self, std::size_t skip);
  static asio::awaitable<void> say_goodbye(std::shared_ptr<WsClient> self, std::uint16_t code, std::string reason);

  const ClientId id_;
  std::unique_ptr<WsLink> link_;
  const asio::any_io_executor executor_;
  WriteRounds& rounds_;
  WsStreamsUser& user_;
  const WsStreamsSettings& settings_;
  WsStreamsStats& counts_;
  std::vector<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  std::map<std::uint32_t, Pending> pending_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_serial_ = 0;
  WakeUp* written_ = nullptr;  // say_goodbye() waits for write_rest() to end
  WakeUp* idle_ = nullptr;     // run() waits for both to end
  unsigned busy_ = 0;          // how many of them run
  bool due_ = false;           // in the rounds
  bool writing_ = false;       // write_rest() runs
  bool leaving_ = false;       // say_goodbye() runs or has run
  bool gone_ = false;
};

}  // namespace camspan::net
