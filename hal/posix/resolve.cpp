/// The table's blocking name lookup, on getaddrinfo().
#include "posix/posix.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>

namespace camspan::posix {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

int look_up(const char* host, int flags, Addresses& found) noexcept {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int eai = getaddrinfo(host, nullptr, &hints, &list);
  const int status = eai == EAI_SYSTEM ? (errno != 0 ? errno : EIO) : resolve_status(eai);
  if (eai == 0) found.reset(list);
  return status;
}

}  // namespace

int resolve_status(int eai) noexcept {
  switch (eai) {
    case 0:
      return 0;
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
      return ENOENT;
    case EAI_AGAIN:
      return EAGAIN;
    case EAI_MEMORY:
      return ENOMEM;
    default:
      return EIO;
  }
}

void interleave(std::span<hal_address> addresses) noexcept {
  for (size_t i = 1; i < addresses.size(); ++i) {
    const auto wanted = addresses.begin() + static_cast<ptrdiff_t>(i);
    const uint8_t last = addresses[i - 1].family;
    const auto other = std::find_if(wanted, addresses.end(), [last](const auto& a) { return a.family != last; });
    if (other == addresses.end()) return;
    std::rotate(wanted, other, other + 1);
  }
}

int resolve(const char* host, uint16_t port, hal_address* out, size_t capacity, size_t* count) noexcept {
  if (host == nullptr || out == nullptr || count == nullptr) return EINVAL;
  *count = 0;
  Addresses found;
  int status = look_up(host, AI_ADDRCONFIG, found);
  // AI_ADDRCONFIG does not count loopback addresses, so without a network it can hide even the names of /etc/hosts.
  if (status == ENOENT) status = look_up(host, 0, found);
  if (status != 0) return status;

  for (const addrinfo* entry = found.get(); entry != nullptr && *count < capacity; entry = entry->ai_next) {
    if (from_sockaddr(entry->ai_addr, port, &out[*count])) ++*count;
  }
  interleave(std::span(out, *count));
  return *count > 0 ? 0 : ENOENT;
}

}  // namespace camspan::posix
