#include "connection.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>
#include <vector>

#include "api/answer.hpp"
#include "core/log.hpp"
#include "frame_event.hpp"
#include "proto/link/request.hpp"

namespace camspan::linkkit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReceiveWindow = 1 << 20;
// Of the C SDK: 50 times 100 ms for a window, and as long for the socket.
constexpr Milliseconds kRoomTime{5000};
// One DATA frame of the C SDK; also the most that a chunk callback gets.
constexpr std::size_t kPieceBytes = 16384;
constexpr std::size_t kMaxProblemBytes = 1024;
constexpr int kResponseCategory = 1;  // NGHTTP2_HCAT_RESPONSE

const std::uint8_t* octets(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.c_str());
}
const std::uint8_t* octets(ByteView bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}
char* or_null(std::string& channel) {
  return channel.empty() ? nullptr : channel.data();
}

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, const Device& device, std::shared_ptr<Notifier> notifier,
                       std::function<void()> over)
    : executor_(executor),
      authority_(device.authority),
      tls_(device.tls),
      notifier_(std::move(notifier)),
      over_(std::move(over)),
      idle_(executor) {}

std::shared_ptr<Connection> Connection::create(std::unique_ptr<net::ByteStream> stream, const Device& device,
                                               std::shared_ptr<Notifier> notifier, std::function<void()> over,
                                               KeepAlive keep_alive) {
  const asio::any_io_executor executor = stream->executor();
  std::shared_ptr<Connection> made(new Connection(executor, device, std::move(notifier), std::move(over)));
  const std::weak_ptr<Connection> weak = made;
  net::H2ClientOptions options;
  options.window_bytes = kReceiveWindow;
  options.ping_interval = keep_alive.interval;
  options.ping_timeout = keep_alive.timeout;
  options.on_frame = [weak](h2::Direction direction, const h2::Frame& frame) {
    if (const auto self = weak.lock()) self->on_frame(direction, frame);
  };
  options.on_end = [weak, executor] {
    asio::post(executor, [weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->lost_ = true;
      self->over_();
    });
  };
  made->client_ = net::H2Client::create(std::move(stream), options);
  return made;
}

Result<SharedExchange> Connection::start(const ChannelRequest& request) {
  if (!usable()) return fail(Errc::connection_lost);
  const auto exchange = std::make_shared<Exchange>(executor_);
  exchange->channel = request.channel;
  exchange->listener->user_data = request.user_data;
  exchange->listener->forgotten = request.silent;
  exchange->length = request.length;
  exchange->request_over = request.length == 0;
  starting_ = exchange.get();
  starting_id_ = 0;
  auto stream = request.length == 0 ? client_->ask(request.method, authority_, request.path, request.headers, tls_)
                                    : client_->open(request.method, authority_, request.path, request.headers, tls_);
  starting_ = nullptr;
  if (!stream) return fail(stream.error());
  exchange->stream = std::move(*stream);
  if (request.length != 0) exchange->stream->set_length(request.length);
  exchanges_[exchange->id()] = exchange;
  asio::co_spawn(executor_, follow(shared_from_this(), exchange), asio::detached);
  return exchange;
}

asio::awaitable<void> Connection::follow([[maybe_unused]] std::shared_ptr<Connection> self, SharedExchange exchange) {
  co_await read_answer(exchange);
  exchange->response_over = true;
  exchange->answered.notify();
  exchange->room.notify();
  close_if_over(exchange);
}

asio::awaitable<void> Connection::read_answer(SharedExchange exchange) {
  auto head = co_await exchange->stream->read_head();
  if (!head) {
    exchange->failure = head.error();
    co_return;
  }
  exchange->head = std::move(*head);
  tell_head(*exchange);
  if (exchange->channel.empty()) exchange->channel = link::channel_id_of(exchange->head->headers).value_or("");
  exchange->answered.notify();
  exchange->room.notify();
  std::string problem;
  for (;;) {
    const auto piece = co_await exchange->stream->read_body();
    if (!piece) exchange->failure = piece.error();
    if (!piece || piece->empty()) break;
    if (exchange->is_refused() && problem.size() < kMaxProblemBytes) problem += as_text(*piece);
    co_await deliver(*exchange, *piece);
  }
  if (exchange->is_refused())
    log::warn("linkkit", authority_, " refuses a request with status ", exchange->head->status, ": ",
              detail_of(problem));
}

