#include "proto/link/sign.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <algorithm>
#include <array>

namespace camspan::link {
namespace {

constexpr std::array<std::string_view, 3> kNames{"hmacmd5", "hmacsha1", "hmacsha256"};

const EVP_MD* digest_of(SignMethod method) {
  switch (method) {
    case SignMethod::hmac_md5:
      return EVP_md5();
    case SignMethod::hmac_sha1:
      return EVP_sha1();
    case SignMethod::hmac_sha256:
      return EVP_sha256();
  }
  return nullptr;
}

}  // namespace

std::string_view name(SignMethod method) {
  return kNames[static_cast<std::size_t>(method)];
}

std::optional<SignMethod> parse_sign_method(std::string_view text) {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<SignMethod>(found - kNames.begin());
}

std::string sign(SignMethod method, const Names& names, std::string_view secret) {
  std::string message =
      "clientId" + names.client_id + "deviceName" + names.device_name + "productKey" + names.product_key;
  if (!names.timestamp.empty()) message += "timestamp" + names.timestamp;
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  if (HMAC(digest_of(method), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), bytes.data(), &size) == nullptr)
    return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

bool verify(SignMethod method, const Names& names, std::string_view secret, std::string_view sign) {
  const std::string right = link::sign(method, names, secret);
  std::string given(sign);
  for (char& c : given)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + ('a' - 'A'));
  return !right.empty() && given.size() == right.size() && CRYPTO_memcmp(given.data(), right.data(), right.size()) == 0;
}

}  // namespace camspan::link
