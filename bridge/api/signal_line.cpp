#include "api/signal_line.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include "api/uuid.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "proto/link/request.hpp"

namespace camspan {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kStateEvery{5};  // camspan-wire.md section 4
// Some largest messages: a hub that takes nothing for so long is lost.
constexpr std::size_t kMaxWaitingBytes = 1 << 20;
// What a hub may ask for; outside of it nobody is served.
constexpr unsigned kMinKeepaliveMs = 1000;
constexpr unsigned kMaxKeepaliveMs = 300'000;

}  // namespace

SignalClient::Line::Line(const asio::any_io_executor& executor, SignalClientConfig config, Url url,
                         std::shared_ptr<ssl_ctx_st> tls, net::SignallingEvents& events, net::PostToP2p post)
    : config_(std::move(config)),
      url_(std::move(url)),
      tls_(std::move(tls)),
      post_(std::move(post)),
      ears_(std::make_shared<Ears>(Ears{&events})),
      executor_(executor),
      wake_(executor),
      backoff_(config_.backoff) {}

void SignalClient::Line::start() {
  if (stopping_ || std::exchange(started_, true)) return;
  addresses_ = net::own_addresses();
  watch_.emplace(executor_, [this] { changed(); });
  asio::co_spawn(executor_, run(), asio::detached);
}

void SignalClient::Line::stop() {
  stopping_ = true;
  watch_.reset();
  wake_.notify();
}

void SignalClient::Line::describe(net::CameraDescription camera) {
  if (camera_ == camera) return;
  camera_ = std::move(camera);
  if (link_ != nullptr) push(hello());
}

void SignalClient::Line::send(const net::signal::Message& message) {
  if (greeted_) push(net::signal::write(message));
}

void SignalClient::Line::push(std::string text) {
  waiting_bytes_ += text.size();
  waiting_.push_back(std::move(text));
  if (waiting_bytes_ > kMaxWaitingBytes && link_ != nullptr) link_->abort();
  wake_.notify();
}

void SignalClient::Line::set_state(net::signal::State state) {
  const bool same = state_ && state_->viewers == state.viewers && state_->bitrate == state.bitrate;
  state_ = state;
  if (same) return;
  state_due_ = {};
  wake_.notify();
}

void SignalClient::Line::reconnect() {
  reconnect_now_ = true;
  wake_.notify();
}

/// A connection from an address that is gone would be found dead by its next two pings alone.
void SignalClient::Line::changed() {
  auto addresses = net::own_addresses();
  if (addresses != addresses_) moved_ = true;
  addresses_ = std::move(addresses);
  if (link_ != nullptr && !link_->from_this_host())
    link_->abort();
  else if (greeted_ && moved_)
    tell_moved();
  reconnect();
}

void SignalClient::Line::tell_moved() {
  moved_ = false;
  hear([](net::SignallingEvents& events) { events.moved(); });
}

/// Calls `what` on the P2P thread, unless the client is gone by then.
void SignalClient::Line::hear(std::function<void(net::SignallingEvents&)> what) {
  post_([ears = ears_, what = std::move(what)] {
    if (ears->events != nullptr) what(*ears->events);
  });
}

void SignalClient::Line::tell_state(net::SignalState state, Failure why) {
  hear([state, why = std::move(why)](net::SignallingEvents& events) { events.state(state, why); });
}

