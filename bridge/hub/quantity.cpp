#include "hub/quantity.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace camspan::hub {
namespace {

template <class Number>
Result<Number> take_number(std::string_view& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return fail(Errc::malformed);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

template <std::size_t N>
Result<std::uint64_t> with_unit(std::string_view text,
                                const std::array<std::pair<std::string_view, std::uint64_t>, N>& units,
                                std::uint64_t most) {
  const auto number = take_number<std::uint64_t>(text);
  if (!number) return fail(number.error());
  if (text.starts_with(' ')) text.remove_prefix(1);
  for (const auto& [name, factor] : units)
    if (name == text) {
      if (*number > most / factor) return fail(Errc::malformed);
      return *number * factor;
    }
  return fail(Errc::malformed);
}

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 11> kSizes{{{"", 1},
                                                                             {"B", 1},
                                                                             {"KiB", 1ull << 10},
                                                                             {"MiB", 1ull << 20},
                                                                             {"GiB", 1ull << 30},
                                                                             {"TiB", 1ull << 40},
                                                                             {"kB", 1'000},
                                                                             {"KB", 1'000},
                                                                             {"MB", 1'000'000},
                                                                             {"GB", 1'000'000'000},
                                                                             {"TB", 1'000'000'000'000}}};
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kDurations{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::uint64_t kMostMilliseconds = 100ull * 366 * 86'400'000;

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  return with_unit(text, kSizes, std::numeric_limits<std::int64_t>::max());
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto value = with_unit(text, kDurations, kMostMilliseconds);
  if (!value) return fail(value.error());
  return std::chrono::milliseconds(*value);
}

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return fail(Errc::malformed);
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  const auto port = take_number<std::uint16_t>(digits);
  if (!port || !digits.empty()) return fail(Errc::malformed);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return fail(Errc::malformed);
  if (host.empty()) return fail(Errc::malformed);
  result.host = host;
  result.port = *port;
  return result;
}

}  // namespace camspan::hub
