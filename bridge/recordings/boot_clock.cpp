#include "recordings/boot_clock.hpp"

#include <camspan/hal.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "core/time.hpp"
#include "recordings/file.hpp"

namespace camspan::recordings {
namespace {

constexpr std::size_t kDigits = 16;

UtcTime in_ms(std::int64_t ns) {
  return UtcTime(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(ns)));
}

UtcTime utc_now() {
  return in_ms(hal()->utc_ns());
}
UtcTime since_boot() {
  return in_ms(hal()->monotonic_ns());
}

std::string read_boot_id() {
  std::string id;
  // proc(5): a UUID made at each boot.
  if (const auto file = File::open("/proc/sys/kernel/random/boot_id", HAL_FILE_READ)) {
    std::array<std::byte, 36> text{};
    if (file->read(text, 0)) {
      for (const std::byte c : text)
        if (static_cast<char>(c) != '-') id += static_cast<char>(c);
    }
  }
  if (id.size() >= kDigits && id.find_first_not_of("0123456789abcdef") == std::string::npos)
    return id.substr(0, kDigits);
  std::uint64_t value = 0;
  if (hal()->random(&value, sizeof value) != 0) value = static_cast<std::uint64_t>(hal()->monotonic_ns());
  std::array<char, kDigits + 1> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(value));
  return hex.data();
}

}  // namespace

const std::string& boot_id() {
  static const std::string id = read_boot_id();
  return id;
}

UtcTime capture_clock() {
  const UtcTime now = utc_now();
  return now < kClockSet ? since_boot() : now;
}

UtcTime as_capture_time(UtcTime clock_time) {
  return clock_time < kClockSet ? since_boot() - (utc_now() - clock_time) : clock_time;
}

std::optional<UtcTime> date_of(UtcTime capture_time) {
  if (capture_time >= kClockSet) return capture_time;
  const UtcTime now = utc_now();
  if (now < kClockSet) return std::nullopt;
  return capture_time + (now - since_boot());
}

}  // namespace camspan::recordings
