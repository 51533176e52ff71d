/// When the encoder is asked for a key frame. Time comes in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/time.hpp"

namespace camspan::net {

/// At most one request in an interval; one that would come too soon waits, and is not needed when a key frame comes
/// meanwhile (gst-elements.md A12).
class KeyRequests {
 public:
  /// @param interval  0 = never ask
  /// @param ask       is given the count of requests so far
  KeyRequests(std::chrono::nanoseconds interval, std::function<void(std::uint64_t count)> ask)
      : interval_(interval), ask_(std::move(ask)) {}

  void set_interval(std::chrono::nanoseconds interval) { interval_ = interval; }
  void request(TimePoint now) {
    wanted_ = interval_.count() > 0;
    tick(now);
  }
  void key_came() { wanted_ = false; }
  /// Asks for what had to wait. Call often.
  void tick(TimePoint now) {
    if (!wanted_ || (last_ && now - *last_ < interval_)) return;
    wanted_ = false;
    last_ = now;
    ask_(++count_);
  }
  std::uint64_t count() const { return count_; }

 private:
  std::chrono::nanoseconds interval_;
  const std::function<void(std::uint64_t)> ask_;
  bool wanted_ = false;
  std::optional<TimePoint> last_;
  std::uint64_t count_ = 0;
};

}  // namespace camspan::net
