/// The URL of an upload.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace camspan {

struct Url {
  bool tls = true;
  std::string host;  ///< bare, without brackets
  std::uint16_t port = 0;
  std::string authority;  ///< as in the Host field: port left out when it is the scheme's own
  std::string path;       ///< with query; at least "/"
};

/// Reads https:// and h2:// (TLS), http:// and h2c:// (HTTP/2 by prior knowledge). User info and fragments are refused.
tl::expected<Url, Failure> parse_url(std::string_view text);

/// The address of a proxy: http://HOST[:PORT], port 80 when there is none.
tl::expected<Url, Failure> parse_proxy(std::string_view text);

}  // namespace camspan
