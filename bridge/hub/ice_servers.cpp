#include "hub/ice_servers.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <algorithm>
#include <array>

namespace camspan::hub {
namespace {

std::string password_of(const std::string& username, const std::string& secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(username.data()), username.size(), digest.data(), &size);
  std::string text(4 * ((size + 2) / 3) + 1, '\0');  // and the NUL that OpenSSL writes
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(), static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

std::vector<net::IceServer> ice_servers(const Config::Ice& ice, std::string_view name, UtcTime now) {
  std::vector<net::IceServer> servers;
  for (const std::string& url : ice.stun) servers.push_back({url, {}, {}});
  const auto expiry = std::chrono::floor<std::chrono::seconds>(now + ice.ttl).time_since_epoch().count();
  const std::string username = std::to_string(expiry) + ":" + std::string(name);
  for (const Config::Ice::Turn& turn : ice.turn)
    servers.push_back({turn.url, username, password_of(username, turn.secret)});
  return servers;
}

bool is_ice_url(std::string_view url) {
  const auto scheme = url.substr(0, url.find(':'));
  const bool known = scheme == "stun" || scheme == "stuns" || scheme == "turn" || scheme == "turns";
  return known && url.size() > scheme.size() + 1 && url.size() <= 256 &&
         std::all_of(url.begin(), url.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != ',' && c != ';';
         });
}

}  // namespace camspan::hub
