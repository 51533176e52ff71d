/// Lets the other connections of a thread have their turn.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "net/byte_stream.hpp"

namespace camspan::net {

/// A peer on a fast link never makes us wait, so its coroutine would never leave the thread.
class FairShare {
 public:
  /// After `bytes` were moved without waiting.
  void moved(std::size_t bytes) { since_turn_ += bytes; }
  /// It is time to wait for turn().
  bool due() const { return since_turn_ >= kTurnBytes; }
  /// @param stream  whose thread it is
  asio::awaitable<void> turn(ByteStream& stream) {
    since_turn_ = 0;
    co_await asio::post(stream.executor(), asio::use_awaitable);
  }
  /// The thread was free for others.
  void waited() { since_turn_ = 0; }

 private:
  // A quarter of a millisecond of TLS on a fast machine: nobody notices waiting for that.
  static constexpr std::size_t kTurnBytes = 256 << 10;

  std::size_t since_turn_ = 0;
};

}  // namespace camspan::net
