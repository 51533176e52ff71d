#include "recordings/segment_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace camspan::recordings {
namespace {

constexpr std::string_view kSuffix = ".flv";
constexpr std::string_view kPart = ".part";
constexpr std::string_view kChannel = "ch";
constexpr std::string_view kBoot = "boot-";
constexpr std::size_t kBootDigits = 16;
// Enough for any device; it keeps what is read from names in bounds.
constexpr unsigned kMaxNumber = 99'999;

bool take(std::string_view& text, std::string_view literal) {
  if (!text.starts_with(literal)) return false;
  text.remove_prefix(literal.size());
  return true;
}

/// Exactly `digits` decimal digits.
bool take_digits(std::string_view& text, std::size_t digits, unsigned& value) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

/// A number from 1 without leading zeros.
bool take_number(std::string_view& text, unsigned& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || text.front() == '0' || value > kMaxNumber) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// "<16 hex>/<seconds>.<ms>" of a segment whose clock was not set.
bool take_boot(std::string_view& text, SegmentPath& path) {
  path.boot = text.substr(0, kBootDigits);
  if (path.boot.size() < kBootDigits || path.boot.find_first_not_of("0123456789abcdef") != std::string::npos)
    return false;
  text.remove_prefix(kBootDigits);
  unsigned seconds = 0;
  unsigned ms = 0;
  const bool shape = take(text, "/") && take_digits(text, 9, seconds) && take(text, ".") && take_digits(text, 3, ms);
  path.start = UtcTime(std::chrono::seconds(seconds) + std::chrono::milliseconds(ms));
  return shape;
}

struct Clock {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
};

bool take_time(std::string_view& text, Clock& clock) {
  return take_digits(text, 2, clock.hour) && take_digits(text, 2, clock.minute) && take_digits(text, 2, clock.second) &&
         take(text, ".") && take_digits(text, 3, clock.millisecond) && take(text, "Z");
}

/// "-1" if there is one, then ".flv".
bool take_copy(std::string_view& text, unsigned& copy) {
  if (take(text, "-") && !take_number(text, copy)) return false;
  return take(text, kSuffix);
}

std::optional<UtcTime> to_utc(const Clock& clock) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(clock.year)),
                                         std::chrono::month(clock.month), std::chrono::day(clock.day)};
  if (!date.ok() || clock.hour > 23 || clock.minute > 59 || clock.second > 59) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(clock.hour) +
                 std::chrono::minutes(clock.minute) + std::chrono::seconds(clock.second) +
                 std::chrono::milliseconds(clock.millisecond));
}

/// `format` takes year, month, day, hour, minute, second and millisecond.
std::string format_time(const char* format, UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  const int size =
      std::snprintf(text.data(), text.size(), format, static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string suffix_of(unsigned copy) {
  std::string suffix;
  if (copy > 0) suffix.append("-").append(std::to_string(copy));
  return suffix.append(kSuffix);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

bool is_device_id(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.ends_with(kSuffix) || !is_alphanumeric(text.front())) return false;
  return std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::string format_segment_path(const SegmentPath& path) {
  std::string text = path.device + "/";
  if (path.channel > 0) text += std::string(kChannel) + std::to_string(path.channel) + "/";
  if (!path.boot.empty()) {
    const auto ms = std::clamp<std::int64_t>(path.start.time_since_epoch().count(), 0, 999'999'999'999);
    std::array<char, 48> time{};
    std::snprintf(time.data(), time.size(), "/%09lld.%03d", static_cast<long long>(ms / 1000),
                  static_cast<int>(ms % 1000));
    return text.append(kBoot) + path.boot + time.data() + suffix_of(path.copy) + std::string(path.part ? kPart : "");
  }
  return text + format_time("%04d/%02u/%02u/%02d%02d%02d.%03dZ", path.start) + suffix_of(path.copy) +
         std::string(path.part ? kPart : "");
}

std::optional<SegmentPath> parse_segment_path(std::string_view path) {
  SegmentPath result;
  result.device = path.substr(0, path.find('/'));
  if (!is_device_id(result.device)) return std::nullopt;
  path.remove_prefix(result.device.size());
  if (!take(path, "/")) return std::nullopt;
  if (take(path, kChannel) && !(take_number(path, result.channel) && take(path, "/"))) return std::nullopt;
  if (take(path, kBoot)) {
    if (!take_boot(path, result) || !take_copy(path, result.copy)) return std::nullopt;
  } else {
    Clock clock;
    const bool shape = take_digits(path, 4, clock.year) && take(path, "/") && take_digits(path, 2, clock.month) &&
                       take(path, "/") && take_digits(path, 2, clock.day) && take(path, "/") &&
                       take_time(path, clock) && take_copy(path, result.copy);
    const auto start = to_utc(clock);
    if (!shape || !start) return std::nullopt;
    result.start = *start;
  }
  result.part = take(path, kPart);
  return path.empty() ? std::optional(result) : std::nullopt;
}

std::string format_flat_name(const SegmentPath& path) {
  return format_time("%04d%02u%02uT%02d%02d%02d.%03dZ", path.start) + suffix_of(path.copy);
}

std::optional<SegmentPath> parse_flat_name(std::string_view name) {
  SegmentPath result;
  Clock clock;
  const bool shape = take_digits(name, 4, clock.year) && take_digits(name, 2, clock.month) &&
                     take_digits(name, 2, clock.day) && take(name, "T") && take_time(name, clock) &&
                     take_copy(name, result.copy) && name.empty();
  const auto start = to_utc(clock);
  if (!shape || !start) return std::nullopt;
  result.start = *start;
  return result;
}

std::string_view final_path(std::string_view path) {
  if (path.ends_with(kPart)) path.remove_suffix(kPart.size());
  return path;
}

}  // namespace camspan::recordings
