/// A camera as its own WHEP host: one device, a token or a key, ICE servers as they are set.
#pragma once

#include <functional>
#include <optional>

#include "hub/auth.hpp"
#include "hub/whep_route.hpp"
#include "net/bearer_token.hpp"

namespace camspan {

/// Lives on the I/O thread.
class LocalHost final : public hub::WhepHost, public hub::WhepCamera {
 public:
  using Tell = std::function<void(const net::signal::Message& message)>;

  /// @param tell  gets what viewers say
  LocalHost(hub::DeviceId device, const std::string& token, std::optional<hub::Authorizer> authorizer,
            std::vector<net::IceServer> ice_servers, Tell tell)
      : device_(std::move(device)),
        token_(token),
        authorizer_(std::move(authorizer)),
        ice_servers_(std::move(ice_servers)),
        tell_(std::move(tell)) {}

  const hub::DeviceId& device() const { return device_; }
  const std::vector<net::IceServer>& ice() const { return ice_servers_; }
  /// Neither token nor key: only this machine is served.
  bool loopback_only() const { return !token_.required() && !authorizer_; }

  tl::expected<Viewer, hub::Problem> admit(const net::RequestHead& request, const hub::DeviceId& device,
                                           hub::Right right) override;
  tl::expected<hub::WhepCamera*, hub::Problem> camera(const hub::DeviceId& device) override;
  std::vector<net::IceServer> ice_servers(const hub::WhepSession&) override { return ice_servers_; }
  void tell(const net::signal::Message& message) override { tell_(message); }

 private:
  const hub::DeviceId device_;
  const net::SharedToken token_;
  const std::optional<hub::Authorizer> authorizer_;
  const std::vector<net::IceServer> ice_servers_;
  const Tell tell_;
};

}  // namespace camspan
