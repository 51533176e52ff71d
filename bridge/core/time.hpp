/// Time as Camspan writes it: RFC 3339 UTC with milliseconds.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <string>
#include <string_view>

namespace camspan {

using TimePoint = std::chrono::steady_clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;

/// A clock that says less was never set (camspan-wire.md section 6).
inline constexpr UtcTime kClockSet{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)};

/// "2026-11-21T08:30:00.000Z"
std::string format_utc(UtcTime time);

/// Reads format_utc()'s form (fraction of any length optional, `Z` or an offset such as +01:00) and Unix seconds
/// ("1795249800", "1795249800.25"). @return Errc::malformed for anything else.
Result<UtcTime> parse_utc(std::string_view text);

}  // namespace camspan
