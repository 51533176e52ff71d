/// The Link Kit channels that are open, by connection: made by /stream/open, gone with /stream/close or the connection.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hub/device_id.hpp"
#include "net/http_exchange.hpp"
#include "net/wake_up.hpp"

namespace camspan::hub {

struct FileSession;

/// One channel. Requests that use it share it; it is over when its connection forgets it.
class Channel {
 public:
  Channel(std::string id, DeviceId device, std::string identify, const asio::any_io_executor& executor)
      : id(std::move(id)),
        device(std::move(device)),
        identify(std::move(identify)),
        end_wake_(executor),
        query_wake_(executor),
        sender_wake_(executor) {}

  const std::string id;
  const DeviceId device;
  const std::string identify;
  std::shared_ptr<FileSession> file;  ///< of a channel of the file service

  /// False when there was one already.
  bool begin_query() { return !std::exchange(queried_, true); }
  /// The head of its answer is out: what is sent down goes into `answer`.
  void query_answered(net::HttpExchange& answer, std::uint64_t number);
  /// Returns when the channel is over.
  asio::awaitable<void> wait_for_end();
  /// Nothing is sent down any more. Returns when nobody writes into the query's answer, which is broken off if that
  /// takes longer than `patience`.
  asio::awaitable<void> end_downlink(std::chrono::milliseconds patience);
  /// The query has said END_STREAM, or could not.
  void query_over();
  /// Which query it is of all; nothing while nothing can be sent down.
  std::optional<std::uint64_t> query_number() const;

  void join(net::HttpExchange& send) { sends_.push_back(&send); }
  void leave(net::HttpExchange& send) { std::erase(sends_, &send); }

  /// The channel is over: sends under way are broken off, the query ends.
  void end();
  /// Returns when the query, if there was one, has ended.
  asio::awaitable<void> wait_for_query();

 private:
  friend class DownlinkTurn;

  net::WakeUp end_wake_;
  net::WakeUp query_wake_;
  net::WakeUp sender_wake_;              // a write into the query's answer is over
  net::HttpExchange* answer_ = nullptr;  // of the query, while something can be sent down
  std::uint64_t query_number_ = 0;
  std::deque<net::WakeUp*> line_;  // of those who send down; the first of them writes
  bool writing_ = false;
  std::vector<net::HttpExchange*> sends_;
  bool queried_ = false;
  bool query_over_ = false;
  bool ended_ = false;
};

/// One sender's place in the line of those who send down a channel. On its route's frame, on the I/O thread.
class DownlinkTurn {
 public:
  /// Senders that one channel lets wait.
  static constexpr std::size_t kMaxLine = 16;

  DownlinkTurn(std::shared_ptr<Channel> channel, const asio::any_io_executor& executor);
  ~DownlinkTurn();
  DownlinkTurn(const DownlinkTurn&) = delete;
  DownlinkTurn& operator=(const DownlinkTurn&) = delete;

  static bool line_is_full(const Channel& channel) { return channel.line_.size() >= kMaxLine; }
  /// Returns when those before it have left.
  asio::awaitable<void> wait();
  /// Gives up waiting.
  void stop_waiting();
  /// Writes into the query's answer, as HttpExchange::write() does. @return Errc::closed: the query is over;
  /// Errc::timed_out: the device took nothing for `patience`, and its query was broken off
  asio::awaitable<Result<>> write(ByteView piece, std::chrono::milliseconds patience);

 private:
  const std::shared_ptr<Channel> channel_;
  net::WakeUp wake_;
  asio::steady_timer stalled_;
  bool given_up_ = false;
};

class Channels;

/// What one connection has opened. Its destructor ends the channels: they die with their connection.
class ChannelConnection {
 public:
  explicit ChannelConnection(Channels& all);
  ~ChannelConnection();
  ChannelConnection(const ChannelConnection&) = delete;
  ChannelConnection& operator=(const ChannelConnection&) = delete;

  /// The device of the first open; later ones may come without credentials.
  const std::optional<DeviceId>& device() const { return device_; }
  /// Counts one that was refused. @return how many there were
  unsigned count_failure() { return ++failures_; }

  std::shared_ptr<Channel> find(const std::string& id) const;
  std::size_t count() const { return channels_.size(); }
  void add(std::shared_ptr<Channel> channel);
  /// Ends the channel and forgets it.
  void close(Channel& channel);
  void close_all();

 private:
  friend class Channels;
  Channels& all_;
  std::optional<DeviceId> device_;
  std::set<DeviceId> devices_;  ///< whose connections this one counts among
  std::map<std::string, std::shared_ptr<Channel>> channels_;
  unsigned failures_ = 0;
};

/// Lives on the I/O thread, and longer than every connection.
class Channels {
 public:
  struct Limits {
    std::size_t per_connection = 32;
    std::size_t connections_per_device = 4;
  };

  explicit Channels(Limits limits) : limits_(limits) {}

  /// What `connection` has opened; made where there is nothing yet.
  ChannelConnection& of(net::HttpConnection& connection);
  const Limits& limits() const { return limits_; }
  /// True if one more connection of the device is too many; one it has already counts once.
  bool device_is_full(const DeviceId& device, const ChannelConnection& connection) const;

  /// The channel of the device and service that was queried last; nullptr when nothing can be sent down.
  std::shared_ptr<Channel> queried(const DeviceId& device, const std::string& identify) const;
  std::uint64_t next_query_number() { return ++queries_; }

  void end_all();

 private:
  friend class ChannelConnection;
  const Limits limits_;
  std::uint64_t queries_ = 0;
  std::set<ChannelConnection*> connections_;
};

}  // namespace camspan::hub
