#include "hub/auth.hpp"

#include <algorithm>

#include "net/bearer_token.hpp"

namespace camspan::hub {
namespace {

// Our own tokens have about 300 bytes; those of large issuers stay below this.
constexpr std::size_t kMaxTokenBytes = 8192;

}  // namespace

tl::expected<Claims, Problem> Authorizer::authenticate(const net::RequestHead& request) const {
  const auto token = net::token_of(request);
  if (!token || token->empty())
    return tl::unexpected(
        Problem{Cause::missing_token,
                "Send a token as \"Authorization: Bearer ...\" or ?token=. `camspan-hub token` makes one.",
                {},
                {}});
  // A NUL would hide what follows it from libjwt.
  if (token->size() > kMaxTokenBytes || token->find('\0') != std::string::npos)
    return tl::unexpected(Problem{Cause::bad_token, "This is no token of this hub. Ask for a new one.", {}, {}});
  auto claims = key_.verify(*token, clock_());
  if (!claims && claims.error() == TokenFault::expired)
    return tl::unexpected(
        Problem{Cause::expired_token, "The token was good until it expired. Ask for a new one.", {}, {}});
  if (!claims)
    return tl::unexpected(
        Problem{Cause::bad_token,
                "The token is not signed by this hub's key or lacks dev, allow or exp. Ask for a new one.",
                {},
                {}});
  if (claims->allow.empty())
    return tl::unexpected(
        Problem{Cause::not_allowed, "The token gives no right at this hub. Ask for one that does.", {}, {}});
  return std::move(*claims);
}

tl::expected<Claims, Problem> Authorizer::require(const net::RequestHead& request, Right right) const {
  auto claims = authenticate(request);
  if (!claims || claims->allows(right)) return claims;
  const std::string name(right_name(right));
  return tl::unexpected(
      Problem{Cause::not_allowed,
              "The token lacks the right \"" + name + "\". Ask for one made with --allow " + name + ".",
              {},
              {}});
}

tl::expected<Claims, Problem> Authorizer::require(const net::RequestHead& request, Right right,
                                                  const DeviceId& device) const {
  auto claims = require(request, right);
  if (!claims || claims->covers(device)) return claims;
  return tl::unexpected(Problem{Cause::not_allowed,
                                "The token is for another device. Ask for one made with --device " + device.str() + ".",
                                {},
                                {}});
}

tl::expected<void, Problem> Authorizer::require_hub(const net::RequestHead& request, Right right) const {
  const auto claims = require(request, right);
  if (!claims) return tl::unexpected(claims.error());
  if (claims->covers_all()) return {};
  return tl::unexpected(
      Problem{Cause::not_allowed, "The token is for one device. Ask for one made with --device '*'.", {}, {}});
}

tl::expected<void, Problem> Authorizer::require_upload(const net::RequestHead& request, const DeviceId& device) const {
  if (const auto id = DeviceId::parse(request.client_certificate_name); id && *id == device) return {};
  auto claims = require(request, Right::upload, device);
  if (!claims) return tl::unexpected(std::move(claims.error()));
  return {};
}

}  // namespace camspan::hub
