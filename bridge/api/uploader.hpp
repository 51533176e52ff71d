/// Keeps an upload going: connects, sends requests one after another, waits and tries again.
#pragma once

#include <atomic>
#include <camspan/h2_push.hpp>
#include <memory>

#include "api/backoff.hpp"
#include "api/link_channel.hpp"
#include "api/notifier.hpp"
#include "api/upload_request.hpp"
#include "api/upload_spool.hpp"
#include "api/url.hpp"
#include "net/connect.hpp"
#include "net/io_thread.hpp"

namespace camspan {

/// Lives on the I/O thread; kept alive by its coroutine.
class Uploader : public std::enable_shared_from_this<Uploader> {
 public:
  /// @param tls  taken over; null for http://
  Uploader(asio::any_io_executor executor, H2PushConfig config, Url url, ssl_ctx_st* tls, Notifier notifier);
  ~Uploader();

  MediaQueue& queue() { return queue_; }
  /// What the units are; set by the streaming thread before the first one comes.
  void set_flv(bool flv) { flv_ = flv; }

  // On the I/O thread.
  void start();
  void wake();
  /// Sends the rest, then calls `done` once: with no failure when everything is with the receiver.
  void drain(std::function<void(Result<>)> done);
  /// Gives up waiting: `done` is called with Errc::cancelled, the upload goes on.
  void cancel_drain();
  void abort();
  void update(const H2PushConfig& config);
  void reconnect();
  void split();
  /// The spool is there. It outlives this upload's abort().
  void use_spool(recordings::Spool& spool, recordings::SpoolLevel level);
  /// It cannot be used yet.
  void no_spool(Failure why);
  /// What the storage thread told of it.
  void spool_changed(recordings::SpoolLevel level);
  void drop_spool();
  std::chrono::milliseconds drain_timeout() const { return config_.drain_timeout; }
  /// Fills everything but the queue's levels.
  void fill(H2PushStats& stats) const;

 private:
  static asio::awaitable<void> hold(std::shared_ptr<Uploader> self);
  asio::awaitable<void> run();
  asio::awaitable<bool> connect();
  asio::awaitable<void> wait_to_connect();
  bool channel_due() const;
  asio::awaitable<bool> open_channel();
  asio::awaitable<void> wait_for_data();
  asio::awaitable<void> wait_for_spool();
  asio::awaitable<void> end_outage();
  bool nothing_to_do() const;
  bool spool_waits() const { return spool_ && !spool_->empty(); }
  bool diverting() const { return spool_ && spool_->diverting(); }
  void relieve();
  void drop_client();
  asio::awaitable<void> upload();
  asio::awaitable<void> after_refusal(RequestEnd end, std::string authorization_used);
  asio::awaitable<void> retry(Failure failure, std::optional<std::chrono::seconds> wait);
  asio::awaitable<std::string> token_from_user();
  asio::awaitable<void> follow(RequestEnd refused);
  asio::awaitable<bool> leave_of_user(std::string url);
  void go_to(const Url& target);
  http::Headers request_headers(const std::string& authorization) const;
  UploadRequest::Setup request_setup(const std::string& authorization) const;
  tl::expected<std::string, Failure> authorize() const;
  void name_stream(UploadRequest::Setup& setup);
  void wake_from_anywhere();
  void position();
  void new_stream();
  bool is_final(const Failure& failure) const;
  void fail(Failure failure);
  void set_state(ConnectionState state);
  void settle(Result<> result);
  void on_acked();
  void measure();

  const asio::any_io_executor executor_;
  H2PushConfig config_;
  Url url_;                ///< where requests go now
  Url home_;               ///< where they begin: as was set, or where that has moved for good
  ssl_ctx_st* const tls_;  ///< owned
  Notifier notify_;
  MediaQueue queue_;
  net::WakeUp wake_;
  net::WakeUp answer_came_;
  std::unique_ptr<net::H2Client> client_;
  std::shared_ptr<UploadRequest> request_;
  UploadRequest::Progress progress_;
  Backoff backoff_;
  ConnectionState state_ = ConnectionState::idle;
  std::string stream_id_;
  std::string token_;  ///< from request-token; goes before the configured one
  std::function<void(Result<>)> drained_;
  std::atomic<bool> flv_{true};
  bool started_ = false;
  bool stopping_ = false;
  bool ever_connected_ = false;
  bool outage_ = false;      ///< the loss was told, the end of it not yet
  bool connecting_ = false;  ///< a try began, its end was not told yet
  bool reconnect_now_ = false;
  bool left_idle_ = false;                ///< the receiver ended a connection that nothing was sent on
  std::shared_ptr<UploadSpool> spool_;    ///< null: none is used, or it is not open yet
  bool spool_opening_ = false;            ///< with H2PushSpoolMode::always nothing is sent meanwhile
  bool spool_missing_ = false;            ///< it could not be opened
  std::unique_ptr<LinkChannel> channel_;  ///< of mode stream, else null
  int redirects_ = 0;                     ///< since something was taken, or a try failed
  bool fresh_ = true;                     ///< nothing of this stream was sent yet
  bool token_retried_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t connects_ = 0;
  std::optional<std::chrono::steady_clock::time_point> request_started_;  ///< since the last loss
  net::ConnectTimes times_;
  std::chrono::steady_clock::time_point measured_at_{};
  std::uint64_t measured_sent_ = 0;
  std::uint64_t measured_acked_ = 0;
  std::uint64_t send_rate_ = 0;
  std::uint64_t goodput_ = 0;
};

}  // namespace camspan
