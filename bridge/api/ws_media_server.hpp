/// Serves one published stream to its clients.
#pragma once

#include <asio/steady_timer.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "api/ws_media_client.hpp"
#include "net/io_thread.hpp"
#include "net/local_server.hpp"
#include "net/ws_rest.hpp"

namespace camspan {

/// Lives on the I/O thread, where every member is called. Handlers of requests keep it alive.
class WsMediaServer : public std::enable_shared_from_this<WsMediaServer> {
 public:
  /// @param notify  runs the events; it outlives this object
  WsMediaServer(asio::any_io_executor executor, WsPublisherConfig config, WsPublisherEvents events,
                net::IoThread& notify);

  /// @param token  that clients have to show; "" = none
  tl::expected<void, Failure> start(std::string token);
  /// Tells every client that the server stops, and ends. No event begins after silence().
  asio::awaitable<void> stop();
  void silence() { box_->silent.store(true); }

  /// What the stream is, from the next unit on.
  void set_format(std::string caps, std::vector<SharedUnit> headers, bool flv);
  void deliver(const SharedUnit& unit);
  void flush();
  /// Ends every client's stream; `done` is called when all are gone.
  void end(std::function<void()> done);

  void update(const WsPublisherConfig& config);
  void remove(std::uint32_t id);
  void remove_flush(std::uint32_t id);
  void clear();
  void send(std::uint32_t id, const Bytes& message);
  void fill(WsPublisherStats& stats) const;
  std::uint16_t port() const { return server_->port(); }

 private:
  struct Box {
    WsPublisherEvents events;
    std::atomic<bool> silent{false};
  };
  /// A question to the user of the publisher that waits for its answer.
  struct Question {
    explicit Question(const asio::any_io_executor& executor) : answered(executor) {}
    net::WakeUp answered;
    bool yes = false;
  };
  class Guest;

  static asio::awaitable<void> handle(std::shared_ptr<WsMediaServer> self, net::HttpExchange& exchange);
  asio::awaitable<void> serve_media(net::HttpExchange& exchange);
  asio::awaitable<bool> serve_player(net::HttpExchange& exchange);
  asio::awaitable<void> serve_client(net::HttpExchange& exchange);
  asio::awaitable<void> refuse(net::HttpExchange& exchange, std::uint64_t& counter, net::LocalServer::Refusal why);
  asio::awaitable<bool> ask(const net::RequestHead& request);
  http::Headers media_headers(const net::RequestHead& request) const;
  void on_message(WsMediaClient& client, net::WsLink::Message message);
  bool answer(WsMediaClient& client, ByteView message);
  net::StreamAnswer answer_to(net::StreamRequest::Method method, std::string_view stream) const;
  void begin(WsMediaClient& client);
  std::vector<SharedUnit> headers_now(const flv::FanOut::Opening& opening) const;
  WsMediaClient* find(std::uint32_t id) const;
  void leave(WsMediaClient& client);
  void want_key();
  void watch_drops();
  void tick_later();
  template <class Tell>
  void tell(Tell event);

  asio::any_io_executor executor_;
  WsPublisherConfig config_;
  const std::shared_ptr<Box> box_;
  net::IoThread& notify_;
  WsMedia media_;
  flv::FanOut fan_out_;
  net::WriteRounds rounds_;
  std::string path_;
  net::WsRest rest_;
  std::string caps_;
  std::vector<SharedUnit> headers_;  ///< of caps_
  bool flv_ = true;
  bool has_format_ = false;
  bool has_media_ = false;  ///< what clients get first is known
  std::unique_ptr<net::LocalServer> server_;
  std::vector<WsMediaClient*> clients_;
  std::vector<std::shared_ptr<Question>> questions_;
  std::size_t joining_ = 0;  ///< let in, and no clients yet
  std::uint32_t last_id_ = 0;
  asio::steady_timer timer_;
  std::function<void()> ended_;
  bool stopping_ = false;
  bool dropping_ = false;
  bool key_wanted_ = false;
  TimePoint key_asked_{};
  std::uint64_t drops_told_ = 0;
  WsPublisherStats counts_;
};

}  // namespace camspan
