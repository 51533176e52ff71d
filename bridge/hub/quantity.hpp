/// Sizes and durations as people write them: "4MiB", "60s", "7d".
#pragma once

#include <camspan/error.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace camspan::hub {

/// A whole number with B (default), KiB, MiB, GiB, TiB, or the decimal kB, KB, MB, GB, TB. @return Errc::malformed
Result<std::uint64_t> parse_size(std::string_view text);

/// A whole number with ms, s, m, h or d. @return Errc::malformed; over 100 years is malformed too
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "HOST:PORT", "[IPV6]:PORT". @return Errc::malformed
struct HostPort {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace camspan::hub
