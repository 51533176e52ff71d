#include "net/bearer_token.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace camspan::net {
namespace {

std::optional<std::string_view> bearer(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  if (value.size() < scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((value[i] | 0x20) != (scheme[i] | 0x20)) return std::nullopt;
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

std::array<std::byte, 32> digest_of(std::string_view token) {
  std::array<std::byte, 32> digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace

std::optional<std::string> token_of(const RequestHead& request) {
  if (const auto header = request.headers.find("authorization"))
    if (const auto token = bearer(*header)) return std::string(*token);
  return request.query_value("token");
}

SharedToken::SharedToken(std::string_view token) : digest_(digest_of(token)), required_(!token.empty()) {}

bool SharedToken::matches(const RequestHead& request) const {
  if (!required_) return true;
  const auto shown = token_of(request);
  if (!shown) return false;
  const auto digest = digest_of(*shown);
  return CRYPTO_memcmp(digest.data(), digest_.data(), digest_.size()) == 0;
}

}  // namespace camspan::net
