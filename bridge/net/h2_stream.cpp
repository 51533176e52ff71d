#include "net/h2_stream.hpp"

#include <algorithm>
#include <utility>

#include "net/pieces.hpp"

namespace camspan::net {
namespace {

/// Memory is kept for the next piece where pieces are of this order: it is a fast upload. With little, or much more, it
/// is given back: the next stream finds it in the cache.
constexpr std::size_t kLeastKeptBytes = 32 << 10;
constexpr std::size_t kMostKeptBytes = 256 << 10;

}  // namespace

H2Stream::H2Stream(H2Driver& driver) : driver_(driver), readable_(driver.executor()), writable_(driver.executor()) {}

H2Stream::~H2Stream() {
  abandon();
}

void H2Stream::received(ByteView bytes) {
  incoming_.insert(incoming_.end(), bytes.begin(), bytes.end());
  readable_.notify();
}

void H2Stream::remote_closed() {
  remote_closed_ = true;
  readable_.notify();
}

void H2Stream::closed(std::error_code reason) {
  if (!failure_) failure_ = reason;
  pieces_ = {};
  readable_.notify();
  writable_.notify();
}

/// What the last read() returned has been used.
void H2Stream::give_room() {
  if (reading_.empty()) return;
  driver_.connection().consume(id_, reading_.size());
  const bool keep = reading_.size() >= kLeastKeptBytes && reading_.size() <= kMostKeptBytes;
  reading_.clear();
  if (!keep) reading_ = Bytes();
  driver_.input_possible();
  if (driver_.connection().wants_output()) driver_.flush();
}

asio::awaitable<Result<ByteView>> H2Stream::read() {
  give_room();
  while (incoming_.empty()) {
    if (remote_closed_) co_return ByteView();
    if (failure_) co_return fail(failure_);
    const bool woken = co_await wait_for_input();
    if (!woken) co_return fail(Errc::cancelled);
  }
  std::swap(incoming_, reading_);
  co_return ByteView(reading_);
}

H2Stream::Chunk H2Stream::pull(std::size_t max) {
  Chunk chunk;
  while (!pieces_.empty() && chunk.bytes.empty()) {
    const ByteView rest = pieces_.front().subspan(offset_);
    chunk.bytes = rest.first(std::min(max, rest.size()));
    offset_ += chunk.bytes.size();
    if (offset_ == pieces_.front().size()) {
      pieces_ = pieces_.subspan(1);
      offset_ = 0;
    }
  }
  if (remaining_) *remaining_ -= chunk.bytes.size();
  chunk.end = pieces_.empty() && (ending_ || remaining_ == 0u);
  sent_ = sent_ || chunk.end;
  if (pieces_.empty()) writable_.notify();
  return chunk;
}

asio::awaitable<Result<>> H2Stream::write(std::span<const ByteView> pieces) {
  const std::uint64_t bytes = total_bytes(pieces);
  if (failure_) co_return fail(failure_);
  if (sent_ || ending_) co_return fail(Errc::closed);
  if (remaining_ && bytes > *remaining_) co_return fail(Errc::too_large);
  if (bytes == 0) co_return Result<>{};
  pieces_ = pieces;
  offset_ = 0;
  co_return co_await wait_until_given();
}

asio::awaitable<Result<>> H2Stream::finish() {
  if (sent_) co_return Result<>{};
  if (failure_) co_return fail(failure_);
  if (remaining_.value_or(0) != 0) {
    reset(h2::ErrorCode::internal_error, Errc::closed);
    co_return fail(Errc::gap);
  }
  ending_ = true;
  co_return co_await wait_until_given();
}

asio::awaitable<Result<>> H2Stream::wait_until_given() {
  // The views must not be used when the caller is gone.
  struct Guard {
    H2Stream& stream;
    ~Guard() { stream.pieces_ = {}; }
  } guard{*this};
  driver_.connection().resume(id_, std::chrono::steady_clock::now());
  driver_.flush();
  while (!pieces_.empty() || (ending_ && !sent_)) {
    if (failure_) co_return fail(failure_);
    const bool woken = co_await writable_.wait_until(TimePoint::max());
    if (!woken) co_return fail(Errc::cancelled);
  }
  // closed() empties pieces_, too.
  if (failure_ && !sent_) co_return fail(failure_);
  co_return Result<>{};
}

void H2Stream::set_length(std::uint64_t bytes) {
  remaining_ = bytes;
  if (bytes == 0) sent_ = true;
}

void H2Stream::abandon() {
  const std::size_t unread = incoming_.size() + reading_.size();
  incoming_ = Bytes();
  reading_ = Bytes();
  if (unread == 0) return;
  driver_.connection().consume(id_, unread);
  driver_.input_possible();
}

void H2Stream::reset(h2::ErrorCode code, std::error_code reason) {
  driver_.connection().reset(id_, code);
  closed(reason);
  driver_.flush();
}

}  // namespace camspan::net
