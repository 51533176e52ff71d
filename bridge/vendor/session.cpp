#include "session.hpp"

#include <camspan/hal.h>
#include <openssl/ssl.h>
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "core/log.hpp"
#include "proto/link/request.hpp"
#include "transport.hpp"

namespace camspan::linkkit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kAnswerTime{IOT_HTTP2_RES_OVERTIME_MS};
// For what is under way when the server says GOAWAY, and when the program disconnects.
constexpr Milliseconds kDrainTime{5000};
constexpr Milliseconds kEndTime{2000};
// h2-stream.md section 2.8.
constexpr Backoff::Limits kBackoff{Milliseconds(1000), Milliseconds(60000), -1};

std::uint32_t random_number() {
  std::uint32_t number = 0;
  static_cast<void>(hal()->random(&number, sizeof number));
  return number;
}

bool is_good(const Exchange& exchange) {
  return exchange.head && exchange.head->status == 200;
}

void append(http::Headers& headers, const http::Headers& more) {
  for (const http::Header& field : more) headers.append(field.name, field.value, field.sensitive);
}

}  // namespace

Session::Session(const asio::any_io_executor& executor, Device device, ssl_ctx_st* tls,
                 std::shared_ptr<Notifier> notifier)
    : executor_(executor),
      device_(std::move(device)),
      tls_(tls),
      notifier_(std::move(notifier)),
      backoff_(kBackoff),
      changed_(executor) {}

Session::~Session() {
  SSL_CTX_free(tls_);
}

/// @return "" when there is a connection, else why not
asio::awaitable<std::string> Session::dial_once() {
  auto stream = co_await dial(device_, tls_);
  if (!stream) co_return stream.error().sentence;
  if (stopping_) co_return "the handle was disconnected.";
  const std::weak_ptr<Session> weak = weak_from_this();
  connection_ = Connection::create(std::move(*stream), device_, notifier_, [weak] {
    if (const auto self = weak.lock()) self->connection_over();
  });
  backoff_.connected(Clock::now());
  notifier_->post([](const http2_stream_cb_t& callbacks) {
    if (callbacks.on_reconnect_cb != nullptr) callbacks.on_reconnect_cb();
  });
  co_return "";
}

asio::awaitable<std::string> Session::connect(Self self) {
  std::string problem = co_await self->dial_once();
  if (problem.empty()) asio::co_spawn(self->executor_, keep_connected(self), asio::detached);
  co_return problem;
}

/// Of the present connection; those that drain have been here before.
void Session::connection_over() {
  if (stopping_ || !connection_ || connection_->usable()) return;
  const auto lost = std::exchange(connection_, nullptr);
  by_go_away_ = lost->is_draining();
  if (by_go_away_) {
    draining_.push_back(lost);
    asio::co_spawn(executor_, drain(shared_from_this(), lost), asio::detached);
  }
  log::warn("linkkit", device_.authority, by_go_away_ ? " sends us away (GOAWAY)" : ": the connection is lost",
            "; connecting again");
  notifier_->post([](const http2_stream_cb_t& callbacks) {
    if (callbacks.on_disconnect_cb != nullptr) callbacks.on_disconnect_cb();
  });
  changed_.notify();
}

asio::awaitable<void> Session::drain(Self self, std::shared_ptr<Connection> connection) {
  co_await connection->drain(kDrainTime);
  std::erase(self->draining_, connection);
}

asio::awaitable<void> Session::keep_connected(Self self) {
  for (;;) {
    while (!self->stopping_ && self->connection_) co_await self->changed_.wait();
    if (self->stopping_) co_return;
    self->backoff_.lost(Clock::now());
    const bool at_once = self->by_go_away_ && self->backoff_.failures() == 0;
    const Milliseconds pause = self->backoff_.next(random_number());
    const auto end = Clock::now() + (at_once ? Milliseconds(0) : pause);
    while (!self->stopping_ && Clock::now() < end) co_await self->changed_.wait_until(end);
    if (self->stopping_) co_return;
    const std::string problem = co_await self->dial_once();
    if (!problem.empty()) log::warn("linkkit", problem);
  }
}

std::shared_ptr<Connection> Session::connection_of(const std::string& channel) const {
  if (connection_ && connection_->find_channel(channel)) return connection_;
  for (const auto& connection : draining_)
    if (connection->find_channel(channel)) return connection;
  return nullptr;
}

asio::awaitable<Reply> Session::open(Self self, std::string identify, http::Headers headers, void* user_data) {
  Reply reply;
  const auto connection = self->connection_;
  if (!connection || self->stopping_) co_return reply;
  ChannelRequest request;
  request.path = link::path(link::Step::open, identify);
  // No timestamp in the signature: the clock of a camera may not be set yet.
  request.headers =
      link::open_fields(self->device_.names, self->device_.secret, link::SignMethod::hmac_sha1, kSdkVersion);
  append(request.headers, headers);
  request.user_data = user_data;
  const auto exchange = connection->start(request);
  if (!exchange) co_return reply;
  const std::error_code error = co_await connection->wait_for_head(*exchange, kAnswerTime);
  if (error == Errc::timed_out) connection->give_up(**exchange, h2::ErrorCode::cancel);
  if (error) log::warn("linkkit", self->device_.authority, " did not answer an open: ", error.message());
  if (error) co_return reply;
  reply.headers = (*exchange)->head->headers;
  reply.channel = (*exchange)->channel;
  if (!is_good(**exchange)) co_return reply;
  if (reply.channel.empty()) {
    log::warn("linkkit", self->device_.authority, " opened a channel without x-data-stream-id");
    co_return reply;
  }
  connection->add_channel({reply.channel, identify, user_data, false});
  reply.code = SUCCESS_RETURN;
  co_return reply;
}

