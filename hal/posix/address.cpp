/// Addresses: text, hal_address and sockaddr.
#include "posix/posix.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace camspan::posix {
namespace {

void set_text(hal_address& address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> number{};
  inet_ntop(address.family == 4 ? AF_INET : AF_INET6, address.bytes, number.data(), number.size());
  if (address.family == 4) {
    snprintf(address.text, sizeof address.text, "%s:%u", number.data(), unsigned{address.port});
    return;
  }
  std::array<char, IF_NAMESIZE + 1> zone{};
  if (address.scope != 0) {
    zone[0] = '%';
    if (if_indextoname(address.scope, zone.data() + 1) == nullptr)
      snprintf(zone.data() + 1, zone.size() - 1, "%u", unsigned{address.scope});
  }
  snprintf(address.text, sizeof address.text, "[%s%s]:%u", number.data(), zone.data(), unsigned{address.port});
}

/// Index of an interface given by name or number (RFC 4007 section 11.2), or 0.
uint32_t zone_index(const char* zone) noexcept {
  if (const unsigned index = if_nametoindex(zone); index != 0) return index;
  const std::string_view digits(zone);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  std::array<char, IF_NAMESIZE> name{};
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  return whole && if_indextoname(number, name.data()) != nullptr ? number : 0;
}

}  // namespace

socklen_t to_sockaddr(const hal_address& address, sockaddr_storage* out) noexcept {
  *out = {};
  if (address.family == 4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    memcpy(&v4.sin_addr, address.bytes, sizeof v4.sin_addr);
    memcpy(out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  v6.sin6_scope_id = address.scope;
  memcpy(&v6.sin6_addr, address.bytes, sizeof v6.sin6_addr);
  memcpy(out, &v6, sizeof v6);
  return sizeof v6;
}

bool from_sockaddr(const sockaddr* in, uint16_t port, hal_address* out) noexcept {
  *out = {};
  out->port = port;
  if (in->sa_family == AF_INET) {
    sockaddr_in v4;
    memcpy(&v4, in, sizeof v4);
    out->family = 4;
    memcpy(out->bytes, &v4.sin_addr, sizeof v4.sin_addr);
  } else if (in->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    memcpy(&v6, in, sizeof v6);
    out->family = 6;
    out->scope = v6.sin6_scope_id;
    memcpy(out->bytes, &v6.sin6_addr, sizeof v6.sin6_addr);
  } else {
    return false;
  }
  set_text(*out);
  return true;
}

}  // namespace camspan::posix

int hal_address_parse(const char* host, uint16_t port, hal_address* out) noexcept {
  if (host == nullptr || out == nullptr) return EINVAL;
  *out = {};
  out->port = port;

  std::array<uint8_t, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, host, bytes.data()) == 1) {
    out->family = 4;
  } else {
    std::string_view number(host);
    if (number.starts_with('[') && number.ends_with(']')) number = number.substr(1, number.size() - 2);
    std::array<char, INET6_ADDRSTRLEN + IF_NAMESIZE> text{};  // the longest number, '%', the longest zone, NUL
    if (number.size() >= text.size()) return EINVAL;
    number.copy(text.data(), number.size());
    char* zone = strchr(text.data(), '%');
    if (zone != nullptr) *zone++ = '\0';
    if (inet_pton(AF_INET6, text.data(), bytes.data()) != 1) return EINVAL;
    out->family = 6;
    if (zone != nullptr) {
      out->scope = camspan::posix::zone_index(zone);
      if (out->scope == 0) return ENODEV;
    }
  }
  memcpy(out->bytes, bytes.data(), bytes.size());
  camspan::posix::set_text(*out);
  return 0;
}
