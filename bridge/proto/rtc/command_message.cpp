#include "proto/rtc/command_message.hpp"

#include <array>

namespace camspan::rtc {

Result<CommandMessage> parse_command(ByteView message) {
  if (message.size() < kCommandHeadBytes) return fail(Errc::malformed);
  const auto kind = load_be<1>(&message[0]);
  if (kind < 1 || kind > 4) return fail(Errc::malformed);
  return CommandMessage{static_cast<CommandKind>(kind), static_cast<std::uint32_t>(load_be<4>(&message[1])),
                        message.subspan(kCommandHeadBytes)};
}

Bytes command_message(CommandKind kind, std::uint32_t id, ByteView body) {
  Bytes message(kCommandHeadBytes);
  store_be<1>(&message[0], static_cast<std::uint8_t>(kind));
  store_be<4>(&message[1], id);
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Bytes command_error(std::uint32_t id, int status, std::string_view text) {
  std::array<std::byte, 2> code{};
  store_be<2>(code.data(), static_cast<std::uint64_t>(status));
  Bytes message = command_message(CommandKind::error, id, code);
  const ByteView bytes = as_bytes(text);
  message.insert(message.end(), bytes.begin(), bytes.end());
  return message;
}

}  // namespace camspan::rtc