/// The request that a packet belongs to.
Result<SharedExchange> Session::upload_of(Connection& connection, const Packet& packet) {
  const SharedExchange before = connection.find_exchange(packet.stream);
  const bool is_ours = before && before->channel == packet.channel && !before->is_query;
  if (packet.sent != 0) {
    if (!is_ours || before->writing || before->failure || before->length != packet.total || before->sent != packet.sent)
      return fail(Errc::malformed);
    return before;
  }
  // The program begins anew, whatever became of the request before.
  if (is_ours && !before->request_over) connection.give_up(*before, h2::ErrorCode::cancel);
  ChannelRequest request;
  request.path = link::path(link::Step::send, packet.identify);
  request.headers = link::send_fields(packet.total, packet.channel, kSdkVersion);
  append(request.headers, packet.headers);
  request.channel = packet.channel;
  request.user_data = connection.find_channel(packet.channel)->user_data;
  request.length = packet.total;
  return connection.start(request);
}

asio::awaitable<Sent> Session::send(Self self, Packet packet) {
  Sent sent;
  const auto connection = self->connection_of(packet.channel);
  if (!connection || self->stopping_) co_return sent;
  const auto upload = self->upload_of(*connection, packet);
  if (!upload) co_return sent;
  const SharedExchange exchange = *upload;
  sent.stream = exchange->id();
  exchange->nobody_waits = !packet.wait_for_answer;
  const std::error_code error = co_await connection->write(exchange, packet.bytes);
  // Who sends the first packet again starts another request.
  if (error == Errc::busy && packet.sent == 0) connection->give_up(*exchange, h2::ErrorCode::cancel);
  if (error) co_return sent;
  if (exchange->sent == exchange->length && packet.wait_for_answer) {
    const std::error_code missing = co_await connection->wait_for_head(exchange, kAnswerTime);
    if (missing || !is_good(*exchange)) co_return sent;
    sent.headers = exchange->head->headers;
  }
  sent.code = SUCCESS_RETURN;
  co_return sent;
}

asio::awaitable<int> Session::query(Self self, std::string channel, std::string identify, http::Headers headers,
                                    void* user_data) {
  const auto connection = self->connection_of(channel);
  if (!connection || self->stopping_) co_return FAIL_RETURN;
  if (std::exchange(connection->find_channel(channel)->queried, true)) co_return FAIL_RETURN;
  ChannelRequest request;
  request.method = "GET";
  request.path = link::path(link::Step::send, identify);
  request.headers = link::query_fields(channel, kSdkVersion);
  append(request.headers, headers);
  request.channel = channel;
  request.user_data = user_data;
  const auto exchange = connection->start(request);
  std::error_code error = exchange ? std::error_code() : exchange.error();
  if (!error) {
    (*exchange)->is_query = true;
    error = co_await connection->wait_for_head(*exchange, kAnswerTime);
    if (error == Errc::timed_out) connection->give_up(**exchange, h2::ErrorCode::cancel);
  }
  if (!error && is_good(**exchange)) co_return SUCCESS_RETURN;
  // It may be asked again.
  if (Channel* const still = connection->find_channel(channel)) still->queried = false;
  co_return FAIL_RETURN;
}

asio::awaitable<Reply> Session::close(Self self, std::string channel, std::string identify, Milliseconds patience) {
  Reply reply;
  const auto connection = self->connection_of(channel);
  if (!connection || self->stopping_) co_return reply;
  connection->forget_channel(channel);
  ChannelRequest request;
  request.path = link::path(link::Step::close, identify);
  request.headers = link::channel_fields(channel, kSdkVersion);
  request.channel = channel;
  request.silent = true;
  const auto exchange = connection->start(request);
  if (!exchange) co_return reply;
  if (patience.count() == 0) {
    (*exchange)->nobody_waits = true;
    asio::co_spawn(self->executor_, await_closed(self, connection, *exchange, channel), asio::detached);
    reply.code = SUCCESS_RETURN;
    co_return reply;
  }
  const std::error_code error = co_await connection->wait_for_head(*exchange, patience);
  connection->drop_streams(channel);
  if (error || !is_good(**exchange)) co_return reply;
  reply.headers = (*exchange)->head->headers;
  reply.code = SUCCESS_RETURN;
  co_return reply;
}

asio::awaitable<void> Session::await_closed([[maybe_unused]] Self self, std::shared_ptr<Connection> connection,
                                            SharedExchange exchange, std::string channel) {
  static_cast<void>(co_await connection->wait_for_head(exchange, kAnswerTime));
  connection->drop_streams(channel);
}

asio::awaitable<void> Session::stop(Self self) {
  self->stopping_ = true;
  self->changed_.notify();
  const auto connection = std::exchange(self->connection_, nullptr);
  const auto draining = self->draining_;
  for (const auto& old : draining) co_await old->end(Milliseconds(0));
  if (connection) co_await connection->end(kEndTime);
}

}  // namespace camspan::linkkit
