#include "api/p2p_ice.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace camspan {
namespace {

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

/// %XX of the user part; what is no escape stays.
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16).ptr == &text[i + 1] + 2) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// "turn://user:password@host:port?transport=udp" as GStreamer writes servers, also without the slashes.
std::optional<net::IceServer> server_of(std::string_view text, std::initializer_list<std::string_view> schemes) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = text.substr(0, colon);
  if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) return std::nullopt;
  std::string_view rest = text.substr(colon + 1);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  net::IceServer server;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = rest.substr(0, at);
    const std::size_t split = std::min(user.find(':'), user.size());
    server.username = unescaped(user.substr(0, split));
    server.credential = unescaped(user.substr(std::min(split + 1, user.size())));
    rest.remove_prefix(at + 1);
  }
  if (rest.empty()) return std::nullopt;
  server.url = std::string(scheme) + ":" + std::string(rest);
  return server;
}

struct FreeAddresses {
  void operator()(ifaddrs* list) const { freeifaddrs(list); }
};

/// The addresses of a network interface.
std::vector<std::string> addresses_of(const std::string& interface) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, FreeAddresses> list(first);
  std::vector<std::string> result;
  for (const ifaddrs* entry = list.get(); entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || interface != entry->ifa_name) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* address = nullptr;
    if (entry->ifa_addr->sa_family == AF_INET)
      address = &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    if (entry->ifa_addr->sa_family == AF_INET6)
      address = &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    if (address && inet_ntop(entry->ifa_addr->sa_family, address, text.data(), text.size()))
      result.emplace_back(text.data());
  }
  return result;
}

bool is_this_host(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

/// Viewers come to an address of this host alone.
bool only_this_host(const P2pCameraConfig& config) {
  if (config.signalling == P2pSignalling::local) return is_this_host(config.local_host);
  std::string_view host = config.hub_uri;
  if (const auto slashes = host.find("//"); slashes != std::string_view::npos) host.remove_prefix(slashes + 2);
  host = host.substr(0, host.find('/'));
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  return is_this_host(host.substr(0, host.find(']') == std::string_view::npos ? host.size() : host.find(']') + 1));
}

}  // namespace

tl::expected<net::IceSettings, Failure> ice_settings(const P2pCameraConfig& config) {
  net::IceSettings settings;
  if (!config.stun_server.empty()) {
    auto server = server_of(config.stun_server, {"stun", "stuns"});
    if (!server) return bad("stun-server \"" + config.stun_server + "\" is no stun://HOST:PORT.");
    settings.servers.push_back(std::move(*server));
  }
  for (const std::string& turn : config.turn_servers) {
    auto server = server_of(turn, {"turn", "turns"});
    // A password may be in it, so it is not repeated.
    if (!server) return bad("one of turn-servers is no turn://USER:PASSWORD@HOST:PORT.");
    settings.servers.push_back(std::move(*server));
  }
  if (config.min_ice_port > config.max_ice_port) return bad("ice-port-range ends before it begins: write MIN-MAX.");
  if (!config.interface.empty()) {
    settings.addresses = addresses_of(config.interface);
    if (settings.addresses.empty())
      return bad("interface \"" + config.interface + "\" has no address. `ip address` lists those that have.");
  }
  settings.relay_only = config.relay_only;
  settings.min_port = config.min_ice_port;
  settings.max_port = config.max_ice_port;
  settings.tcp = config.ice_tcp;
  settings.loopback = only_this_host(config);
  settings.dscp = config.dscp;
  return settings;
}

}  // namespace camspan
