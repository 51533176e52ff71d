#include "low_line.hpp"

#include <openssl/ssl.h>
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>

#include "frame_event.hpp"
#include "keep_alive.hpp"
#include "transport.hpp"

namespace camspan::linkkit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRoomTime{5000};
constexpr std::chrono::milliseconds kEndTime{2000};
// While so much waits for the program, nothing more is read.
constexpr std::size_t kMaxWaiting = 1 << 20;
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr int kResponseCategory = 1;  // NGHTTP2_HCAT_RESPONSE

}  // namespace

void Arrivals::add(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  callbacks_.push_back(std::move(callback));
  changed_.notify_all();
}

void Arrivals::add(ByteView bytes) {
  const std::lock_guard lock(mutex_);
  const std::string_view text = as_text(bytes);
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  changed_.notify_all();
}

void Arrivals::end() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

std::size_t Arrivals::size() const {
  const std::lock_guard lock(mutex_);
  return bytes_.size();
}

bool Arrivals::run() {
  for (;;) {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      if (callbacks_.empty()) return !over_;
      callback = std::move(callbacks_.front());
      callbacks_.pop_front();
    }
    callback();
  }
}

int Arrivals::take(std::span<char> into, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const bool goes_on = run();
    std::unique_lock lock(mutex_);
    if (!bytes_.empty()) {
      const std::size_t size = std::min(into.size(), bytes_.size());
      const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(size);
      std::copy(bytes_.begin(), end, into.begin());
      bytes_.erase(bytes_.begin(), end);
      return static_cast<int>(size);
    }
    if (!goes_on && callbacks_.empty()) return -1;
    if (Clock::now() >= deadline) return 0;
    changed_.wait_until(lock, deadline, [this] { return over_ || !bytes_.empty() || !callbacks_.empty(); });
  }
}

LowLine::LowLine(Device device, ssl_ctx_st* tls, http2_connection_t& face, std::shared_ptr<Arrivals> arrivals)
    : device_(std::move(device)), tls_(tls), face_(face), arrivals_(std::move(arrivals)) {}

LowLine::~LowLine() {
  SSL_CTX_free(tls_);
}

asio::awaitable<std::string> LowLine::connect(Self self) {
  auto stream = co_await dial(self->device_, self->tls_);
  if (!stream) co_return stream.error().sentence;
  net::H2ClientOptions options;
  options.ping_interval = KeepAlive().interval;
  options.ping_timeout = KeepAlive().timeout;
  const std::weak_ptr<LowLine> weak = self;
  options.on_frame = [weak](h2::Direction direction, const h2::Frame& frame) {
    if (const auto line = weak.lock()) line->on_frame(direction, frame);
  };
  options.on_end = [arrivals = self->arrivals_] { arrivals->end(); };
  self->client_ = net::H2Client::create(std::move(*stream), options);
  co_return "";
}

void LowLine::on_frame(h2::Direction direction, const h2::Frame& frame) {
  const bool sent = direction == h2::Direction::sent;
  if (const auto* const update = std::get_if<h2::WindowUpdateFrame>(&frame); update && !sent)
    if (update->stream.is_connection()) window_ += update->increment;
  if (const auto* const data = std::get_if<h2::DataFrame>(&frame); data && sent)
    window_ -= static_cast<std::int64_t>(data->length);
  if (face_.cbs == nullptr) return;
  const auto callback = sent ? face_.cbs->on_user_frame_send_cb : face_.cbs->on_user_frame_recv_cb;
  const FrameEvent event = frame_event(frame);
  if (callback != nullptr) arrivals_->add([callback, event] { callback(event.stream, event.type, event.flags); });
}

