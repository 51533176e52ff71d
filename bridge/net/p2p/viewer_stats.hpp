/// What a viewer is told about itself (`get_stats`, camspan-wire.md section 5). A free function: any thread, no state.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <string>

namespace camspan::net {

/// One JSON object with the keys of an entry of `viewers` in the stats of p2psink, and their units; -1 for a time that
/// is not reached.
std::string viewer_stats_json(const P2pCameraViewerStats& stats);

}  // namespace camspan::net
