/// One connection of a handle, with the channels and H2 streams on it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "device.hpp"
#include "keep_alive.hpp"
#include "net/h2_client.hpp"
#include "net/wake_up.hpp"
#include "notifier.hpp"

namespace camspan::linkkit {

using Milliseconds = std::chrono::milliseconds;

/// Whose callbacks an H2 stream has. Shared with callbacks that wait to run.
struct Listener {
  void* user_data = nullptr;
  std::atomic<bool> forgotten{false};  ///< its channel was closed, or nobody asked: only frames are told
};

/// One request and its answer.
struct Exchange {
  explicit Exchange(const asio::any_io_executor& executor) : answered(executor), room(executor) {}

  std::unique_ptr<net::H2ClientStream> stream;
  std::string channel;  ///< "" until it is known
  std::shared_ptr<Listener> listener = std::make_shared<Listener>();
  std::uint64_t length = 0;  ///< of the body
  std::uint64_t sent = 0;
  bool is_query = false;
  bool nobody_waits = false;  ///< sent whole, it may be answered while the handle is being disconnected
  bool writing = false;       ///< a call is sending
  bool request_over = false;  ///< END_STREAM is sent
  bool response_over = false;
  std::optional<net::ResponseHead> head;
  std::error_code failure;
  net::WakeUp answered;  ///< head or failure has come
  net::WakeUp room;      ///< there may be more room to send

  bool is_refused() const { return head && head->status != 200; }
  int id() const { return stream->id().value(); }
};
using SharedExchange = std::shared_ptr<Exchange>;

struct Channel {
  std::string id;
  std::string identify;
  void* user_data = nullptr;
  bool queried = false;
};

struct ChannelRequest {
  std::string method = "POST";
  std::string path;
  http::Headers headers;
  std::string channel;
  void* user_data = nullptr;
  std::uint64_t length = 0;  ///< of the body; 0 = none
  bool silent = false;       ///< the program is told of frames only
};

/// Lives on the I/O thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// @param over  called on the I/O thread when no more requests can be made here, perhaps more than once
  static std::shared_ptr<Connection> create(std::unique_ptr<net::ByteStream> stream, const Device& device,
                                            std::shared_ptr<Notifier> notifier, std::function<void()> over,
                                            KeepAlive keep_alive = {});

  bool usable() const { return client_ && client_->usable(); }
  /// The peer said GOAWAY, and what is under way may still end.
  bool is_draining() const { return go_away_ && !lost_; }

  Result<SharedExchange> start(const ChannelRequest& request);
  /// Waits for the head of the answer. @return why it does not come
  asio::awaitable<std::error_code> wait_for_head(SharedExchange exchange, Milliseconds patience);
  /// Sends the next bytes of the body. @return Errc::busy: there was no room in 5 s, and nothing was sent; else the
  /// request is over
  asio::awaitable<std::error_code> write(SharedExchange exchange, ByteView bytes);
  /// Ends a request that is under way.
  void give_up(Exchange& exchange, h2::ErrorCode code);
  SharedExchange find_exchange(int id) const;

  Channel* find_channel(const std::string& id);
  void add_channel(Channel channel);
  /// No more callbacks for its streams but of frames; uploads that are not complete are reset.
  void forget_channel(const std::string& id);
  /// The server has closed it: what is left of its streams goes.
  void drop_streams(const std::string& id);

  /// Calls that wait fail; requests that were sent whole may still be answered. Then close_notify and FIN.
  asio::awaitable<void> end(Milliseconds patience);
  /// Waits until nothing is under way, then ends.
  asio::awaitable<void> drain(Milliseconds patience);

 private:
  Connection(const asio::any_io_executor& executor, const Device& device, std::shared_ptr<Notifier> notifier,
             std::function<void()> over);
  asio::awaitable<void> follow(std::shared_ptr<Connection> self, SharedExchange exchange);
  asio::awaitable<void> read_answer(SharedExchange exchange);
  asio::awaitable<void> deliver(Exchange& exchange, ByteView bytes);
  asio::awaitable<std::error_code> wait_for_room(Exchange& exchange, std::size_t bytes);
  asio::awaitable<std::error_code> write_piece(Exchange& exchange, ByteView piece);
  void on_frame(h2::Direction direction, const h2::Frame& frame);
  void tell_head(const Exchange& exchange);
  void tell_frame(h2::Direction direction, const h2::Frame& frame);
  void close_if_over(const SharedExchange& exchange);
  void reap();
  void wake_writers();

  const asio::any_io_executor executor_;
  const std::string authority_;
  const bool tls_;
  const std::shared_ptr<Notifier> notifier_;
  const std::function<void()> over_;
  std::unique_ptr<net::H2Client> client_;
  std::map<int, SharedExchange> exchanges_;
  std::unordered_map<std::string, Channel> channels_;
  Exchange* starting_ = nullptr;  // its first frames leave before start() knows their stream
  int starting_id_ = 0;
  net::WakeUp idle_;
  bool go_away_ = false;
  bool lost_ = false;
};

}  // namespace camspan::linkkit
