/// Where an upload goes when its receiver answers 3xx.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/url.hpp"

namespace camspan {

/// What RFC 9110 (section 15.4) says of a redirect, as far as an upload needs it.
enum class Redirect : std::uint8_t {
  none,       ///< another status
  temporary,  ///< 302, 307: for this request
  permanent,  ///< 301, 308: for all later ones, too
  elsewhere,  ///< 303: something to read, not to upload to
};
Redirect redirect_of(int status);
/// 307 and 308 forbid what clients do after the others: turning a POST into a GET.
bool keeps_method(int status);

/// Scheme, host and port are the same: what may be shown to the one may be shown to the other.
bool same_origin(const Url& one, const Url& other);
/// As a user writes it.
std::string to_string(const Url& url);

/// The URL that a Location field names, which may be relative (RFC 3986 section 5.2).
/// @return the sentence says why an upload does not go there: no http URL, or with TLS where `from` has none, or the
/// other way about
tl::expected<Url, Failure> redirect_target(const Url& from, std::string_view location);

}  // namespace camspan
