#include "net/h2_driver.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "core/log.hpp"

namespace camspan::net {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 << 10;
/// RFC 8446 section 5.1: the most a TLS record carries.
constexpr std::size_t kRecordBytes = 16384;
/// One write: at most 16 full records (best throughput measured), at least one.
constexpr std::size_t kMaxGatherBytes = 262144;
constexpr std::size_t kMinGatherBytes = kRecordBytes;
/// A write that takes longer than the first halves the next one; one faster than the second, and full, doubles it.
constexpr milliseconds kSlowWrite{100};
constexpr milliseconds kFastWrite{20};
/// A peer that takes nothing for so long is gone, or means harm: while it does not read we stop reading, and then no
/// PING tells. Seen up to one PING interval late.
constexpr std::chrono::seconds kStuckWrite{60};
/// For the last frames of a connection that broke a rule, and for the peer to close after us.
constexpr milliseconds kFarewell{1000};

/// What is read goes to the connection at once, so all of a thread read into the same memory, which stays in its cache.
std::span<std::byte> read_buffer() {
  thread_local Bytes buffer(kReadBytes);
  return buffer;
}

}  // namespace

H2Driver::H2Driver(std::unique_ptr<ByteStream> stream, h2::Connection& connection, Owner& owner)
    : stream_(std::move(stream)),
      connection_(connection),
      owner_(owner),
      readable_(stream_->executor()),
      writable_(stream_->executor()),
      clock_(stream_->executor()),
      loop_ended_(stream_->executor()),
      gather_bytes_(kMaxGatherBytes / 4) {}

asio::awaitable<void> H2Driver::run(std::shared_ptr<void> keep, Bytes already_read) {
  struct Guard {
    H2Driver& driver;
    ~Guard() { driver.end(Errc::cancelled); }  // for a loop that is destroyed with it; harmless otherwise
  } guard{*this};
  // Whoever wants it to end calls end().
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!already_read.empty()) take(already_read);
  flush();
  loops_ = 2;
  asio::co_spawn(executor(), read(keep), asio::detached);
  asio::co_spawn(executor(), watch_clock(keep), asio::detached);
  try {
    co_await write_until_end();
    if (!ended_ && !connection_.timed_out()) co_await close();
  } catch (const std::system_error& error) {
    end(error.code());
  }
  end(reason_of_connection());
  while (loops_ != 0) co_await loop_ended_.wait();
}

void H2Driver::flush() {
  if (ended_) return;
  if (filling_.size() < gather_bytes_) connection_.pending_output(filling_, gather_bytes_, Clock::now());
  if (!filling_.empty() || connection_.done()) writable_.notify();
  const auto next = connection_.next_timeout();
  if ((next && *next < armed_) || (connection_.terminated() && !hard_end_)) clock_.notify();
}

void H2Driver::end(std::error_code reason) {
  if (ended_) return;
  ended_ = true;
  reason_ = reason;
  stream_->abort();
  readable_.notify();
  writable_.notify();
  clock_.notify();
  loop_ended_.notify();
  owner_.connection_ended(reason);
}

std::error_code H2Driver::reason_of_connection() const {
  if (connection_.timed_out()) return Errc::timed_out;
  return connection_.error() == h2::ErrorCode::no_error ? Errc::closed : Errc::protocol_error;
}

asio::awaitable<void> H2Driver::read([[maybe_unused]] std::shared_ptr<void> keep) {
  try {
    co_await read_until_end();
  } catch (const std::exception& error) {
    log::error("http2", "reading ended: ", error.what());
    end(Errc::connection_lost);
  }
  stopped_reading_ = true;
  --loops_;
  loop_ended_.notify();
}

asio::awaitable<void> H2Driver::read_until_end() {
  const std::span<std::byte> buffer = read_buffer();
  while (!ended_) {
    // When it is over, what still comes is read and thrown away: closing on it would send a TCP reset, which can
    // overtake our last frames.
    if (!connection_.done() && !connection_.accepts_input()) {
      co_await readable_.wait();
      continue;
    }
    const auto count = co_await stream_->read_some(buffer);
    if (ended_ || (connection_.done() && (!count || *count == 0))) co_return;
    if (!count) {
      end(count.error());
    } else if (*count == 0) {
      end(connection_.closing() ? reason_of_connection() : make_error_code(Errc::connection_lost));
    } else if (!connection_.done()) {
      take(ByteView(buffer).first(*count));
    }
  }
}