void LowLine::tell_head(int id, const net::ResponseHead& head) {
  const http2_user_cb_t* const callbacks = face_.cbs;
  arrivals_->add([id, head, callbacks, face = &face_] {
    face->status = head.status;
    face->flag = HTTP2_FLAG_NONE;
    if (callbacks == nullptr || callbacks->on_user_header_cb == nullptr) return;
    http::Headers fields{{":status", std::to_string(head.status)}};
    for (const http::Header& field : head.headers) fields.append(field.name, field.value);
    for (const http::Header& field : fields)
      callbacks->on_user_header_cb(id, kResponseCategory, reinterpret_cast<const std::uint8_t*>(field.name.c_str()),
                                   static_cast<std::uint32_t>(field.name.size()),
                                   reinterpret_cast<const std::uint8_t*>(field.value.c_str()),
                                   static_cast<std::uint32_t>(field.value.size()), 0);
  });
}

asio::awaitable<void> LowLine::follow(Self self, Stream stream) {
  const int id = stream->id().value();
  const http2_user_cb_t* const callbacks = self->face_.cbs;
  const bool by_callback = callbacks != nullptr && callbacks->on_user_chunk_recv_cb != nullptr;
  const auto head = co_await stream->read_head();
  if (head) self->tell_head(id, *head);
  net::WakeUp clock(co_await asio::this_coro::executor);
  bool good = head.has_value();
  while (good) {
    const auto piece = co_await stream->read_body();
    good = piece.has_value();
    if (!good || piece->empty()) break;
    self->arrivals_->add(*piece);
    if (by_callback)
      self->arrivals_->add([id, callbacks, bytes = Bytes(piece->begin(), piece->end())] {
        callbacks->on_user_chunk_recv_cb(id, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                         static_cast<std::uint32_t>(bytes.size()), 0);
      });
    while (self->arrivals_->size() > kMaxWaiting && self->usable())
      co_await clock.wait_until(Clock::now() + kLookAgain);
  }
  const auto code = good ? 0 : static_cast<std::uint32_t>(stream->ending().code);
  self->arrivals_->add([id, code, callbacks, face = &self->face_] {
    face->flag = HTTP2_FLAG_END_STREAM;
    if (callbacks != nullptr && callbacks->on_user_stream_close_cb != nullptr)
      callbacks->on_user_stream_close_cb(id, code);
  });
  self->streams_.erase(id);
}

asio::awaitable<int> LowLine::request(Self self, LowRequest request, ByteView body, bool end) {
  if (!self->usable()) co_return -1;
  const bool whole = end && body.empty();
  auto made = whole
                  ? self->client_->ask(request.method, request.authority, request.path, request.headers, request.tls)
                  : self->client_->open(request.method, request.authority, request.path, request.headers, request.tls);
  if (!made) co_return -1;
  const Stream stream = std::move(*made);
  const int id = stream->id().value();
  self->streams_[id] = stream;
  asio::co_spawn(co_await asio::this_coro::executor, follow(self, stream), asio::detached);
  if (whole) co_return id;
  const int written = co_await write(self, id, body, end);
  co_return written == 0 ? id : -1;
}

asio::awaitable<int> LowLine::write(Self self, int stream, ByteView bytes, bool end) {
  using namespace asio::experimental::awaitable_operators;
  const auto found = self->streams_.find(stream);
  if (found == self->streams_.end()) co_return -1;
  const Stream held = found->second;
  const ByteView pieces[] = {bytes};
  net::WakeUp clock(co_await asio::this_coro::executor);
  const auto first = co_await (held->write(pieces) || clock.wait_until(Clock::now() + kRoomTime));
  if (first.index() != 0 || !std::get<0>(first)) {
    held->reset(static_cast<std::uint32_t>(h2::ErrorCode::cancel));
    co_return -1;
  }
  if (!end) co_return 0;
  const auto finished = co_await held->finish();
  co_return finished ? 0 : -1;
}

asio::awaitable<void> LowLine::close(Self self) {
  for (const auto& [id, stream] : self->streams_) stream->reset(static_cast<std::uint32_t>(h2::ErrorCode::cancel));
  if (self->client_) co_await self->client_->close(kEndTime);
}

}  // namespace camspan::linkkit
