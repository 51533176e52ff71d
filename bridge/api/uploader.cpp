#include "api/uploader.hpp"

#include <camspan/hal.h>
#include <openssl/ssl.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "api/credentials.hpp"
#include "api/upload_failure.hpp"
#include "api/uuid.hpp"
#include "core/log.hpp"
#include "core/memory_budget.hpp"
#include "core/time.hpp"
#include "proto/flv/tag.hpp"

namespace camspan {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Backoff::Limits backoff_limits(const H2PushConfig& config) {
  return {config.reconnect_delay, std::max(config.reconnect_delay, config.reconnect_delay_max), config.retries};
}

MediaQueue::Bounds bounds(const H2PushConfig& config) {
  return {memory_bound(config.max_bytes), config.max_time, static_cast<Leaky>(config.leaky)};
}

}  // namespace

Uploader::Uploader(asio::any_io_executor executor, H2PushConfig config, Url url, ssl_ctx_st* tls, Notifier notifier)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      url_(std::move(url)),
      home_(url_),
      tls_(tls),
      notify_(std::move(notifier)),
      queue_(bounds(config_), [this] { wake_from_anywhere(); }),
      wake_(executor_),
      answer_came_(executor_),
      backoff_(backoff_limits(config_)),
      stream_id_(config_.stream_id.empty() ? make_uuid() : config_.stream_id) {
  if (config_.mode == H2PushMode::stream)
    channel_ = std::make_unique<LinkChannel>(url_.authority, config_.identify, url_.tls);
  spool_opening_ = !config_.spool_location.empty();
  if (spool_opening_ && config_.spool_mode == H2PushSpoolMode::always) {
    queue_.send_below(0);
    queue_.write_ahead(true);
  }
}

Uploader::~Uploader() {
  client_.reset();
  SSL_CTX_free(tls_);
}

void Uploader::start() {
  if (std::exchange(started_, true)) return;
  asio::co_spawn(executor_, hold(shared_from_this()), asio::detached);
}

asio::awaitable<void> Uploader::hold(std::shared_ptr<Uploader> self) {
  try {
    co_await self->run();
  } catch (const std::exception& problem) {
    self->fail(Failure{Errc::io_error, std::string("the upload stopped: ") + problem.what(), 0});
  }
}

/// The queue has something: called on the streaming thread.
void Uploader::wake_from_anywhere() {
  asio::post(executor_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake();
  });
}

void Uploader::wake() {
  relieve();
  wake_.notify();
  if (request_) request_->wake();
}

void Uploader::drain(std::function<void(Result<>)> done) {
  drained_ = std::move(done);
  if (state_ == ConnectionState::failed) return settle(camspan::fail(Errc::closed));
  if (!started_ || (queue_.empty() && !request_ && !spool_waits())) return settle({});
  set_state(ConnectionState::draining);
  if (request_) request_->finish();
  if (spool_) spool_->end_live();
  wake();
}

/// Whoever waits for the drain has heard of a failure before it hears of the end.
void Uploader::settle(Result<> result) {
  if (auto done = std::exchange(drained_, {})) notify_.after_events([done, result] { done(result); });
}

void Uploader::cancel_drain() {
  if (auto done = std::exchange(drained_, {})) done(camspan::fail(Errc::cancelled));
}

void Uploader::abort() {
  stopping_ = true;
  notify_.silence();
  cancel_drain();
  queue_.close();
  if (auto spool = std::exchange(spool_, nullptr)) spool->let_go(stream_id_);
  if (request_) request_->abort(Failure{Errc::cancelled, "the upload was stopped.", 0});
  if (client_) client_->abort();
  wake_.notify();
  answer_came_.notify();
}

void Uploader::update(const H2PushConfig& config) {
  // The rest is fixed for the life of the upload (see H2PushConfig).
  config_.headers = config.headers;
  config_.auth_token = config.auth_token;
  config_.auth_token_file = config.auth_token_file;
  config_.user_id = config.user_id;
  config_.user_password = config.user_password;
  config_.retries = config.retries;
  config_.reconnect_delay = config.reconnect_delay;
  config_.reconnect_delay_max = config.reconnect_delay_max;
  config_.drain_timeout = config.drain_timeout;
  config_.replay_time = config.replay_time;
  config_.segment_time = config.segment_time;
  config_.segment_bytes = config.segment_bytes;
  backoff_.set_limits(backoff_limits(config_));
  queue_.set_bounds(bounds(config));
  if (spool_) spool_->update(config);
}

void Uploader::reconnect() {
  reconnect_now_ = true;
  wake_.notify();
}

void Uploader::split() {
  if (request_) request_->split();
}

