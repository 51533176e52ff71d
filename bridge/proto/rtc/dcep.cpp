#include "proto/rtc/dcep.hpp"

namespace camspan::rtc {
namespace {

constexpr std::byte kAck{0x02};
constexpr std::byte kOpen{0x03};
constexpr std::size_t kOpenHeader = 12;
constexpr unsigned kUnordered = 0x80;
constexpr unsigned kReliable = 0x00;
constexpr unsigned kRetransmits = 0x01;
constexpr unsigned kLifetime = 0x02;
constexpr std::uint64_t kNormalPriority = 256;  // RFC 8831 section 6.4

}  // namespace

Result<ChannelSettings> parse_channel_open(ByteView message) {
  if (message.size() < kOpenHeader || message[0] != kOpen) return fail(Errc::malformed);
  const auto type = std::to_integer<unsigned>(message[1]);
  const auto reliability = static_cast<std::uint32_t>(load_be<4>(&message[4]));
  const auto label_bytes = static_cast<std::size_t>(load_be<2>(&message[8]));
  const auto protocol_bytes = static_cast<std::size_t>(load_be<2>(&message[10]));
  if (message.size() != kOpenHeader + label_bytes + protocol_bytes) return fail(Errc::malformed);
  if (label_bytes > kMaxLabelBytes || protocol_bytes > kMaxProtocolBytes) return fail(Errc::too_large);
  ChannelSettings settings;
  settings.ordered = (type & kUnordered) == 0;
  switch (type & ~kUnordered) {
    case kReliable:
      break;
    case kRetransmits:
      settings.max_retransmits = reliability;
      break;
    case kLifetime:
      settings.max_lifetime_ms = reliability;
      break;
    default:
      return fail(Errc::malformed);
  }
  settings.label = as_text(message.subspan(kOpenHeader, label_bytes));
  settings.protocol = as_text(message.subspan(kOpenHeader + label_bytes));
  return settings;
}

Bytes write_channel_open(const ChannelSettings& settings) {
  unsigned type = settings.max_retransmits ? kRetransmits : settings.max_lifetime_ms ? kLifetime : kReliable;
  if (!settings.ordered) type |= kUnordered;
  Bytes message(kOpenHeader);
  message[0] = kOpen;
  message[1] = static_cast<std::byte>(type);
  store_be<2>(&message[2], kNormalPriority);
  store_be<4>(&message[4], settings.max_retransmits.value_or(settings.max_lifetime_ms.value_or(0)));
  store_be<2>(&message[8], settings.label.size());
  store_be<2>(&message[10], settings.protocol.size());
  for (const auto* text : {&settings.label, &settings.protocol}) {
    const ByteView bytes = as_bytes(*text);
    message.insert(message.end(), bytes.begin(), bytes.end());
  }
  return message;
}

bool is_channel_ack(ByteView message) {
  return message.size() == 1 && message[0] == kAck;
}

Bytes write_channel_ack() {
  return {kAck};
}

}  // namespace camspan::rtc
