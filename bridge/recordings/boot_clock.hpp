/// Capture times of a camera whose clock may not be set yet: until then the time since the machine started, which is
/// below kClockSet and so cannot be taken for a date. Free functions, any thread.
#pragma once

#include <camspan/unit.hpp>
#include <optional>
#include <string>

namespace camspan::recordings {

/// 16 hex digits that tell this boot of the machine from others; on a machine that has no such id, of this process.
const std::string& boot_id();

/// Now: UTC, or the time since boot while the clock is not set.
UtcTime capture_clock();

/// A time that the unset clock of the machine gave, as time since boot; others as they are.
UtcTime as_capture_time(UtcTime clock_time);

/// The date of a time that capture_clock() gave during this boot; none while that is not known.
std::optional<UtcTime> date_of(UtcTime capture_time);

}  // namespace camspan::recordings