void H2Driver::take(ByteView bytes) {
  // An error shows as done(), after the last frames.
  static_cast<void>(connection_.feed(bytes, Clock::now()));
  owner_.input_fed();
  flush();
}

asio::awaitable<void> H2Driver::write_until_end() {
  while (!ended_) {
    if (filling_.size() < gather_bytes_) connection_.pending_output(filling_, gather_bytes_, Clock::now());
    if (filling_.empty()) {
      if (connection_.done()) co_return;
      co_await writable_.wait();
      continue;
    }
    std::swap(filling_, writing_);
    hold_back_part();
    const TimePoint begun = Clock::now();
    write_begun_ = begun;
    if (armed_ > begun + kStuckWrite) clock_.notify();
    const auto written = co_await stream_->write(writing_);
    write_begun_.reset();
    last_write_bytes_ = writing_.size();
    adapt(begun);
    writing_.clear();
    if (!written) end(written.error());
    readable_.notify();
  }
}

/// What is less than a record goes with the next write, which comes at once: a backlog makes full records.
void H2Driver::hold_back_part() {
  if (!stream_->info().tls || writing_.size() <= kRecordBytes) return;
  const auto part = writing_.end() - static_cast<std::ptrdiff_t>(writing_.size() % kRecordBytes);
  filling_.assign(part, writing_.end());
  writing_.erase(part, writing_.end());
}

/// Learns from a write how much to gather for the next.
void H2Driver::adapt(TimePoint begun) {
  const TimePoint now = Clock::now();
  connection_.output_taken(now);
  if (now - begun > kSlowWrite)
    gather_bytes_ = std::max(kMinGatherBytes, gather_bytes_ / 2);
  else if (now - begun < kFastWrite && last_write_bytes_ >= gather_bytes_)
    gather_bytes_ = std::min(kMaxGatherBytes, gather_bytes_ * 2);
}

/// Says goodbye below HTTP/2, then waits a moment for the peer to do the same.
asio::awaitable<void> H2Driver::close() {
  co_await stream_->shutdown(static_cast<int>(kFarewell.count()));
  const TimePoint patience = Clock::now() + kFarewell;
  while (!ended_ && !stopped_reading_ && Clock::now() < patience) co_await loop_ended_.wait_until(patience);
}

asio::awaitable<void> H2Driver::watch_clock([[maybe_unused]] std::shared_ptr<void> keep) {
  try {
    co_await watch_until_end();
  } catch (const std::exception& error) {
    log::error("http2", "the clock ended: ", error.what());
    end(Errc::connection_lost);
  }
  --loops_;
  loop_ended_.notify();
}

/// The next moment at which something of this connection is due.
TimePoint H2Driver::deadline() {
  if (connection_.terminated()) {
    if (!hard_end_) hard_end_ = Clock::now() + kFarewell;
    return *hard_end_;
  }
  const TimePoint next = connection_.next_timeout().value_or(TimePoint::max());
  return write_begun_ ? std::min(next, *write_begun_ + kStuckWrite) : next;
}

asio::awaitable<void> H2Driver::watch_until_end() {
  while (!ended_) {
    armed_ = deadline();
    const bool changed = co_await clock_.wait_until(armed_);
    if (changed || ended_) continue;
    if (hard_end_) {
      end(reason_of_connection());
    } else if (write_begun_ && Clock::now() - *write_begun_ >= kStuckWrite) {
      end(Errc::timed_out);
    } else {
      // Mostly the time for a PING, so the line is idle: a burst need not cost memory for ever.
      if (filling_.empty()) filling_ = Bytes();
      if (!write_begun_) writing_ = Bytes();
      connection_.on_timeout(Clock::now());
      flush();
    }
  }
}

}  // namespace camspan::net