/// Header by header; the channel is named from its own field on.
void Connection::tell_head(const Exchange& exchange) {
  if (notifier_->callbacks().on_stream_header_cb == nullptr) return;
  std::vector<http::Header> fields{{":status", std::to_string(exchange.head->status), false}};
  for (const http::Header& field : exchange.head->headers) fields.push_back(field);
  const auto id = static_cast<std::uint32_t>(exchange.id());
  notifier_->post([id, fields = std::move(fields), channel = exchange.channel,
                   listener = exchange.listener](const http2_stream_cb_t& callbacks) {
    std::string name = channel;
    for (const http::Header& field : fields) {
      if (listener->forgotten) return;
      if (name.empty() && field.name == "x-data-stream-id") name = field.value;
      callbacks.on_stream_header_cb(id, or_null(name), kResponseCategory, octets(field.name),
                                    static_cast<std::uint32_t>(field.name.size()), octets(field.value),
                                    static_cast<std::uint32_t>(field.value.size()), field.sensitive ? 1 : 0,
                                    listener->user_data);
    }
  });
}

/// Returns when the callback has had the bytes: a slow one holds up its own stream, by its window.
asio::awaitable<void> Connection::deliver(Exchange& exchange, ByteView bytes) {
  if (exchange.listener->forgotten || notifier_->callbacks().on_stream_chunk_recv_cb == nullptr) co_return;
  const auto taken = std::make_shared<net::WakeUp>(executor_);
  const auto id = static_cast<std::uint32_t>(exchange.id());
  auto task = [id, taken, executor = executor_, data = Bytes(bytes.begin(), bytes.end()), channel = exchange.channel,
               listener = exchange.listener](const http2_stream_cb_t& callbacks) {
    std::string name = channel;
    for (ByteView rest = data; !rest.empty() && !listener->forgotten;) {
      const ByteView piece = rest.first(std::min(rest.size(), kPieceBytes));
      rest = rest.subspan(piece.size());
      callbacks.on_stream_chunk_recv_cb(id, or_null(name), octets(piece), static_cast<std::uint32_t>(piece.size()), 0,
                                        listener->user_data);
    }
    asio::post(executor, [taken] { taken->notify(); });
  };
  if (notifier_->post(std::move(task))) co_await taken->wait();
}

void Connection::close_if_over(const SharedExchange& exchange) {
  if (!exchange->response_over || (!exchange->request_over && !exchange->failure)) return;
  const int id = exchange->id();
  if (exchanges_.erase(id) == 0) return;
  // RST_STREAM after a whole answer ends the exchange as well as END_STREAM does.
  const net::H2Ending ending = exchange->stream->ending();
  const bool by_line = ending.by != net::H2Ending::By::reset && exchange->failure;
  const auto code = exchange->failure ? static_cast<std::uint32_t>(ending.code) : 0;
  if (!by_line && notifier_->callbacks().on_stream_close_cb != nullptr)
    notifier_->post(
        [id, code, channel = exchange->channel, listener = exchange->listener](const http2_stream_cb_t& callbacks) {
          std::string name = channel;
          if (!listener->forgotten)
            callbacks.on_stream_close_cb(static_cast<std::uint32_t>(id), or_null(name), code, listener->user_data);
        });
  if (exchanges_.empty()) idle_.notify();
}

asio::awaitable<std::error_code> Connection::wait_for_head(SharedExchange exchange, Milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (!exchange->head && !exchange->failure) {
    const bool woken = co_await exchange->answered.wait_until(deadline);
    if (!woken && Clock::now() >= deadline) co_return make_error_code(Errc::timed_out);
  }
  co_return exchange->head ? std::error_code() : exchange->failure;
}

asio::awaitable<std::error_code> Connection::wait_for_room(Exchange& exchange, std::size_t bytes) {
  const auto deadline = Clock::now() + kRoomTime;
  while (exchange.stream->send_window() < bytes) {
    if (exchange.failure) co_return exchange.failure;
    if (exchange.is_refused()) co_return make_error_code(Errc::refused);
    const bool woken = co_await exchange.room.wait_until(deadline);
    if (!woken && Clock::now() >= deadline) co_return make_error_code(Errc::busy);
  }
  co_return std::error_code();
}

asio::awaitable<std::error_code> Connection::write_piece(Exchange& exchange, ByteView piece) {
  using namespace asio::experimental::awaitable_operators;
  net::WakeUp clock(executor_);
  const ByteView pieces[] = {piece};
  const auto first = co_await (exchange.stream->write(pieces) || clock.wait_until(Clock::now() + kRoomTime));
  if (first.index() != 0) co_return make_error_code(Errc::timed_out);
  const auto& written = std::get<0>(first);
  co_return written ? std::error_code() : written.error();
}

