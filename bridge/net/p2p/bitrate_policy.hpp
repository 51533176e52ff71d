/// What the viewers' connections carry, and the one bitrate that follows for the one encoder. Time comes in.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <cstdint>
#include <optional>
#include <span>

#include "core/time.hpp"

namespace camspan::net {

/// What one viewer's connection carries. While it carries all there is, that says only how much it carries at least.
class RateEstimate {
 public:
  /// Once a second or so.
  /// @param acknowledged  bytes in all that the viewer has
  /// @param buffered      bytes that are on the way or wait for it
  void update(std::uint64_t acknowledged, std::size_t buffered, std::chrono::microseconds rtt, TimePoint now);
  /// bit/s; 0 = nothing is known yet.
  std::uint64_t bits_per_second() const { return estimate_; }
  /// The connection is the bottleneck.
  bool limited() const { return limited_; }

 private:
  std::optional<TimePoint> last_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t estimate_ = 0;
  bool limited_ = false;
};

/// Down at once, up by at most 8 % a second, never by less than 5 % (gst-elements.md A13).
class BitratePolicy {
 public:
  struct Bounds {
    P2pBitratePolicy policy = P2pBitratePolicy::lowest;
    std::uint64_t min = 0;  ///< bit/s
    std::uint64_t start = 0;
    std::uint64_t max = 0;
  };
  struct Target {
    std::uint64_t bits_per_second = 0;
    bool at_floor = false;  ///< the viewers need less than `min`

    bool operator==(const Target&) const = default;
  };

  explicit BitratePolicy(const Bounds& bounds) : bounds_(bounds) {}
  void set_bounds(const Bounds& bounds) { bounds_ = bounds; }

  /// Once a second or so. @param limited  the estimates of the viewers whose connection is the bottleneck
  /// @param viewers  all of them
  /// @return what the encoder should be set to now, if that changes
  std::optional<Target> update(std::span<const std::uint64_t> limited, std::size_t viewers, TimePoint now);
  /// What was said last; `start` before.
  std::uint64_t target() const { return said_ ? said_->bits_per_second : bounds_.start; }

 private:
  std::uint64_t wanted(std::span<const std::uint64_t> limited, std::size_t viewers) const;

  Bounds bounds_;
  std::optional<Target> said_;
  std::optional<TimePoint> last_;
  double level_ = 0;  ///< where the target is on its way up
};

}  // namespace camspan::net
