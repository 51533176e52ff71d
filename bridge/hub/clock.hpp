/// The machine's clocks, for code that meets real time; the rest takes time as a parameter.
#pragma once

#include <camspan/unit.hpp>

#include "core/time.hpp"

namespace camspan::hub {

inline UtcTime utc_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

inline TimePoint steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace camspan::hub