asio::awaitable<void> Uploader::run() {
  while (!stopping_ && state_ != ConnectionState::failed) {
    if (left_idle_) co_await wait_to_connect();
    if (stopping_) break;
    if (!client_ && !co_await connect()) continue;
    if (channel_due()) {
      const bool opened = co_await open_channel();
      if (!opened) continue;
    }
    if (spool_) spool_->attach(*client_);
    if (diverting()) co_await end_outage();
    co_await wait_for_data();
    if (stopping_) break;
    if (channel_due()) continue;
    if (!client_->usable() && nothing_to_do() && backoff_.failures() == 0) {
      drop_client();
      left_idle_ = true;
    } else if (!client_->usable()) {
      // Named: in a co_await expression g++ 12 destroys what a braced list made twice.
      const std::error_code reason = client_->reason();
      Failure closed{reason, closed_sentence(url_.authority, reason, client_->ending()), 0};
      drop_client();
      co_await retry(std::move(closed), std::nullopt);
    } else if (diverting()) {
      continue;
    } else if (drained_ && queue_.empty()) {
      co_await wait_for_spool();
    } else {
      co_await upload();
    }
  }
  drop_client();
}

/// Nothing is to be sent, live or from the spool.
bool Uploader::nothing_to_do() const {
  return fresh_ && queue_.all_sent() && !drained_ && !diverting() && !(spool_ && spool_->has_segments());
}

/// What the body is, and so its headers, is known with its first unit.
asio::awaitable<void> Uploader::wait_for_data() {
  // The time that a recording begins at is that of the first audio or video.
  const auto nothing_yet = [this] {
    const bool waits = queue_.all_sent() || (flv_ && !queue_.has_media(queue_.next_number()));
    return fresh_ && waits && !drained_ && !diverting();
  };
  while (!stopping_ && client_->usable() && (spool_opening_ || nothing_yet()))
    co_await wake_.wait_until(Clock::now() + std::chrono::seconds(1));
}

/// All of the live stream is with the receiver, and nothing more comes.
asio::awaitable<void> Uploader::wait_for_spool() {
  if (spool_waits()) {
    co_await wake_.wait_until(Clock::now() + std::chrono::seconds(1));
    co_return;
  }
  if (channel_) co_await channel_->close(*client_);
  if (stopping_) co_return;
  settle({});
  set_state(ConnectionState::connected);
}

/// Hubs end connections that bring them nothing; the next one is for what there is to send.
asio::awaitable<void> Uploader::wait_to_connect() {
  left_idle_ = false;
  reconnect_now_ = false;
  set_state(ConnectionState::idle);
  while (!stopping_ && !reconnect_now_ && nothing_to_do())
    co_await wake_.wait_until(Clock::now() + std::chrono::seconds(1));
}

bool Uploader::channel_due() const {
  return channel_ && !channel_->is_open() && (!channel_->was_closed() || !queue_.all_sent());
}

/// @return false if not: it was told, and waited for where another try makes sense
asio::awaitable<bool> Uploader::open_channel() {
  const auto triple = read_triple(config_);
  if (!triple) {
    fail(triple.error());
    co_return false;
  }
  auto refused = co_await channel_->open(*client_, *triple);
  if (stopping_ || !refused) co_return !stopping_;
  if (refused->kind == RequestEnd::Kind::lost) drop_client();
  if (refused->failure.http_status == 401 && !std::exchange(token_retried_, true)) {
    const auto now = read_triple(config_);
    if (now && now->secret != triple->secret) co_return false;
  }
  co_await retry(std::move(refused->failure), refused->retry_after);
  co_return false;
}

asio::awaitable<bool> Uploader::connect() {
  if (!drained_) set_state(ConnectionState::connecting);
  const bool again = ever_connected_;
  connecting_ = true;
  notify_(&H2PushEvents::progress, again, backoff_.failures() + 1, ConnectStep::begun);
  net::ConnectOptions options;
  options.host = url_.host;
  options.port = url_.port;
  options.tls = tls_;
  options.timeout = config_.connect_timeout;
  options.interface = config_.interface;
  options.dscp = config_.dscp;
  // Checked when this was made.
  if (const auto proxy = parse_proxy(config_.proxy))
    options.proxy = net::ProxyOptions{proxy->host, proxy->port, proxy_authorization(config_)};
  auto connected = co_await net::connect(std::move(options));
  if (stopping_) co_return false;
  if (!connected) {
    co_await retry(std::move(connected.error()), std::nullopt);
    co_return false;
  }
  times_ = connected->times;
  const std::string& alpn = connected->stream->info().alpn;
  // Link Kit servers may know HTTP/2 by its preface only.
  if (tls_ && alpn != "h2" && !(channel_ && alpn.empty())) {
    Failure wrong_protocol{Errc::unsupported,
                           url_.authority +
                               " does not speak HTTP/2 here. Use a server that offers "
                               "\"h2\" by ALPN.",
                           0};
    co_await retry(std::move(wrong_protocol), std::nullopt);
    co_return false;
  }
  net::H2ClientOptions h2;
  h2.window_bytes = memory_bound(config_.window_bytes);
  h2.ping_interval = config_.ping_interval;
  client_ = net::H2Client::create(std::move(connected->stream), h2);
  if (channel_) channel_->forget();
  ++connects_;
  ever_connected_ = true;
  backoff_.connected(Clock::now());
  connecting_ = false;
  notify_(&H2PushEvents::progress, again, backoff_.failures() + 1, ConnectStep::complete);
  if (!drained_) set_state(ConnectionState::connected);
  if (again) notify_(&H2PushEvents::need_key);
  co_return true;
}

