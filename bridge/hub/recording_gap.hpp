/// Why there is nothing recorded at some time.
#pragma once

#include <camspan/unit.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace camspan::hub {

/// Why a recording ended.
enum class EndReason : std::uint8_t {
  offline,    ///< the sender was gone
  stopped,    ///< the sender ended its stream, or the hub stopped
  disk_full,  ///< there was no room
  lost,       ///< the sender had more, and lost it: it was killed, or its spool was full
};

/// As `reason` in `/recordings/<id>`: "offline", "stopped", "disk-full", "lost".
std::string_view to_string(EndReason reason);
std::optional<EndReason> parse_end_reason(std::string_view text);

struct Span {
  UtcTime from;
  UtcTime to;
};

struct Gap {
  Span span;
  std::optional<EndReason> reason;  ///< none = what was there has expired
  std::uint64_t lost_tags = 0;      ///< with EndReason::lost
};

/// What gaps() needs to know of a segment.
struct RecordedSpan {
  Span span;
  std::optional<EndReason> end;  ///< why the recording ended behind it, if it did and that is known
  std::uint64_t lost_tags = 0;   ///< that the sender had behind it, and that are not stored: this is why, then
};

/// The gaps in `within` whose reason is known. A pause that a clock or an encoder makes is none.
/// @param segments  in order of their start; the ones at the edges may reach beyond `within`, and the last one before
/// it
///                  says why nothing follows
/// @param expired   between its ends something was recorded that has been removed
std::vector<Gap> find_gaps(const std::vector<RecordedSpan>& segments, const std::optional<Span>& expired, Span within);

}  // namespace camspan::hub
