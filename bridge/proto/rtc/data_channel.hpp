/// Data channels (RFC 8831) and the protocol that opens them (DCEP, RFC 8832).
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace camspan::rtc {

using ChannelId = std::uint16_t;  ///< the SCTP stream of both directions

/// How a message is delivered. The sender says so for each one, whatever the channel was opened with.
enum class Delivery : std::uint8_t {
  reliable,   ///< and in order
  timed,      ///< in order; given up after a lifetime
  unordered,  ///< not sent again when it is lost
};

/// What a channel is asked for with.
struct ChannelSettings {
  std::string label;
  std::string protocol{};
  bool ordered = true;
  std::optional<std::uint32_t> max_lifetime_ms{};  ///< at most one of the two
  std::optional<std::uint32_t> max_retransmits{};
};

struct ChannelOpen : ChannelSettings {
  ChannelId id = 0;
  bool by_peer = false;  ///< the peer asked for it
};

}  // namespace camspan::rtc
