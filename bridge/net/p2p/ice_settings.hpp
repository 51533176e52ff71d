/// How ICE looks for a path, what may go over it, and what it found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/p2p/signalling.hpp"
#include "proto/rtc/dtls.hpp"

namespace camspan::net {

struct IceSettings {
  std::vector<IceServer> servers;                ///< none by default: no public server is ever asked
  bool relay_only = false;                       ///< ice-transport-policy=relay
  std::uint16_t min_port = 0;                    ///< of host candidates; 0 = any
  std::uint16_t max_port = 0;                    ///< 0 = any
  bool tcp = false;                              ///< ICE-TCP as well (RFC 6544)
  bool loopback = false;                         ///< 127.0.0.1 as well, for viewers on this host alone
  int dscp = -1;                                 ///< 0..63 of outgoing packets; -1 = the system's
  std::size_t max_datagram = rtc::kMaxDatagram;  ///< bytes of an outgoing one, see rtc::PeerSettings
  bool servers_come = false;           ///< viewer: the answer brings the servers, and gathering waits for them
  std::vector<std::string> addresses;  ///< gather on these only; empty = on all but loopback
};

/// The pair of candidates that carries the data.
struct PathInfo {
  std::string local_type;   ///< "host", "srflx", "prflx", "relay"
  std::string remote_type;  ///< likewise
  std::string protocol;     ///< "udp", "tcp"
  bool relayed = false;     ///< over a TURN server of either side
};

}  // namespace camspan::net
