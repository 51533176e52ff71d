/// A moment to wait until, and waiting for a descriptor until then. Private to hal/vendor.
#pragma once

#include <poll.h>
#include <algorithm>
#include <cerrno>
#include <chrono>

namespace camspan::linkkit {

class Deadline {
 public:
  explicit Deadline(int timeout_ms)
      : end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max(0, timeout_ms))) {}

  int left_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

/// @return false at the deadline
inline bool wait_for(int fd, short events, const Deadline& deadline) {
  pollfd entry{fd, events, 0};
  for (;;) {
    const int ready = poll(&entry, 1, deadline.left_ms());
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace camspan::linkkit
