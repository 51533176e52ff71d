/// STUN and TURN servers as libnice takes them.
#pragma once

#include <camspan/error.hpp>
#include <string>

#include "net/p2p/ice_settings.hpp"

typedef struct _NiceAgent NiceAgent;

namespace camspan::net {

/// "stun:host:port", "turn:host:port?transport=udp", "turns:host:port" (RFC 7064, RFC 7065).
struct IceUrl {
  enum class Kind : std::uint8_t { stun, turn_udp, turn_tcp, turn_tls };
  Kind kind = Kind::stun;
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
};

/// @return Errc::malformed, or Errc::unsupported (stuns, TURN over DTLS)
Result<IceUrl> parse_ice_url(std::string_view url);

/// Before gathering. What cannot be used is logged and left out.
void use_server(NiceAgent* agent, unsigned stream, const IceServer& server);

}  // namespace camspan::net
