#include "core/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace camspan {
namespace {

using std::chrono::milliseconds;

/// Takes exactly `digits` decimal digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// ".25" -> 250 ms; digits after the third are cut off.
bool take_fraction(std::string_view& text, milliseconds& out) {
  out = milliseconds(0);
  if (!take(text, '.')) return true;
  int scale = 100;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    out += milliseconds((text.front() - '0') * scale);
    scale /= 10;
    any = true;
    text.remove_prefix(1);
  }
  return any;
}

bool take_offset(std::string_view& text, std::chrono::minutes& out) {
  out = std::chrono::minutes(0);
  if (take(text, 'Z') || take(text, 'z')) return true;
  // A plus sign that a query string turned into a space is still a plus sign.
  const bool minus = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-') && !take(text, ' ')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, hours)) return false;
  take(text, ':');
  if (!take_number(text, 2, minutes) || hours > 23 || minutes > 59) return false;
  out = std::chrono::minutes(hours * 60 + minutes) * (minus ? -1 : 1);
  return true;
}

Result<UtcTime> parse_unix_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  milliseconds fraction;
  // 253402300799 is 9999-12-31T23:59:59Z, the last second RFC 3339 can write.
  if (error != std::errc{} || seconds < 0 || seconds > 253'402'300'799 || !take_fraction(text, fraction) ||
      !text.empty())
    return fail(Errc::malformed);
  return UtcTime(std::chrono::seconds(seconds) + fraction);
}

}  // namespace

std::string format_utc(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

Result<UtcTime> parse_utc(std::string_view text) {
  if (text.size() < 5 || text[4] != '-') return parse_unix_seconds(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  milliseconds fraction;
  std::chrono::minutes offset;
  const bool shape = take_number(text, 4, year) && take(text, '-') && take_number(text, 2, month) && take(text, '-') &&
                     take_number(text, 2, day) && (take(text, 'T') || take(text, 't') || take(text, ' ')) &&
                     take_number(text, 2, hour) && take(text, ':') && take_number(text, 2, minute) && take(text, ':') &&
                     take_number(text, 2, second) && take_fraction(text, fraction) && take_offset(text, offset) &&
                     text.empty();
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // 60 is a leap second (RFC 3339 section 5.6).
  if (!shape || !date.ok() || hour > 23 || minute > 59 || second > 60) return fail(Errc::malformed);
  return UtcTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                 std::chrono::minutes(minute) + std::chrono::seconds(second) + fraction - offset);
}

}  // namespace camspan
