#include "api/backoff.hpp"

#include <algorithm>

namespace camspan {

std::chrono::milliseconds Backoff::next(std::uint32_t random) {
  // 2^20 times any first delay is over any sensible maximum; the bound keeps the shift defined.
  const int doublings = std::min(failures_, 20);
  ++failures_;
  const std::int64_t ceiling = std::min(limits_.first.count() << doublings, limits_.max.count());
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<std::uint64_t>(ceiling) * random >> 32));
}

void Backoff::lost(std::chrono::steady_clock::time_point now) {
  // 30 s of health (gst-elements.md A9): a peer that takes connections and drops them at once is no healthy one.
  if (connected_at_ && now - *connected_at_ >= std::chrono::seconds(30)) failures_ = 0;
  connected_at_.reset();
}

}  // namespace camspan
