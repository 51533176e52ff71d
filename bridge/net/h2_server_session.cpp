#include "net/h2_server_session.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <utility>

#include "core/log.hpp"
#include "net/h2_frame_log.hpp"

namespace camspan::net {
namespace {

std::unique_ptr<h2::Connection> make_connection(const HttpServerLimits& server, h2::Observer& observer) {
  h2::Limits limits = h2::Limits::server();
  limits.max_unread_body_bytes = server.max_unread_body_bytes;
  limits.max_header_bytes = server.max_header_bytes;
  limits.preface = limits.header_block = server.handshake;
  h2::Settings settings = h2::Settings::server();
  settings.max_header_list_size = static_cast<std::uint32_t>(server.max_header_bytes);
  return h2::Connection::create_server(settings, limits, observer, std::chrono::steady_clock::now()).value();
}

}  // namespace

/// Joins a session and the server's control for the time of run().
class H2ServerSession::Attachment {
 public:
  Attachment(H2ServerSession& session, H2ServerControl& control) : session_(session) {
    session.control_ = &control;
    control.session_ = &session;
  }
  ~Attachment() {
    session_.control_->session_ = nullptr;
    session_.control_ = nullptr;
  }
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

 private:
  H2ServerSession& session_;
};

H2ServerSession::H2ServerSession(std::unique_ptr<ByteStream> stream, HttpServer::Handler handler,
                                 const HttpServerLimits& limits)
    : handler_(std::move(handler)),
      limits_(limits),
      connection_(make_connection(limits, *this)),
      driver_(std::move(stream), *connection_, *this),
      last_retired_(driver_.executor()) {}

asio::awaitable<void> H2ServerSession::run(Bytes already_read, H2ServerControl& control) {
  const Attachment attachment(*this, control);
  if (control.going_away_) go_away();
  if (control.aborted_) abort();
  asio::steady_timer admission(driver_.executor());
  if (limits_.admission.count() != 0) {
    admission.expires_after(limits_.admission);
    const auto due = [weak = weak_from_this()](const std::error_code& error) {
      const auto self = weak.lock();
      if (!error && self) self->end_unless_admitted();
    };
    admission.async_wait(due);
  }
  co_await driver_.run(shared_from_this(), std::move(already_read));
  while (!exchanges_.empty()) co_await last_retired_.wait();
}

void H2ServerSession::go_away() {
  connection_->shutdown(std::chrono::steady_clock::now());
  driver_.flush();
}

void H2ServerSession::send_away() {
  driver_.flush();  // what was answered: a session that ends sends nothing but its GOAWAY
  connection_->terminate(h2::ErrorCode::enhance_your_calm);
  driver_.flush();
}

void H2ServerSession::end_unless_admitted() {
  if (admitted()) return;
  log::debug("http2", driver_.info().peer, " asked for nothing that it was given");
  connection_->terminate(h2::ErrorCode::no_error);
  driver_.flush();
}

http::Headers H2ServerSession::refusal_fields(int status) {
  if (status == 431) ++large_heads_;
  return limits_.refusal_fields ? limits_.refusal_fields(status) : http::Headers();
}

void H2ServerSession::on_request(h2::StreamId id, h2::Request&& request, std::optional<std::uint64_t> content_length) {
  const ByteStream::Info& peer = driver_.info();
  RequestHead head;
  if (request.method == "CONNECT") return refuse(id, 501);  // we are no proxy
  if (limits_.max_target_bytes && request.path.size() > limits_.max_target_bytes(request.path)) {
    connection_->refuse(id);
    return connection_->release(id);
  }
  if (!set_target(head, request.path)) return refuse(id, 400);
  head.method = std::move(request.method);
  head.authority = std::move(request.authority);
  head.headers = std::move(request.headers);
  head.version = HttpVersion::http2;
  head.peer = peer.peer;
  head.loopback = peer.loopback;
  head.tls = peer.tls;
  head.client_certificate_name = peer.peer_common_name;
  head.content_length = content_length;
  head.ended = request.ended;
  exchanges_.emplace(id, std::make_unique<H2Exchange>(driver_, *this, id, std::move(head)));
  waiting_.push_back(id);
}

/// Answers without a handler.
void H2ServerSession::refuse(h2::StreamId id, int status) {
  ++refused_;
  static_cast<void>(connection_->submit_response(id, status, refusal_fields(status), nullptr));
  connection_->release(id);
}

void H2ServerSession::on_data(h2::StreamId id, ByteView bytes) {
  if (H2Exchange* const exchange = find(id)) exchange->stream().received(bytes);
}

void H2ServerSession::on_remote_closed(h2::StreamId id) {
  if (H2Exchange* const exchange = find(id)) exchange->stream().remote_closed();
}

void H2ServerSession::on_stream_closed(h2::StreamId id, h2::ErrorCode code) {
  const Errc reason = code == h2::ErrorCode::no_error ? Errc::closed : Errc::stream_reset;
  if (H2Exchange* const exchange = find(id)) exchange->stream().closed(reason);
}

void H2ServerSession::input_fed() {
  const h2::Stats& stats = connection_->stats();
  if (control_) control_->bad_requests_ = stats.malformed + stats.of(h2::Limit::header_list) + refused_;
  // Once may be a mistake.
  if (large_heads_ > 1) send_away();
  for (const h2::StreamId id : std::exchange(waiting_, {}))
    asio::co_spawn(driver_.executor(), serve(shared_from_this(), *find(id)), asio::detached);
}

void H2ServerSession::on_frame(h2::Direction direction, const h2::Frame& frame) {
  log_frame(driver_.info().peer.c_str(), direction, frame);
}

void H2ServerSession::connection_ended(std::error_code reason) {
  const h2::Stats& stats = connection_->stats();
  const auto limit = connection_->passed_limit();
  log::debug("http2", "connection of ", driver_.info().peer, " ended: ", reason.message(),
             limit ? ", over the limit: " : "", limit ? h2::name(*limit) : "", "; requests ", stats.requests,
             ", resets received ", stats.resets_received, ", sent ", stats.resets_sent, ", body bytes received ",
             stats.body_bytes_received, ", sent ", stats.body_bytes_sent);
  for (const auto& [id, exchange] : exchanges_) exchange->stream().closed(Errc::closed);
  context.reset();
}

asio::awaitable<void> H2ServerSession::serve(std::shared_ptr<H2ServerSession> keep, H2Exchange& exchange) {
  try {
    co_await handler_(exchange);
  } catch (const std::exception& error) {
    log::error("http2", "a handler failed: ", error.what());
  } catch (...) {
    log::error("http2", "a handler failed");
  }
  keep->retire(exchange);
}

void H2ServerSession::retire(H2Exchange& exchange) {
  const h2::StreamId id = exchange.stream().id();
  exchange.conclude();
  connection_->release(id);
  exchanges_.erase(id);
  driver_.flush();
  if (exchanges_.empty()) last_retired_.notify();
}

H2Exchange* H2ServerSession::find(h2::StreamId id) {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : found->second.get();
}

}  // namespace camspan::net
