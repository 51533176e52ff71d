#include "net/p2p/bitrate_policy.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace camspan::net {
namespace {

using std::chrono::duration;

// More than this much of what it carries in a second is on the way: the connection cannot keep up.
constexpr duration<double> kBacklog{0.3};
// What a key frame alone may leave behind.
constexpr double kLeastBacklog = 48 << 10;
// Left for sound, headers and what is sent again.
constexpr double kShareOfVideo = 0.85;
constexpr double kRaisePerSecond = 0.08;
constexpr double kLeastChange = 0.05;

}  // namespace

void RateEstimate::update(std::uint64_t acknowledged, std::size_t buffered, std::chrono::microseconds rtt,
                          TimePoint now) {
  if (!last_) {
    last_ = now;
    acknowledged_ = acknowledged;
    return;
  }
  const double seconds = duration<double>(now - *last_).count();
  if (seconds <= 0) return;
  // What is given up leaves the buffer and was acknowledged by nobody, so the difference may go back.
  const std::uint64_t more = acknowledged > acknowledged_ ? acknowledged - acknowledged_ : 0;
  const double rate = static_cast<double>(more) / seconds;
  last_ = now;
  acknowledged_ = std::max(acknowledged, acknowledged_);
  limited_ = static_cast<double>(buffered) > std::max(kLeastBacklog, rate * duration<double>(kBacklog + rtt).count());
  const auto bits = static_cast<std::uint64_t>(rate * 8);
  estimate_ = limited_ ? bits : std::max(estimate_, bits);
}

/// In bit/s of video, within the bounds or below the lower one.
std::uint64_t BitratePolicy::wanted(std::span<const std::uint64_t> limited, std::size_t viewers) const {
  if (limited.empty()) return bounds_.max;
  double rate = 0;
  switch (bounds_.policy) {
    case P2pBitratePolicy::lowest:
      rate = static_cast<double>(*std::min_element(limited.begin(), limited.end()));
      break;
    case P2pBitratePolicy::highest:
      // A viewer that is not limited would take more than any of these.
      if (limited.size() < viewers) return bounds_.max;
      rate = static_cast<double>(*std::max_element(limited.begin(), limited.end()));
      break;
    case P2pBitratePolicy::average: {
      const double unlimited = static_cast<double>(bounds_.max) / kShareOfVideo;
      const double sum = std::accumulate(limited.begin(), limited.end(), 0.0);
      rate = (sum + unlimited * static_cast<double>(viewers - limited.size())) / static_cast<double>(viewers);
      break;
    }
    case P2pBitratePolicy::manual:
      return target();
  }
  return std::min(static_cast<std::uint64_t>(rate * kShareOfVideo), bounds_.max);
}

std::optional<BitratePolicy::Target> BitratePolicy::update(std::span<const std::uint64_t> limited, std::size_t viewers,
                                                           TimePoint now) {
  if (bounds_.policy == P2pBitratePolicy::manual) return std::nullopt;
  if (!last_) level_ = static_cast<double>(std::clamp(bounds_.start, bounds_.min, std::max(bounds_.min, bounds_.max)));
  const double seconds = last_ ? duration<double>(now - *last_).count() : 0;
  last_ = now;
  const std::uint64_t want = wanted(limited, viewers);
  const auto bounded = static_cast<double>(std::max(want, bounds_.min));
  level_ = std::min(bounded, level_ * std::pow(1 + kRaisePerSecond, seconds));
  const Target next{static_cast<std::uint64_t>(level_), want < bounds_.min};
  if (said_ && std::abs(level_ - static_cast<double>(said_->bits_per_second)) <
                   kLeastChange * static_cast<double>(said_->bits_per_second)) {
    if (next.at_floor == said_->at_floor) return std::nullopt;
    said_->at_floor = next.at_floor;
    return said_;
  }
  said_ = next;
  return next;
}

}  // namespace camspan::net
