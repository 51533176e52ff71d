#include "proto/rtc/command_message.hpp"

namespace camspan::rtc {
namespace {

constexpr std::size_t kHeadBytes = 5;

}  // namespace

Result<CommandMessage> parse_command(ByteView message) {
  if (message.size() < kHeadBytes) return fail(Errc::malformed);
  const auto kind = load_be<1>(&message[0]);
  if (kind < 1 || kind > 4) return fail(Errc::malformed);
  return CommandMessage{static_cast<CommandKind>(kind), static_cast<std::uint32_t>(load_be<4>(&message[1])),
                        message.subspan(kHeadBytes)};
}

Bytes command_error(std::uint32_t id, int status, std::string_view text) {
  Bytes message(kHeadBytes + 2);
  store_be<1>(&message[0], static_cast<std::uint8_t>(CommandKind::error));
  store_be<4>(&message[1], id);
  store_be<2>(&message[kHeadBytes], static_cast<std::uint64_t>(status));
  const ByteView bytes = as_bytes(text);
  message.insert(message.end(), bytes.begin(), bytes.end());
  return message;
}

}  // namespace camspan::rtc
