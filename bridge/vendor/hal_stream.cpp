#include "hal_stream.hpp"

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "iot_import.h"

namespace camspan::linkkit {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Of the C SDK: how long a read looks for something, and a write may take.
constexpr int kReadMs = 10;
constexpr int kWriteMs = 5000;
// For what is there behind the first byte. 0 means for ever to some platforms.
constexpr int kRestMs = 1;
constexpr std::size_t kReadBytes = 16384;
// What waits to be read; then the thread reads no more.
constexpr std::size_t kMaxIncoming = 1 << 20;

/// The program's functions under one roof; TLS and TCP differ in their types and in what says failure.
struct Calls {
  bool tls;

  bool establish(const std::string& host, std::uint16_t port, std::uintptr_t& handle) const {
    handle = tls ? HAL_SSL_Establish(host.c_str(), port, nullptr, 0) : HAL_TCP_Establish(host.c_str(), port);
    return tls ? handle != 0 : handle != static_cast<std::uintptr_t>(-1);
  }
  int read(std::uintptr_t handle, char* data, int size, int timeout_ms) const {
    return tls ? HAL_SSL_Read(handle, data, size, timeout_ms)
               : HAL_TCP_Read(handle, data, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(timeout_ms));
  }
  int write(std::uintptr_t handle, const char* data, int size, int timeout_ms) const {
    return tls ? HAL_SSL_Write(handle, data, size, timeout_ms)
               : HAL_TCP_Write(handle, data, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(timeout_ms));
  }
  void destroy(std::uintptr_t handle) const {
    static_cast<void>(tls ? HAL_SSL_Destroy(handle) : HAL_TCP_Destroy(handle));
  }
};

}  // namespace

/// What the stream's coroutines wait for; of the I/O thread.
struct HalStream::Signals {
  explicit Signals(const asio::any_io_executor& on)
      : executor(on), established(on), readable(on), written(on), ended(on) {}

  const asio::any_io_executor executor;
  net::WakeUp established;
  net::WakeUp readable;
  net::WakeUp written;
  net::WakeUp ended;
};

struct HalStream::State {
  explicit State(bool tls) : calls{tls} {}

  const Calls calls;

  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  Bytes outgoing;
  Bytes incoming;
  std::shared_ptr<Signals> signals;  // as long as the stream, and the I/O thread, are there
  bool stop = false;
  bool failed = false;
  bool over = false;  // the thread has let go of the connection
  bool connected = false;

  static void run(std::shared_ptr<State> state, std::string host, std::uint16_t port);
  void serve(std::uintptr_t handle);
  bool send(std::uintptr_t handle, Bytes bytes);
  void receive(std::uintptr_t handle);
  void fail();
  void notify(net::WakeUp Signals::*what);
};

/// With the mutex held.
void HalStream::State::notify(net::WakeUp Signals::*what) {
  if (signals) asio::post(signals->executor, [held = signals, what] { ((*held).*what).notify(); });
}

void HalStream::State::run(std::shared_ptr<State> state, std::string host, std::uint16_t port) {
  // The program's signals are for the program's threads.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::uintptr_t handle = 0;
  const bool connected = state->calls.establish(host, port, handle);
  {
    const std::lock_guard lock(state->mutex);
    state->connected = connected;
    state->over = !connected;
    state->notify(&Signals::established);
  }
  if (connected) {
    state->serve(handle);
    state->calls.destroy(handle);
  }
  const std::lock_guard lock(state->mutex);
  state->over = true;
  state->notify(&Signals::readable);
  state->notify(&Signals::written);
  state->notify(&Signals::ended);
}

void HalStream::State::serve(std::uintptr_t handle) {
  for (;;) {
    Bytes bytes;
    bool full = false;
    {
      std::unique_lock lock(mutex);
      if (failed || (stop && outgoing.empty())) return;
      full = incoming.size() >= kMaxIncoming;
      if (full && outgoing.empty()) changed.wait_for(lock, milliseconds(kReadMs));
      std::swap(bytes, outgoing);
    }
    if (!bytes.empty()) {
      if (!send(handle, std::move(bytes))) return fail();
    } else if (!full) {
      receive(handle);
    }
  }
}

bool HalStream::State::send(std::uintptr_t handle, Bytes bytes) {
  const auto end = Clock::now() + milliseconds(kWriteMs);
  const char* data = reinterpret_cast<const char*>(bytes.data());
  std::size_t left = bytes.size();
  while (left > 0) {
    const int size = static_cast<int>(std::min<std::size_t>(left, 1 << 30));
    const int count = calls.write(handle, data, size, kWriteMs);
    if (count < 0 || count > size || (count == 0 && Clock::now() >= end)) return false;
    data += count;
    left -= static_cast<std::size_t>(count);
  }
  const std::lock_guard lock(mutex);
  if (outgoing.empty()) notify(&Signals::written);
  return true;
}

