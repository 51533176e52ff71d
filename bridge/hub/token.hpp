/// JSON web tokens (RFC 7519): who may do what with which device. Signatures by libjwt; what it leaves out (exp, iat,
/// the one algorithm that the key allows) is checked here.
#pragma once

#include <camspan/error.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hub/device_id.hpp"

namespace camspan::hub {

enum class Right : std::uint8_t { live, playback, talk, command, upload, admin };

/// "live", "playback", ... @return Errc::malformed for another word
Result<Right> parse_right(std::string_view name);
std::string_view right_name(Right right);

struct Claims {
  std::string subject;
  std::string device;  ///< an id, or "*" for every device
  std::vector<Right> allow;
  std::chrono::sys_seconds expires{};

  bool covers(const DeviceId& id) const;
  bool covers_all() const { return device == "*"; }
  bool allows(Right right) const;
};

enum class TokenFault : std::uint8_t { bad, expired };

/// The key that tokens are checked with: an HS256 secret, or a public key for ES256 (P-256) or RS256.
class TokenKey {
 public:
  /// Reads the key; the kind follows from the content. A missing file is made (32 random bytes in hex, mode 0600) when
  /// `create` is set. The sentence names the file and the fix. @return Errc::bad_setting, or a system error
  static tl::expected<TokenKey, Failure> load(const std::filesystem::path& file, bool create);

  /// True when tokens can be signed with it, which a public key cannot.
  bool can_sign() const { return algorithm_ == "HS256"; }

  /// A signed token. The caller has checked can_sign(). @return Errc::bad_setting when libjwt refuses
  Result<std::string> sign(const Claims& claims, std::chrono::sys_seconds now) const;

  /// Checks signature, algorithm, times and shape. A clock may be a minute ahead of ours where a time must lie behind.
  tl::expected<Claims, TokenFault> verify(const std::string& token, std::chrono::sys_seconds now) const;

 private:
  TokenKey(std::string bytes, std::string_view algorithm) : bytes_(std::move(bytes)), algorithm_(algorithm) {}

  std::string bytes_;  ///< the secret, or PEM
  std::string_view algorithm_;
};

}  // namespace camspan::hub
