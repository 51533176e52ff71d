#include "proto/h2/flood_guard.hpp"

#include <algorithm>

namespace camspan::h2 {

bool TokenBucket::take(TimePoint now) {
  if (filled_ != TimePoint{} && now > filled_)
    tokens_ = std::min(burst_, tokens_ + rate_ * std::chrono::duration<double>(now - filled_).count());
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

FloodGuard::FloodGuard(const Limits& limits)
    : limits_(limits),
      resets_received_(limits.resets_burst, limits.resets_per_second),
      resets_sent_(limits.resets_provoked, limits.resets_provoked / 30.0),
      settings_(limits.settings_per_10s, limits.settings_per_10s / 10.0) {}

FloodGuard::Verdict FloodGuard::reset_received(TimePoint now) {
  if (resets_received_.take(now)) return std::nullopt;
  // What nghttp2 answers over its own limit of this kind.
  return Breach{Limit::rapid_reset, ErrorCode::internal_error};
}

FloodGuard::Verdict FloodGuard::reset_sent(TimePoint now) {
  if (resets_sent_.take(now)) return std::nullopt;
  return Breach{Limit::provoked_resets};
}

FloodGuard::Verdict FloodGuard::settings_received(TimePoint now) {
  if (settings_.take(now)) return std::nullopt;
  return Breach{Limit::settings_rate};
}

FloodGuard::Verdict FloodGuard::content_frame(bool useful) {
  empty_in_row_ = useful ? 0 : empty_in_row_ + 1;
  if (empty_in_row_ <= limits_.empty_frames) return std::nullopt;
  return Breach{Limit::empty_frames};
}

FloodGuard::Verdict FloodGuard::continuation() {
  if (++continuations_ <= limits_.max_continuations) return std::nullopt;
  return Breach{Limit::continuations};
}

FloodGuard::Verdict FloodGuard::window_update() {
  const std::uint64_t allowed =
      limits_.window_updates_per_mib * (1 + (bytes_sent_ >> 20)) + limits_.window_updates_per_frame * frames_sent_;
  if (++window_updates_ <= allowed) return std::nullopt;
  return Breach{Limit::window_updates};
}

void FloodGuard::data_sent(std::size_t bytes) {
  bytes_sent_ += bytes;
  ++frames_sent_;
}

}  // namespace camspan::h2