void HalStream::State::receive(std::uintptr_t handle) {
  std::array<char, kReadBytes> buffer;
  const auto begun = Clock::now();
  // A read returns early only when it has all it was asked for.
  int count = calls.read(handle, buffer.data(), 1, kReadMs);
  if (count == 1) {
    const int rest = calls.read(handle, buffer.data() + 1, static_cast<int>(kReadBytes) - 1, kRestMs);
    if (rest > 0 && rest < static_cast<int>(kReadBytes)) count += rest;
    // An error comes again at the next call, behind what was read.
  }
  if (count < 0) return fail();
  std::unique_lock lock(mutex);
  if (count > 0) {
    const ByteView bytes = std::as_bytes(std::span(buffer)).first(static_cast<std::size_t>(count));
    incoming.insert(incoming.end(), bytes.begin(), bytes.end());
    notify(&Signals::readable);
  } else if (Clock::now() - begun < milliseconds(1) && outgoing.empty() && !stop) {
    changed.wait_for(lock, milliseconds(kReadMs));  // this platform's read does not wait
  }
}

void HalStream::State::fail() {
  const std::lock_guard lock(mutex);
  failed = true;
}

asio::awaitable<tl::expected<std::unique_ptr<net::ByteStream>, Failure>> HalStream::establish(std::string host,
                                                                                              std::uint16_t port,
                                                                                              bool tls) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto state = std::make_shared<State>(tls);
  const auto signals = std::make_shared<Signals>(executor);
  state->signals = signals;
  Info info;
  info.peer = host + ":" + std::to_string(port);
  info.tls = tls;
  // Made before the thread: it detaches the thread from the executor when this coroutine is destroyed.
  std::unique_ptr<net::ByteStream> stream(new HalStream(signals, state, info));
  std::thread(State::run, state, host, port).detach();
  co_await signals->established.wait();
  bool connected = false;
  {
    const std::lock_guard lock(state->mutex);
    connected = state->connected;
  }
  if (connected) co_return stream;
  Failure failure;
  failure.code = Errc::unreachable;
  failure.sentence = info.peer + ": the program's " + (tls ? "HAL_SSL_Establish" : "HAL_TCP_Establish") + " failed.";
  co_return tl::unexpected<Failure>(std::move(failure));
}

HalStream::HalStream(std::shared_ptr<Signals> signals, std::shared_ptr<State> state, Info info)
    : signals_(std::move(signals)), state_(std::move(state)), info_(std::move(info)) {}

asio::any_io_executor HalStream::executor() {
  return signals_->executor;
}

HalStream::~HalStream() {
  abort();
  const std::lock_guard lock(state_->mutex);
  state_->signals.reset();
}

asio::awaitable<Result<std::size_t>> HalStream::read_some(std::span<std::byte> into) {
  const auto state = state_;
  const auto signals = signals_;
  for (;;) {
    {
      const std::lock_guard lock(state->mutex);
      if (!state->incoming.empty()) {
        const std::size_t size = std::min(into.size(), state->incoming.size());
        const auto end = state->incoming.begin() + static_cast<std::ptrdiff_t>(size);
        std::copy(state->incoming.begin(), end, into.begin());
        state->incoming.erase(state->incoming.begin(), end);
        state->changed.notify_one();
        co_return size;
      }
      if (state->failed) co_return fail(Errc::connection_lost);
      if (state->stop || state->over) co_return fail(Errc::cancelled);
    }
    co_await signals->readable.wait();
  }
}

asio::awaitable<Result<>> HalStream::write(ByteView bytes) {
  const auto state = state_;
  const auto signals = signals_;
  {
    const std::lock_guard lock(state->mutex);
    state->outgoing.insert(state->outgoing.end(), bytes.begin(), bytes.end());
    state->changed.notify_one();
  }
  co_await signals->written.wait();
  const std::lock_guard lock(state->mutex);
  if (state->failed || state->over || state->stop) co_return fail(Errc::connection_lost);
  co_return Result<>{};
}

asio::awaitable<Result<>> HalStream::write_gather(std::span<const ByteView> pieces) {
  Bytes joined;
  for (const ByteView piece : pieces) joined.insert(joined.end(), piece.begin(), piece.end());
  const auto written = co_await write(joined);
  co_return written;
}

/// HAL_SSL_Destroy says close_notify; it has been called when this returns, unless the deadline passed.
asio::awaitable<void> HalStream::shutdown(int deadline_ms) {
  const auto state = state_;
  const auto signals = signals_;
  {
    const std::lock_guard lock(state->mutex);
    state->stop = true;
    state->notify(&Signals::readable);
    state->changed.notify_one();
    if (state->over) co_return;
  }
  co_await signals->ended.wait_until(Clock::now() + milliseconds(deadline_ms));
}

void HalStream::abort() {
  const std::lock_guard lock(state_->mutex);
  state_->stop = true;
  state_->outgoing.clear();
  state_->changed.notify_one();
  state_->notify(&Signals::readable);
  state_->notify(&Signals::written);
}

}  // namespace camspan::linkkit
