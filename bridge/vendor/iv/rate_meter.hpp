/// How many bytes a viewer acknowledged, and how fast.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>

#include "core/time.hpp"

namespace camspan::iv {

/// Tenths of a second, of which the last ten count.
class RateMeter {
 public:
  void add(std::size_t bytes, TimePoint now) {
    advance(now);
    slots_[slot_ % slots_.size()] += bytes;
    sum_ += bytes;
  }
  /// bytes/s over the last second
  std::uint64_t average(TimePoint now) {
    advance(now);
    return std::accumulate(slots_.begin(), slots_.end(), std::uint64_t{0});
  }
  /// bytes/s over the last whole tenth of a second
  std::uint64_t last_tenth(TimePoint now) {
    advance(now);
    return slots_[(slot_ + slots_.size() - 1) % slots_.size()] * slots_.size();
  }
  std::uint64_t sum() const { return sum_; }

 private:
  void advance(TimePoint now) {
    const auto slot = static_cast<std::uint64_t>(now.time_since_epoch() / std::chrono::milliseconds(100));
    if (slot - slot_ >= slots_.size()) slots_.fill(0);
    while (slot_ < slot && slot - slot_ < slots_.size()) slots_[++slot_ % slots_.size()] = 0;
    slot_ = slot;
  }

  std::array<std::uint64_t, 10> slots_{};
  std::uint64_t slot_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace camspan::iv
