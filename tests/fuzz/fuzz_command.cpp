/// What a viewer sends on `command`: messages, each behind a length of two bytes.
#include <cstdlib>

#include "proto/rtc/command_channel.hpp"

namespace {

using namespace camspan;
using rtc::CommandChannel;

void check(bool held) {
  if (!held) std::abort();
}

void answer(CommandChannel& channel, const CommandChannel::Asked& asked) {
  // Two of three are answered: with what was asked, and with a refusal.
  if (asked.text.size() % 3 == 0) channel.reply(asked.id, asked.text);
  if (asked.text.size() % 3 == 1) channel.refuse(asked.id, 404, as_text(asked.text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView rest = std::as_bytes(std::span(data, size));
  TimePoint now{};
  CommandChannel channel;
  while (rest.size() > 2) {
    const auto length = std::min<std::size_t>(load_be<2>(rest.data()), rest.size() - 2);
    static_cast<void>(channel.feed(rest.subspan(2, length)));
    rest = rest.subspan(2 + length);
    while (const auto event = channel.poll())
      if (const auto* asked = std::get_if<CommandChannel::Asked>(&*event)) answer(channel, *asked);
    static_cast<void>(channel.request(rest.first(std::min<std::size_t>(rest.size(), 8)), std::chrono::seconds(1), now));
    now += std::chrono::milliseconds(300);
    channel.on_timeout(now);
    const auto next = channel.next_timeout();
    check(!next || *next > now);
    check(channel.waiting_bytes() <= 2 * CommandChannel::kMaxWaitingBytes + (128 << 10));
    if (length % 2 == 0)
      while (const Bytes* message = channel.front()) {
        check(message->size() <= rtc::kMaxCommandBytes && rtc::parse_command(*message));
        channel.pop();
      }
  }
  return 0;
}
