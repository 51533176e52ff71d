#include "recordings/capture_line.hpp"

#include "core/time.hpp"
#include "recordings/boot_clock.hpp"

namespace camspan::recordings {
namespace {

// More than clocks, muxers and busy machines differ by; less than what a viewer of a recording would notice.
constexpr std::chrono::milliseconds kTolerance{500};

}  // namespace

UtcTime CaptureLine::at(UtcTime clock_time, std::uint32_t timestamp_ms) {
  if (anchor_) {
    const auto since = static_cast<std::int32_t>(timestamp_ms - anchor_->timestamp_ms);
    UtcTime expected = anchor_->time + std::chrono::milliseconds(since);
    // The clock may have been set since.
    if (const auto date = date_of(expected); date && clock_time >= kClockSet) expected = *date;
    if (std::chrono::abs(clock_time - expected) <= kTolerance) clock_time = expected;
  }
  anchor_ = {clock_time, timestamp_ms};
  return clock_time;
}

}  // namespace camspan::recordings