std::string SignalClient::Line::hello() const {
  net::signal::Hello hello;
  hello.device = config_.triple.product_key + "." + config_.triple.device_name;
  hello.agent = config_.agent;
  hello.camera = camera_;
  hello.time = format_utc(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
  hello.sessions.assign(sessions_.begin(), sessions_.end());
  return net::signal::write(hello);
}

asio::awaitable<void> SignalClient::Line::run() {
  const auto self = shared_from_this();
  while (!stopping_) {
    tell_state(net::SignalState::connecting, Failure());
    Failure failure = co_await connect_and_serve();
    if (stopping_) break;
    log::info("signal", failure.sentence);
    tell_state(net::SignalState::lost, std::move(failure));
    backoff_.lost(Clock::now());
    co_await pause();
  }
}

asio::awaitable<void> SignalClient::Line::pause() {
  const auto until = Clock::now() + backoff_.next(random_32());
  reconnect_now_ = false;
  while (!stopping_ && !reconnect_now_ && Clock::now() < until) co_await wake_.wait_until(until);
}

/// @return why the connection could not be made, or has ended
asio::awaitable<Failure> SignalClient::Line::connect_and_serve() {
  using namespace asio::experimental::awaitable_operators;
  net::WsConnectOptions options;
  options.connect.host = url_.host;
  options.connect.port = url_.port;
  options.connect.tls = tls_.get();
  options.connect.timeout = config_.connect_timeout;
  options.authority = url_.authority;
  options.target = url_.path;
  options.max_message_bytes = net::signal::kMaxMessageBytes;
  const Triple& triple = config_.triple;
  const link::Names names{triple.product_key + "." + triple.device_name, triple.product_key, triple.device_name, ""};
  for (const http::Header& field :
       link::open_fields(names, triple.secret, link::SignMethod::hmac_sha256, CAMSPAN_VERSION))
    if (field.name != "content-length") options.headers.append(field.name, field.value, field.sensitive);
  for (const http::Header& field : config_.headers) options.headers.append(field.name, field.value, field.sensitive);
  auto link = co_await net::ws_connect(std::move(options));
  if (!link) co_return std::move(link.error());
  link_ = link->get();
  line_over_ = false;
  waiting_.clear();
  waiting_bytes_ = 0;
  state_due_ = {};
  push(hello());
  auto over = co_await (read_all(**link) && write_all(**link));
  link_ = nullptr;
  greeted_ = false;
  co_await (*link)->settle();
  Failure failure{over, url_.authority + " ended the signalling connection (" + over.message() +
                            "); viewers that watch go on, and it is made anew."};
  co_return failure;
}

asio::awaitable<std::error_code> SignalClient::Line::read_all(net::WsClientLink& link) {
  std::error_code ended;
  while (!ended) {
    const auto message = co_await link.read();
    if (!message)
      ended = message.error();
    else if (const auto taken = take(link, as_text(message->data)); !taken)
      ended = taken.error();
  }
  line_over_ = true;
  wake_.notify();
  // A write that waits for a hub that is gone would wait long.
  link.abort();
  co_return ended;
}

asio::awaitable<void> SignalClient::Line::write_all(net::WsClientLink& link) {
  while (!line_over_) {
    if (stopping_ && waiting_.empty()) {
      co_await link.close(1001, "the camera stops");
      link.abort();
      co_return;
    }
    if (!waiting_.empty()) {
      std::string text = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= text.size();
      const auto sent = co_await link.send(std::move(text));
      if (!sent) link.abort();
      if (!sent) co_return;
      continue;
    }
    if (greeted_ && state_ && Clock::now() >= state_due_) {
      state_due_ = Clock::now() + kStateEvery;
      push(net::signal::write(*state_));
      continue;
    }
    const auto until = greeted_ && state_ ? state_due_ : Clock::time_point::max();
    co_await wake_.wait_until(until);
  }
}

void SignalClient::Line::set_ping(net::WsClientLink& link, unsigned hubs_ms) const {
  const bool sensible = hubs_ms >= kMinKeepaliveMs && hubs_ms <= kMaxKeepaliveMs;
  milliseconds ping = sensible ? milliseconds(hubs_ms) : net::WsConnectOptions{}.ping;
  if (config_.probe_after.count() > 0) ping = std::min(ping, config_.probe_after);
  link.set_ping(ping, config_.probes);
}

/// A message of the hub.
Result<> SignalClient::Line::take(net::WsClientLink& link, std::string_view text) {
  auto message = net::signal::parse(text);
  if (!message) return fail(message.error());
  if (auto* ready = std::get_if<net::signal::Ready>(&*message)) {
    set_ping(link, ready->keepalive_ms);
    greeted_ = true;
    backoff_.connected(Clock::now());
    wake_.notify();
    hear([servers = std::move(ready->ice_servers)](net::SignallingEvents& events) { events.ready(servers); });
    tell_state(net::SignalState::connected, Failure());
    if (moved_) tell_moved();
  } else if (auto* offer = std::get_if<net::ViewerOffer>(&*message)) {
    hear([offer = std::move(*offer)](net::SignallingEvents& events) { events.offered(offer); });
  } else if (auto* candidate = std::get_if<net::ViewerCandidate>(&*message)) {
    hear([candidate = std::move(*candidate)](net::SignallingEvents& events) { events.candidate(candidate); });
  } else if (auto* restart = std::get_if<net::ViewerRestart>(&*message)) {
    hear([restart = std::move(*restart)](net::SignallingEvents& events) { events.restart(restart); });
  } else if (auto* bye = std::get_if<net::signal::Bye>(&*message)) {
    ended(bye->session);
    hear([bye = std::move(*bye)](net::SignallingEvents& events) { events.left(bye.session, bye.reason); });
  } else if (auto* request = std::get_if<net::signal::RequestKeyframe>(&*message)) {
    hear([channel = request->channel](net::SignallingEvents& events) { events.keyframe_requested(channel); });
  }
  return {};
}

}  // namespace camspan
