/// What a camera's settings say about ICE.
#pragma once

#include <camspan/p2p_camera.hpp>

#include "net/p2p/p2p_link.hpp"

namespace camspan {

/// @return the sentence names the setting and the fix
tl::expected<net::IceSettings, Failure> ice_settings(const P2pCameraConfig& config);

}  // namespace camspan
