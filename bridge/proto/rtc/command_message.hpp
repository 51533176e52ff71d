/// Messages of the channel `command` (camspan-wire.md section 5). Free functions: any thread, no state.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <cstdint>
#include <string_view>

namespace camspan::rtc {

enum class CommandKind : std::uint8_t { request = 1, reply = 2, error = 3, part = 4 };  // part: more follows

inline constexpr std::size_t kCommandHeadBytes = 5;
inline constexpr std::size_t kMaxCommandBytes = 64 << 10;  ///< of a message, with its head

struct CommandMessage {
  CommandKind kind = CommandKind::request;
  std::uint32_t id = 0;  ///< of the one who asks; 0 = a note, no reply
  ByteView body;         ///< looks into what was parsed
};

/// @return Errc::malformed: too short, or an unknown kind
Result<CommandMessage> parse_command(ByteView message);

Bytes command_message(CommandKind kind, std::uint32_t id, ByteView body);

/// A refusal: `status` as in HTTP, `text` as UTF-8.
Bytes command_error(std::uint32_t id, int status, std::string_view text);

}  // namespace camspan::rtc
