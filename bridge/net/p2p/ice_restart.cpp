#include "net/p2p/ice_restart.hpp"

#include "core/log.hpp"

namespace camspan::net {

void ask_restart(Link& link, const std::string& session, const std::vector<IceServer>& servers, Signaller& signaller) {
  const auto own = link.restart(servers);
  if (own) return signaller.restart({session, own->ufrag, own->pwd});
  log::info("p2p", "viewer ", session, ": ICE cannot be restarted: ", own.error().message());
}

void take_restart(Link& link, const ViewerRestart& restart, const std::vector<IceServer>& servers,
                  Signaller& signaller) {
  if (!link.restart_asked()) ask_restart(link, restart.session, servers, signaller);
  link.answer_restart({restart.ufrag, restart.pwd});
}

}  // namespace camspan::net
