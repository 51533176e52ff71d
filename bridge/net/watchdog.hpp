/// Ends a connection whose peer takes too long.
#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

#include "net/byte_stream.hpp"

namespace camspan::net {

/// Calls `stream.abort()` when an armed time passes. Lives on the stream's I/O thread, and not longer than the stream.
class Watchdog {
 public:
  Watchdog(const asio::any_io_executor& executor, ByteStream& stream);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Replaces the time armed before.
  void arm(std::chrono::milliseconds from_now);
  void disarm();
  /// True once it has aborted the stream.
  bool fired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the timer's handler, which can be on its way when we are destroyed
};

}  // namespace camspan::net
