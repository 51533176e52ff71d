/// The ICE servers that devices and viewers are told of, with credentials that soon expire.
#pragma once

#include <camspan/unit.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hub/config.hpp"
#include "net/p2p/signalling.hpp"

namespace camspan::hub {

/// STUN servers as configured; TURN servers each with a username "<Unix time of expiry>:<name>" and, as password, the
/// base64 of its HMAC-SHA1 under the secret that the server shares ("TURN REST API" scheme: coturn's use-auth-secret).
std::vector<net::IceServer> ice_servers(const Config::Ice& ice, std::string_view name, UtcTime now);

/// True for a STUN or TURN URI (RFC 7064, RFC 7065) that fits between < and > of a Link field.
bool is_ice_url(std::string_view url);

}  // namespace camspan::hub
