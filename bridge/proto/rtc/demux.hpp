/// What a datagram on an ICE path is, by its first byte (RFC 7983).
#pragma once

#include <camspan/bytes.hpp>

namespace camspan::rtc {

enum class DatagramKind : std::uint8_t { stun, dtls, turn_channel, rtp, unknown };

constexpr DatagramKind kind_of(ByteView datagram) {
  if (datagram.empty()) return DatagramKind::unknown;
  const auto first = std::to_integer<unsigned>(datagram[0]);
  if (first <= 3) return DatagramKind::stun;
  if (first >= 20 && first <= 63) return DatagramKind::dtls;
  if (first >= 64 && first <= 79) return DatagramKind::turn_channel;
  if (first >= 128 && first <= 191) return DatagramKind::rtp;
  return DatagramKind::unknown;
}

}  // namespace camspan::rtc
