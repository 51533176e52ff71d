/// Capture times of one stream that fit each other.
#pragma once

#include <camspan/unit.hpp>
#include <cstdint>
#include <optional>

namespace camspan::recordings {

/// The clock's time of each tag is a little early or late, and sound and picture are so by different amounts; the
/// timestamps say exactly how far tags are apart. Where both agree but for that, times go by the timestamps from the
/// first tag on: a recording that ends and the next one of the same stream then neither overlap nor leave a hole. One
/// thread.
class CaptureLine {
 public:
  /// @param clock_time  by capture_clock() or the sender, of the tag with this timestamp (which wraps)
  /// @return when it was captured, on the same scale
  UtcTime at(UtcTime clock_time, std::uint32_t timestamp_ms);

 private:
  struct Anchor {
    UtcTime time;
    std::uint32_t timestamp_ms;
  };
  std::optional<Anchor> anchor_;
};

}  // namespace camspan::recordings
