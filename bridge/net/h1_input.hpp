/// What was read of an HTTP/1.1 connection and not yet taken.
#pragma once

#include <chrono>

#include "net/byte_stream.hpp"

namespace camspan::net {

class H1Input {
 public:
  H1Input(ByteStream& stream, Bytes already_read)
      : stream_(stream), bytes_(std::move(already_read)), end_(bytes_.size()) {}

  /// Valid until the next fill().
  ByteView view() const { return ByteView(bytes_).subspan(begin_, end_ - begin_); }
  void consume(std::size_t count) { begin_ += count; }
  /// What is left, for whoever reads on from here; gives the memory back.
  Bytes take();

  /// Reads more, at most `most` bytes, when all of view() is consumed. @return false = the peer ended its direction
  asio::awaitable<Result<bool>> fill(std::size_t most);
  /// The same, or Errc::timed_out; bytes that come at the very deadline may be lost.
  asio::awaitable<Result<bool>> fill_until(std::size_t most, std::chrono::steady_clock::time_point deadline);
  /// Gives memory back while nothing is expected.
  void release();

 private:
  ByteStream& stream_;
  Bytes bytes_;
  std::size_t begin_ = 0;
  std::size_t end_;
};

}  // namespace camspan::net
