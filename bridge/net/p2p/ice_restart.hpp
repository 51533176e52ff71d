/// A camera's part in restarting ICE (camspan-wire.md section 4). P2P thread only.
#pragma once

#include <string>
#include <vector>

#include "net/p2p/p2p_link.hpp"
#include "net/p2p/signalling.hpp"

namespace camspan::net {

/// Asks a viewer for a restart: the host has other addresses. Its answer is for take_restart().
void ask_restart(Link& link, const std::string& session, const std::vector<IceServer>& servers, Signaller& signaller);

/// A viewer asks, or answers.
void take_restart(Link& link, const ViewerRestart& restart, const std::vector<IceServer>& servers,
                  Signaller& signaller);

}  // namespace camspan::net
