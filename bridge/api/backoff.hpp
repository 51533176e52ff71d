/// When to try again: exponential backoff with full jitter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace camspan {

/// One per upload. No clock: time comes in.
class Backoff {
 public:
  struct Limits {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds max{30000};
    int retries = -1;  ///< -1 = for ever
  };

  explicit Backoff(Limits limits) : limits_(limits) {}

  void set_limits(Limits limits) { limits_ = limits; }
  /// True when no further try is allowed.
  bool exhausted() const { return limits_.retries >= 0 && failures_ >= limits_.retries; }
  /// Counts a failure and gives the wait before the next try: a random part of first * 2^failures, at most max. Jitter
  /// keeps a thousand cameras from coming back in one moment. @param random  uniform over all 32-bit values
  std::chrono::milliseconds next(std::uint32_t random);
  /// The connection is up; after it has been so for 30 s the count starts anew.
  void connected(std::chrono::steady_clock::time_point now) { connected_at_ = now; }
  void lost(std::chrono::steady_clock::time_point now);
  int failures() const { return failures_; }

 private:
  Limits limits_;
  int failures_ = 0;
  std::optional<std::chrono::steady_clock::time_point> connected_at_;
};

}  // namespace camspan