asio::awaitable<std::error_code> Connection::write(SharedExchange exchange, ByteView bytes) {
  std::error_code error = exchange->failure;
  if (exchange->is_refused()) error = Errc::refused;
  exchange->writing = true;
  bool any = false;
  while (!bytes.empty() && !error) {
    const ByteView piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    error = co_await wait_for_room(*exchange, piece.size());
    if (error == Errc::busy && any) error = Errc::timed_out;
    if (!error) error = co_await write_piece(*exchange, piece);
    if (error) break;
    any = true;
    exchange->sent += piece.size();
    bytes = bytes.subspan(piece.size());
  }
  exchange->writing = false;
  if (error && error != Errc::busy) give_up(*exchange, h2::ErrorCode::cancel);
  if (exchange->sent == exchange->length) exchange->request_over = true;
  close_if_over(exchange);
  co_return error;
}

void Connection::give_up(Exchange& exchange, h2::ErrorCode code) {
  if (!exchange.failure) exchange.failure = Errc::cancelled;
  exchange.stream->reset(static_cast<std::uint32_t>(code));
  exchange.answered.notify();
  exchange.room.notify();
}

SharedExchange Connection::find_exchange(int id) const {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : found->second;
}

Channel* Connection::find_channel(const std::string& id) {
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : &found->second;
}

void Connection::add_channel(Channel channel) {
  std::string id = channel.id;
  channels_.insert_or_assign(std::move(id), std::move(channel));
}

void Connection::forget_channel(const std::string& id) {
  channels_.erase(id);
  for (const auto& [number, exchange] : exchanges_) {
    if (exchange->channel != id) continue;
    exchange->listener->forgotten = true;
    if (!exchange->request_over) give_up(*exchange, h2::ErrorCode::no_error);
  }
  reap();
}

void Connection::drop_streams(const std::string& id) {
  for (const auto& [number, exchange] : exchanges_)
    if (exchange->channel == id && !exchange->response_over) give_up(*exchange, h2::ErrorCode::cancel);
  reap();
}

/// Uploads that were given up after they were answered: nothing else would end them.
void Connection::reap() {
  std::vector<SharedExchange> over;
  for (const auto& [number, exchange] : exchanges_)
    if (exchange->response_over && exchange->failure) over.push_back(exchange);
  for (const SharedExchange& exchange : over) close_if_over(exchange);
}

void Connection::on_frame(h2::Direction direction, const h2::Frame& frame) {
  if (direction == h2::Direction::received && std::holds_alternative<h2::GoAwayFrame>(frame) && !go_away_) {
    go_away_ = true;
    asio::post(executor_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->over_();
    });
  }
  wake_writers();
  tell_frame(direction, frame);
}

/// Windows, and streams that begin, may have made room.
void Connection::wake_writers() {
  for (const auto& [id, exchange] : exchanges_)
    if (exchange->writing) exchange->room.notify();
}

void Connection::tell_frame(h2::Direction direction, const h2::Frame& frame) {
  const http2_stream_cb_t& callbacks = notifier_->callbacks();
  const bool sent = direction == h2::Direction::sent;
  const auto callback = sent ? callbacks.on_stream_frame_send_cb : callbacks.on_stream_frame_recv_cb;
  if (callback == nullptr) return;
  const FrameEvent event = frame_event(frame);
  // The HEADERS of a request leave while it is being started.
  if (starting_ && sent && starting_id_ == 0 && std::holds_alternative<h2::HeadersFrame>(frame) &&
      !exchanges_.contains(event.stream))
    starting_id_ = event.stream;
  const SharedExchange found = find_exchange(event.stream);
  const Exchange* const exchange = found ? found.get() : starting_id_ == event.stream ? starting_ : nullptr;
  const auto listener = exchange ? exchange->listener : nullptr;
  notifier_->post([callback, event, listener, channel = exchange ? exchange->channel : ""](const http2_stream_cb_t&) {
    std::string name = channel;
    const bool known = listener && !listener->forgotten;
    callback(static_cast<std::uint32_t>(event.stream), known ? or_null(name) : nullptr, event.type, event.flags,
             known ? listener->user_data : nullptr);
  });
}

asio::awaitable<void> Connection::end(Milliseconds patience) {
  for (const auto& [id, exchange] : exchanges_) {
    if (!exchange->request_over || !exchange->nobody_waits) give_up(*exchange, h2::ErrorCode::cancel);
  }
  co_await client_->close(patience);
}

asio::awaitable<void> Connection::drain(Milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (!exchanges_.empty() && !lost_ && Clock::now() < deadline) co_await idle_.wait_until(deadline);
  co_await end(Milliseconds(1000));
}

}  // namespace camspan::linkkit
