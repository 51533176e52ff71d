/// The messages of `/signal` (camspan-wire.md section 4): one JSON object in a text message, either way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/p2p/signalling.hpp"

namespace camspan::net::signal {

inline constexpr std::size_t kMaxMessageBytes = 128 << 10;  ///< camspan-wire.md section 4

/// The device's first message; again when what it says has changed.
struct Hello {
  std::string device;
  std::string agent;
  CameraDescription camera;
  std::string time;                   ///< its clock, RFC 3339; "" = not said
  std::vector<std::string> sessions;  ///< that it still has, from before the connection was lost
};
struct Ready {
  std::vector<IceServer> ice_servers;
  unsigned keepalive_ms = 20000;
};
struct Answer {
  std::string session;
  std::string sdp;
};
struct Reject {
  std::string session;
  int status = 0;      ///< HTTP status, 400..599
  std::string reason;  ///< last part of a problem type: lower-case letters, digits and dashes
};
struct Bye {
  std::string session;
  std::string reason;
};
struct RequestKeyframe {
  unsigned channel = 0;
};
struct State {
  unsigned viewers = 0;
  std::uint64_t bitrate = 0;  ///< bit/s of the media coming in
};
/// Of a type that is not known here: ignored.
struct Unknown {};

using Message = std::variant<Hello, Ready, ViewerOffer, Answer, Reject, ViewerRestart, ViewerCandidate, Bye,
                             RequestKeyframe, State, Unknown>;

/// Reads a message of a peer; everything in it is bounded. Members that are not known are passed over.
/// @return Errc::malformed for what is no JSON object with a `type`, or lacks what its type needs;
///         Errc::too_large over kMaxMessageBytes or a bound of a member
Result<Message> parse(std::string_view text);

/// One line. Text that is no UTF-8 is replaced.
std::string write(const Message& message);

/// True for the last part of a problem type, as Reject::reason.
bool is_cause(std::string_view text);

}  // namespace camspan::net::signal
