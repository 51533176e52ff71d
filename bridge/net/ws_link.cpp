#include "net/ws_link.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <utility>

#include "net/pieces.hpp"
#include "net/watchdog.hpp"
#include "net/ws_session.hpp"

namespace camspan::net {
namespace {

using Clock = std::chrono::steady_clock;

// Four TLS records: one system call then often takes what a peer that publishes has sent.
constexpr std::size_t kReadBytes = 64 << 10;
// Pongs that a peer makes us queue while it does not read.
constexpr std::size_t kMaxControlBytes = 16 << 10;
constexpr std::chrono::milliseconds kCloseWait{2000};  // ws_link.hpp
constexpr unsigned kMaxUnanswered = 2;                 // ws_link.hpp

/// What is read is taken apart at once, so all of a thread read into the same memory.
std::span<std::byte> read_buffer() {
  thread_local Bytes buffer(kReadBytes);
  return buffer;
}

/// For handlers that wait most of the time: Asio would put them into any block that it has at hand, however large.
template <class T>
struct OwnMemory {
  using value_type = T;
  OwnMemory() = default;
  template <class U>
  OwnMemory(const OwnMemory<U>&) {}  // NOLINT(google-explicit-constructor): what an allocator must convert from
  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) { std::allocator<T>().deallocate(memory, count); }
  bool operator==(const OwnMemory&) const = default;
};

}  // namespace

struct WsSession::Silence {
  using allocator_type = OwnMemory<void*>;
  allocator_type get_allocator() const noexcept { return {}; }

  void operator()(const std::error_code& error) const {
    const auto self = session.lock();
    if (!error && self != nullptr && !self->settled_) self->on_silence();
  }

  std::weak_ptr<WsSession> session;
};

WsSession::WsSession(ws::Role role, ByteStream& stream, Bytes already_read, std::size_t max_message_bytes,
                     std::chrono::milliseconds ping)
    : stream_(stream),
      frames_(role, {max_message_bytes}),
      already_read_(std::move(already_read)),
      ping_(ping),
      max_unanswered_(kMaxUnanswered),
      silence_(stream.executor()),
      last_input_(Clock::now()) {}

void WsSession::start() {
  watch_silence();
}

void WsSession::set_ping(std::chrono::milliseconds ping, unsigned unanswered) {
  ping_ = ping;
  max_unanswered_ = unanswered;
  watch_silence();  // whose time may be sooner now
}

void WsSession::watch_silence() {
  const auto quiet_at = last_input_ + ping_ * (unanswered_ + 1);
  // A link that nobody reads cannot see pongs; its peer is not judged then.
  silence_.expires_at(reading_ ? std::max(quiet_at, Clock::now()) : Clock::now() + ping_);
  silence_.async_wait(Silence{weak_from_this()});
}

void WsSession::on_silence() {
  if (reading_ && Clock::now() >= last_input_ + ping_ * (unanswered_ + 1)) {
    if (unanswered_ >= max_unanswered_) {
      timed_out_ = true;
      stream_.abort();
      return;
    }
    ++unanswered_;
    asio::co_spawn(stream_.executor(), send_ping(shared_from_this()), asio::detached);
  }
  watch_silence();
}

asio::awaitable<void> WsSession::send_ping(std::shared_ptr<WsSession> self) {
  if (self->settled_ || !self->frames_.send(ws::Opcode::ping, {})) co_return;
  co_await self->flush();
}

/// Writes control frames, unless a message is being written, which then takes them along.
asio::awaitable<Result<>> WsSession::flush() {
  frames_.pending_output(control_);
  if (writing_) {
    if (control_.size() > kMaxControlBytes) stream_.abort();
    co_return Result<>{};
  }
  Result<> written;
  writing_ = true;
  while (written && !control_.empty()) {
    const Bytes frames = std::exchange(control_, {});
    written = co_await stream_.write(frames);
    frames_.pending_output(control_);
  }
  writing_ = false;
  if (write_done_ != nullptr) write_done_->notify();
  co_return written;
}

asio::awaitable<void> WsSession::write_done() {
  if (write_done_ == nullptr) write_done_ = std::make_unique<WakeUp>(stream_.executor());
  co_await write_done_->wait();
}

std::size_t WsSession::try_write(std::span<const ByteView> encoded) {
  if (writing_ || settled_ || frames_.closing() || !control_.empty()) return 0;
  const auto taken = stream_.try_write(encoded);
  if (!taken || *taken == 0) return 0;
  within_ = writing_ = *taken < total_bytes(encoded);
  if (!within_ && !stream_.drained()) {
    writing_ = true;
    asio::co_spawn(stream_.executor(), drain(shared_from_this()), asio::detached);
  }
  return *taken;
}

/// Waits until the socket has what try_write() gave the stream.
asio::awaitable<void> WsSession::drain(std::shared_ptr<WsSession> self) {
  const std::span<const ByteView> nothing;
  static_cast<void>(co_await self->write_now(nothing));  // who reads or writes next sees what is wrong
}

