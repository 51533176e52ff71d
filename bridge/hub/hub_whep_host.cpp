#include "hub/hub_whep_host.hpp"

#include "hub/clock.hpp"
#include "hub/ice_servers.hpp"

namespace camspan::hub {
namespace {

// A camera that starts, or comes back after an outage, is there within seconds.
constexpr int kRetryOffline = 5;

}  // namespace

tl::expected<WhepHost::Viewer, Problem> HubWhepHost::admit(const net::RequestHead& request, const DeviceId& device,
                                                           Right right) {
  const auto claims = authorizer_.require(request, right, device);
  if (!claims) return tl::unexpected(claims.error());
  Viewer viewer{claims->subject, {}};
  for (const Right one : claims->allow) viewer.allow.emplace_back(right_name(one));
  return viewer;
}

tl::expected<WhepCamera*, Problem> HubWhepHost::camera(const DeviceId& device) {
  const auto known = devices_.find(device);
  if (!known) return tl::unexpected(known.error());
  if (WhepCamera* const camera = signals_.camera(device)) return camera;
  return tl::unexpected(retry_later(Cause::offline,
                                    device.str() +
                                        " is not connected for viewing peer to peer now. Try again, or watch /live/" +
                                        device.str() + ".flv.",
                                    kRetryOffline));
}

std::vector<net::IceServer> HubWhepHost::ice_servers(const WhepSession& session) {
  // Nothing of the viewer: the TURN server need not know who it is.
  return hub::ice_servers(ice_, session.id.substr(0, 8), utc_now());
}

}  // namespace camspan::hub
