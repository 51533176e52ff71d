/// How a camera's viewers find it, by its settings.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <functional>
#include <memory>

#include "net/p2p/signalling.hpp"

namespace camspan {

struct P2pSignaller {
  std::unique_ptr<net::Signaller> signaller;
  std::function<std::uint16_t()> port;  ///< that it listens on; 0 = none (yet)
};

/// Reads what files the settings name; no network yet. `events` is called by `post` only.
/// @return the sentence names the setting and the fix
tl::expected<P2pSignaller, Failure> make_signaller(const P2pCameraConfig& config, net::SignallingEvents& events,
                                                   net::PostToP2p post);

}  // namespace camspan