asio::awaitable<Result<>> WsSession::write(std::span<const ByteView> encoded) {
  if (std::exchange(within_, false)) co_return co_await write_now(encoded);
  while (writing_) co_await write_done();
  if (frames_.closing() || settled_) co_return fail(Errc::closed);
  co_return co_await write_now(encoded);
}

asio::awaitable<Result<>> WsSession::write_now(std::span<const ByteView> encoded) {
  writing_ = true;
  const auto written = co_await stream_.write_gather(encoded);
  writing_ = false;
  if (!written) {
    if (write_done_ != nullptr) write_done_->notify();
    co_return fail(reason(written.error()));
  }
  if (const auto flushed = co_await flush(); !flushed) co_return fail(reason(flushed.error()));
  co_return Result<>{};
}

asio::awaitable<Result<>> WsSession::send(std::string text) {
  while (writing_) co_await write_done();
  if (frames_.closing() || settled_) co_return fail(Errc::closed);
  const auto queued = frames_.send(ws::Opcode::text, as_bytes(text));
  if (!queued) co_return queued;
  const auto flushed = co_await flush();
  if (!flushed) co_return fail(reason(flushed.error()));
  co_return Result<>{};
}

std::optional<Result<WsLink::Message>> WsSession::take_event() {
  while (auto event = frames_.poll()) {
    if (auto* message = std::get_if<ws::FrameSession::Message>(&*event))
      return WsLink::Message{message->text, std::move(message->data)};
    if (std::holds_alternative<ws::FrameSession::Closed>(*event)) {
      peer_closed_ = true;
      if (closed_ != nullptr) closed_->notify();
    }
  }
  if (peer_closed_) return fail(Errc::closed);
  if (failed_) return fail(failed_);
  return std::nullopt;
}

/// Takes what was read apart; flush() is to follow, for what needs an answer.
Result<> WsSession::took(const Result<std::size_t>& count) {
  reading_ = false;
  if (count.value_or(0) == 0 && closed_ != nullptr) closed_->notify();  // close() need not wait for a frame any more
  if (!count) return fail(reason(count.error()));
  if (*count == 0) return fail(Errc::connection_lost);
  feed(read_buffer().first(*count));
  return {};
}

void WsSession::feed(ByteView bytes) {
  last_input_ = Clock::now();
  unanswered_ = 0;
  const auto fed = frames_.feed(bytes);
  if (!fed) failed_ = fed.error();
}

/// No coroutine: its frame would last as long as the wait for a message.
asio::awaitable<Result<WsLink::Message>> WsSession::read() {
  return next_message(closing_);
}

/// Small: its frame is there as long as the link waits for a message.
asio::awaitable<Result<WsLink::Message>> WsSession::next_message(bool closed) {
  Result<> received = closed ? fail(Errc::closed) : Result<>{};
  std::optional<Result<WsLink::Message>> event;
  for (;;) {
    // What came before the end still counts.
    if (!closed) event = take_event();
    if (!event && !received) event.emplace(fail(received.error()));
    if (event) co_return std::move(*event);
    if (already_read_.empty()) {
      reading_ = true;
      const auto count = co_await stream_.read_some(read_buffer());
      received = took(count);
    } else {
      feed(std::exchange(already_read_, {}));
    }
    if (received) received = co_await flush();
  }
}

asio::awaitable<void> WsSession::close(std::uint16_t code, std::string reason) {
  if (!frames_.closing()) frames_.close(code, reason);
  Watchdog watchdog(stream_.executor(), stream_);
  watchdog.arm(kCloseWait);
  co_await flush();
  if (reading_ && !peer_closed_) {
    closed_ = std::make_unique<WakeUp>(stream_.executor());
    co_await closed_->wait_until(Clock::now() + kCloseWait);
    co_return;
  }
  closing_ = true;
  for (;;) {
    const auto message = co_await next_message(false);
    if (!message) co_return;
  }
}

asio::awaitable<void> WsSession::settle() {
  settled_ = true;
  silence_.cancel();
  if (writing_) stream_.abort();
  if (std::exchange(within_, false)) writing_ = false;
  while (writing_) co_await write_done();
}

namespace {

class Link final : public WsLink {
 public:
  explicit Link(std::shared_ptr<WsSession> session) : session_(std::move(session)) {}

  asio::awaitable<Result<Message>> read() override { return session_->read(); }
  asio::awaitable<Result<>> write(std::span<const ByteView> encoded) override { return session_->write(encoded); }
  std::size_t try_write(std::span<const ByteView> encoded) override { return session_->try_write(encoded); }
  asio::awaitable<void> close(std::uint16_t code, std::string reason) override {
    return session_->close(code, std::move(reason));
  }
  void abort() override { session_->abort(); }
  void go_on(std::function<asio::awaitable<void>()> work) override { session_->go_on(std::move(work)); }

 private:
  std::shared_ptr<WsSession> session_;
};

}  // namespace

std::unique_ptr<WsLink> WsSession::make_link(std::shared_ptr<WsSession> session) {
  return std::make_unique<Link>(std::move(session));
}

}  // namespace camspan::net
