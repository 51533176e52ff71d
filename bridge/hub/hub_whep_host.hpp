/// The hub as viewers join its cameras: tokens, devices, their sockets, ICE servers.
#pragma once

#include "hub/auth.hpp"
#include "hub/config.hpp"
#include "hub/devices.hpp"
#include "hub/signal_route.hpp"
#include "hub/whep_route.hpp"

namespace camspan::hub {

/// Lives on the I/O thread.
class HubWhepHost final : public WhepHost {
 public:
  HubWhepHost(const Authorizer& authorizer, Devices& devices, const SignalRoute& signals, const Config::Ice& ice)
      : authorizer_(authorizer), devices_(devices), signals_(signals), ice_(ice) {}

  tl::expected<Viewer, Problem> admit(const net::RequestHead& request, const DeviceId& device, Right right) override;
  tl::expected<WhepCamera*, Problem> camera(const DeviceId& device) override;
  std::vector<net::IceServer> ice_servers(const WhepSession& session) override;

 private:
  const Authorizer& authorizer_;
  Devices& devices_;
  const SignalRoute& signals_;
  const Config::Ice& ice_;
};

}  // namespace camspan::hub