/// Where the next request begins: with the oldest unit that was not acknowledged, or anew.
void Uploader::position() {
  if (fresh_) return;
  if (!queue_.rewind(progress_.tags_acked)) new_stream();
}

void Uploader::new_stream() {
  stream_id_ = make_uuid();
  // The head of the new stream is from when that begins: the times of recordings go by it.
  queue_.restart([this](const SharedUnit& head, const Unit& first) -> SharedUnit {
    const auto info = flv::inspect(first.bytes);
    return flv_ && info ? flv::copy_with_timestamp(*head, info->timestamp_ms) : head;
  });
  progress_.tags_acked = progress_.highest_sent = 0;
  fresh_ = true;
  if (spool_) spool_->begin_live(stream_id_);
}

asio::awaitable<void> Uploader::upload() {
  auto authorized = authorize();
  if (!authorized) {
    fail(std::move(authorized.error()));
    co_return;
  }
  position();
  UploadRequest::Setup setup = request_setup(*authorized);
  if (flv_) name_stream(setup);
  setup.segment_time = config_.segment_time;
  setup.segment_bytes = config_.segment_bytes;

  fresh_ = false;
  ++requests_;
  request_started_ = Clock::now();
  progress_.first_ack_time = milliseconds(0);
  request_ = std::make_shared<UploadRequest>(executor_, queue_, progress_, std::move(setup), [this] { on_acked(); });
  if (drained_) request_->finish();
  if (drained_ && spool_) spool_->end_live();
  RequestEnd end = co_await request_->run(*client_);
  request_.reset();
  if (stopping_) co_return;
  if (diverting() && end.kind != RequestEnd::Kind::refused && end.kind != RequestEnd::Kind::lost) co_return;
  switch (end.kind) {
    case RequestEnd::Kind::complete:
      token_retried_ = false;
      redirects_ = 0;
      queue_.reset();
      if (spool_) spool_->complete(stream_id_);
      stream_id_ = make_uuid();
      progress_.tags_acked = progress_.highest_sent = 0;
      fresh_ = true;
      if (spool_) spool_->begin_live(stream_id_);
      co_await wait_for_spool();
      co_return;
    case RequestEnd::Kind::split:
      token_retried_ = false;
      redirects_ = 0;
      if (!flv_) new_stream();
      // The server wants us elsewhere and has everything so far: no outage.
      if (!client_->usable()) drop_client();
      co_return;
    case RequestEnd::Kind::refused:
      co_await after_refusal(std::move(end), std::move(*authorized));
      co_return;
    case RequestEnd::Kind::lost:
      break;
  }
  // The stream may be broken while the connection is not; a new one is the sure way.
  drop_client();
  co_await retry(std::move(end.failure), std::nullopt);
}

asio::awaitable<void> Uploader::after_refusal(RequestEnd end, std::string authorization_used) {
  if (!end.location.empty() && !channel_) {
    co_await follow(std::move(end));
    co_return;
  }
  if (end.failure.http_status == 401 && !token_retried_) {
    token_retried_ = true;
    if (notify_.hears(&H2PushEvents::request_token)) token_ = co_await token_from_user();
    if (stopping_) co_return;
    H2PushConfig credentials = config_;
    if (!token_.empty()) credentials.auth_token = token_;
    const auto now = authorization(credentials);
    if (now && *now != authorization_used) co_return;
  }
  if (end.failure.http_status == 404 && channel_) {
    // Not the device, which the open of another one will tell.
    channel_->forget();
    end.failure.code = make_error_code(Errc::refused);
  }
  if (end.failure.http_status == 409) {
    // The receiver says where it can go on; if that is no longer held, a new stream begins.
    if (!end.expected || !queue_.rewind(*end.expected)) {
      new_stream();
    } else {
      queue_.acknowledge(*end.expected);
      progress_.tags_acked = *end.expected;
    }
  }
  co_await retry(std::move(end.failure), end.retry_after);
}

