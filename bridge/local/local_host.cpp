#include "local/local_host.hpp"

namespace camspan {
namespace {

using hub::Cause;
using hub::Problem;

}  // namespace

tl::expected<hub::WhepHost::Viewer, Problem> LocalHost::admit(const net::RequestHead& request,
                                                              const hub::DeviceId& device, hub::Right right) {
  Viewer all{{}, {"live", "playback", "talk", "command", "admin"}};
  if (loopback_only()) {
    if (request.loopback) return all;
    return tl::unexpected(Problem{Cause::not_allowed,
                                  "This camera serves its own machine only. Set signaller::auth-token-file or "
                                  "signaller::jwt-key-file for others.",
                                  {},
                                  {}});
  }
  if (token_.required() && token_.matches(request)) return all;
  if (!authorizer_) {
    const bool shown = net::token_of(request).has_value();
    return tl::unexpected(Problem{shown ? Cause::bad_token : Cause::missing_token,
                                  "Send the token of this camera as \"Authorization: Bearer ...\" or ?token=.",
                                  {},
                                  {}});
  }
  const auto claims = authorizer_->require(request, right, device);
  if (!claims) return tl::unexpected(claims.error());
  Viewer viewer{claims->subject, {}};
  for (const hub::Right one : claims->allow) viewer.allow.emplace_back(hub::right_name(one));
  return viewer;
}

tl::expected<hub::WhepCamera*, Problem> LocalHost::camera(const hub::DeviceId& device) {
  if (device == device_) return this;
  return tl::unexpected(
      Problem{Cause::unknown_device, "This is the camera " + device_.str() + "; there is no other here.", {}, {}});
}

}  // namespace camspan
