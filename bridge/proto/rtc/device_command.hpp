/// What viewers ask a camera over `command`, read: `action=inner_define&channel=0&cmd=get_device_st&type=live`, or
/// `action=user_define&channel=0&cmd=ptz_left`. Free functions: any thread, no state.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace camspan::rtc {

/// May somebody (else) watch, or talk?
struct DeviceStatus {
  bool voice = false;
  unsigned channel = 0;
};
/// How does the connection of the one who asks go? (`get_stats`, a word of our own)
struct ViewerStats {};
/// Which cameras are behind this one?
struct NvrList {};
/// What was recorded between these times (Unix seconds)?
struct RecordIndex {
  std::uint64_t start_s = 0;
  std::uint64_t end_s = 0;
};
/// On which days of this month was something recorded?
struct MonthRecord {
  unsigned year = 0;
  unsigned month = 0;  ///< 1..12
};
/// Which files are there of these times?
struct FileList {
  std::uint64_t start_s = 0;
  std::uint64_t end_s = 0;
  bool pictures = false;
};
/// The program's: `user_define`, and what has no `action`.
struct UserCommand {};
/// An `inner_define` that is none of these.
struct OtherInner {
  std::string cmd;
};
using DeviceCommand =
    std::variant<DeviceStatus, ViewerStats, NvrList, RecordIndex, MonthRecord, FileList, UserCommand, OtherInner>;

/// Anything is a command; what is none of ours is the program's.
/// @return Errc::malformed: an `inner_define` that lacks what it needs, or says what cannot be
Result<DeviceCommand> parse_device_command(std::string_view text);

}  // namespace camspan::rtc