asio::awaitable<std::string> Uploader::token_from_user() {
  auto answer = std::make_shared<std::string>();
  const std::function<void(std::string)> answered = [self = shared_from_this(), answer](std::string token) {
    asio::post(self->executor_, [self, answer, token = std::move(token)] {
      *answer = token;
      self->answer_came_.notify();
    });
  };
  notify_.ask(&H2PushEvents::request_token, std::string(), answered);
  co_await answer_came_.wait();
  co_return *answer;
}

bool Uploader::is_final(const Failure& failure) const {
  const auto is = [&](Errc code) { return failure.code == make_error_code(code); };
  if (is(Errc::bad_setting) || is(Errc::not_authenticated) || is(Errc::not_authorized) || is(Errc::not_found) ||
      is(Errc::wrong_type) || is(Errc::too_large) || is_final_status(failure.http_status))
    return true;
  // A server that was fine before may be changing its certificate; one that never was is the wrong one.
  return !ever_connected_ && (is(Errc::tls_untrusted) || is(Errc::tls_wrong_name) || is(Errc::unsupported));
}

asio::awaitable<void> Uploader::retry(Failure failure, std::optional<std::chrono::seconds> wait) {
  const int attempt = backoff_.failures() + 1;
  backoff_.lost(Clock::now());
  if (is_final(failure) || backoff_.exhausted()) {
    fail(std::move(failure));
    co_return;
  }
  if (std::exchange(connecting_, false))
    notify_(&H2PushEvents::progress, ever_connected_, attempt, ConnectStep::failed);
  // A link that worked for a while and is lost is a new outage.
  const auto worked_since = std::exchange(request_started_, std::nullopt);
  if (worked_since && Clock::now() - *worked_since > std::chrono::seconds(5)) outage_ = false;
  if (!std::exchange(outage_, true)) notify_(&H2PushEvents::lost, failure);
  log::info("upload", failure.sentence, " Trying again.");
  if (spool_ && flv_) spool_->divert(stream_id_);
  if (!drained_) set_state(ConnectionState::waiting);
  redirects_ = 0;
  go_to(home_);
  const milliseconds delay = backoff_.next(random_32());
  const auto until = Clock::now() + (wait && *wait > delay ? milliseconds(*wait) : delay);
  // A unit that comes wakes the loop too, but is no reason to try earlier; reconnect() is.
  reconnect_now_ = false;
  while (!stopping_ && !reconnect_now_ && Clock::now() < until) co_await wake_.wait_until(until);
  co_return;
}

void Uploader::fail(Failure failure) {
  set_state(ConnectionState::failed);
  queue_.close();
  notify_(&H2PushEvents::failed, failure);
  settle(camspan::fail(failure.code));
}

void Uploader::set_state(ConnectionState state) {
  if (std::exchange(state_, state) != state) notify_(&H2PushEvents::state, state);
}

void Uploader::on_acked() {
  outage_ = false;
  redirects_ = 0;
  measure();
  if (spool_) spool_->acknowledged(stream_id_, progress_.tags_acked);
  notify_(&H2PushEvents::acked, progress_.bytes_acked, progress_.acked_running_time);
}

/// Rates over stretches of at least one second.
void Uploader::measure() {
  const auto now = Clock::now();
  const auto span = std::chrono::duration_cast<milliseconds>(now - measured_at_).count();
  if (span < 1000) return;
  const auto rate = [&](std::uint64_t bytes) { return bytes * 8000 / static_cast<std::uint64_t>(span); };
  send_rate_ = rate(progress_.bytes_sent - measured_sent_);
  goodput_ = rate(progress_.bytes_acked - measured_acked_);
  measured_at_ = now;
  measured_sent_ = progress_.bytes_sent;
  measured_acked_ = progress_.bytes_acked;
}

void Uploader::fill(H2PushStats& stats) const {
  stats.bytes_sent = progress_.bytes_sent;
  stats.bytes_acked = progress_.bytes_acked;
  if (spool_) spool_->fill(stats);
  stats.bytes_resent = progress_.bytes_resent;
  stats.tags_acked = progress_.tags_acked;
  stats.requests = requests_;
  stats.connects = connects_;
  stats.http_status = progress_.http_status;
  stats.rtt = client_ ? client_->rtt() : std::chrono::microseconds(0);
  stats.flow_window = request_ ? request_->flow_window() : 0;
  stats.send_rate = send_rate_;
  stats.goodput = goodput_;
  stats.connect_time = times_.resolve + times_.tcp;
  stats.tls_time = times_.tls;
  stats.first_ack_time = progress_.first_ack_time;
  stats.state = state_;
  stats.stream_id = stream_id_;
}

}  // namespace camspan
