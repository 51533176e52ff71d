/// How a camera's viewers find it, by its settings.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <functional>
#include <memory>

#include "net/p2p/signalling.hpp"

namespace camspan {

struct P2pSignaller {
  std::unique_ptr<net::Signaller> signaller;
  std::function<std::uint16_t()> port;                ///< that it listens on; 0 = none (yet). Empty = a hub's
  std::function<void(const SharedUnit& tag)> show{};  ///< the stream goes there, too. Empty = a hub's
};

/// Reads what files the settings name; no network yet. Made and destroyed on the P2P thread. `events` is called by
/// `post` only.
/// @param servers  STUN and TURN of the settings
/// @return the sentence names the setting and the fix
tl::expected<P2pSignaller, Failure> make_signaller(const P2pCameraConfig& config,
                                                   const std::vector<net::IceServer>& servers,
                                                   net::SignallingEvents& events, net::PostToP2p post);

}  // namespace camspan
