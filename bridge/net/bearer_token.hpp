/// Bearer tokens of requests (RFC 6750).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_exchange.hpp"

namespace camspan::net {

/// The token that a request shows: `authorization: Bearer ...`, or else, for players and pages, `?token=`.
std::optional<std::string> token_of(const RequestHead& request);

/// One secret that all who may come have in common. Held as its digest, so that comparing takes the same time whatever
/// is shown.
class SharedToken {
 public:
  /// @param token  "" = nobody has to show one
  explicit SharedToken(std::string_view token);

  bool required() const { return required_; }
  /// True if `request` shows it, or none is required.
  bool matches(const RequestHead& request) const;

 private:
  std::array<std::byte, 32> digest_{};  // SHA-256
  bool required_;
};

}  // namespace camspan::net
