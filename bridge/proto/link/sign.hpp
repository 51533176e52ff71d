/// How a Link Kit device proves who it is: an HMAC, keyed with its secret, over its names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace camspan::link {

enum class SignMethod : std::uint8_t { hmac_md5, hmac_sha1, hmac_sha256 };

/// "hmacmd5", "hmacsha1", "hmacsha256", as `x-auth-param-signmethod` has them.
std::string_view name(SignMethod method);
std::optional<SignMethod> parse_sign_method(std::string_view text);

/// What is signed.
struct Names {
  std::string client_id;
  std::string product_key;
  std::string device_name;
  std::string timestamp;  ///< ms since 1970; "" = not part of the signature
};

/// Lower-case hex digits; "" when this OpenSSL has no such digest.
std::string sign(SignMethod method, const Names& names, std::string_view secret);

/// Takes as long for a wrong sign as for the right one. Hex digits of either case.
bool verify(SignMethod method, const Names& names, std::string_view secret, std::string_view sign);

}  // namespace camspan::link
