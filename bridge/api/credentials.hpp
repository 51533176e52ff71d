/// What an upload authenticates with.
#pragma once

#include <camspan/h2_push.hpp>
#include <string>

namespace camspan {

/// First line of the file, without surrounding white space. The failure names the file and the fix.
tl::expected<std::string, Failure> read_token_file(const std::string& path);

/// Value of the Authorization field: bearer token, else basic, else "". Reads the token file.
tl::expected<std::string, Failure> authorization(const H2PushConfig& config);

/// Value of the Proxy-Authorization field; "" without proxy_id.
std::string proxy_authorization(const H2PushConfig& config);

}  // namespace camspan
