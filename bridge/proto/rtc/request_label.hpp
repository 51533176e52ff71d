/// What a viewer asks for: the label of its data channel, or the parameters of its offer. `action=live&channel=0`.
/// Free functions: any thread, no state.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace camspan::rtc {

enum class RequestAction : std::uint8_t { live, playback, download, voice, command, other };

/// `key=value` pairs joined by `&`, in their order. Keys and values of our own are compared without case; numbers end
/// at the first character that is no digit.
struct RequestLabel {
  RequestAction action = RequestAction::other;  ///< command: inner_define and user_define
  unsigned channel = 0;
  std::string quality;                                      ///< lower case; "" = the camera chooses
  std::vector<std::pair<std::string, std::string>> fields;  ///< all of them, without those of the transport (`_...`)

  /// Value of the first field of that key; "" if there is none.
  std::string_view value(std::string_view key) const;
};

/// More is no request: programs send at most 3000 bytes, and a label ends at 64 KiB anyhow.
inline constexpr std::size_t kMaxLabelBytes = 4096;

/// Reads a label; a leading `ipc.flv?` or `voice?` is passed over.
/// @return Errc::malformed: no `key=value`, or a control character; Errc::too_large
Result<RequestLabel> parse_request_label(std::string_view text);

/// The right that a token needs for it (camspan-wire.md section 2): "live", "playback", "talk" or "command".
std::string_view right_for(RequestAction action);

}  // namespace camspan::rtc
