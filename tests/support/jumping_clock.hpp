/// A board whose clock a test can set, as the first answer of a time server does.
#pragma once

#include <camspan/hal.h>

#include <atomic>
#include <cstdint>

namespace camspan::test {

class JumpingClock {
 public:
  JumpingClock() {
    hal_ops ops = *hal_default();
    ops.utc_ns = [] { return hal_default()->utc_ns() + offset.load(); };
    hal_register(&ops);
  }
  ~JumpingClock() {
    hal_register(nullptr);
    offset = 0;
  }
  static constexpr std::int64_t kYear = std::int64_t{365} * 24 * 3600 * 1'000'000'000;
  static inline std::atomic<std::int64_t> offset{0};
};

}  // namespace camspan::test
