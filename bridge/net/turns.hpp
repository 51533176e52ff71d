/// When a busy thread takes its turns: often enough that nobody waits, rarely enough that each has something to do.
#pragma once

#include <algorithm>
#include <chrono>

namespace camspan::net {

/// A wake-up costs as much as the work for a small frame, and on a full core the cache is cold after each. A thread
/// that is woken thousands of times a second therefore sleeps a little between two turns, and finds the frames of many
/// peers together. Below one wake-up per kApart it never sleeps. Time comes from outside; one thread.
class Turns {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr Duration kApart = std::chrono::milliseconds(1);  ///< most that a pause adds to a frame's delay

  /// A turn is over. @return how long to sleep before the next one may begin
  Duration end(TimePoint now) {
    // A bucket that fills at one turn per kApart and holds kBurst.
    due_ = std::max(due_, now - kBurst * kApart) + kApart;
    return std::clamp(due_ - now, Duration::zero(), kApart);
  }

 private:
  static constexpr int kBurst = 20;  // a handshake, a page: nobody waits for those

  TimePoint due_{};
};

}  // namespace camspan::net
