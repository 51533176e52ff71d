/// Sockets that connect and sockets that listen, both non-blocking and close-on-exec.
#include "posix/posix.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace camspan::posix {
namespace {

int set(int fd, int level, int option, int value) noexcept {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

int set_dscp(int fd, uint8_t family, int dscp) noexcept {
  if (dscp > 63) return EINVAL;
  const int traffic_class = dscp << 2;  // the two low bits are ECN, RFC 3168; TCP sets those itself
  return family == 4 ? set(fd, IPPROTO_IP, IP_TOS, traffic_class) : set(fd, IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
}

int set_keepalive(int fd, int seconds) noexcept {
  if (const int error = set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)) return error;
  if (const int error = set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds)) return error;
  if (const int error = set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds)) return error;
  return set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

int apply(int fd, uint8_t family, const hal_socket_options& options) noexcept {
  if (options.interface != nullptr && *options.interface != '\0') {
    const auto length = static_cast<socklen_t>(strlen(options.interface));
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.interface, length) != 0) return errno;
  }
  if (options.dscp >= 0) {
    if (const int error = set_dscp(fd, family, options.dscp)) return error;
  }
  if (options.keepalive_s > 0) {
    if (const int error = set_keepalive(fd, options.keepalive_s)) return error;
  }
  return options.no_delay != 0 ? set(fd, IPPROTO_TCP, TCP_NODELAY, 1) : 0;
}

/// Makes a socket, lets `use` connect or bind it, and hands it out if that worked.
template <class Use>
int make_socket(const hal_address* address, const hal_socket_options* options, int* fd, Use use) noexcept {
  if (address == nullptr || fd == nullptr || (address->family != 4 && address->family != 6)) return EINVAL;
  *fd = -1;
  const int made = socket(address->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) return errno;
  int error = options != nullptr ? apply(made, address->family, *options) : 0;
  if (error == 0) {
    sockaddr_storage to;
    const socklen_t length = to_sockaddr(*address, &to);
    error = use(made, reinterpret_cast<const sockaddr*>(&to), length);
  }
  if (error != 0)
    close(made);
  else
    *fd = made;
  return error;
}

}  // namespace

int connect_start(const hal_address* to, const hal_socket_options* options, int* fd) noexcept {
  return make_socket(to, options, fd, [](int made, const sockaddr* address, socklen_t length) {
    // An interrupted connect goes on by itself (POSIX).
    return connect(made, address, length) == 0 || errno == EINPROGRESS || errno == EINTR ? 0 : errno;
  });
}

int listen(const hal_address* at, const hal_socket_options* options, int backlog, int* fd) noexcept {
  return make_socket(at, options, fd, [backlog](int made, const sockaddr* address, socklen_t length) {
    if (const int error = set(made, SOL_SOCKET, SO_REUSEADDR, 1)) return error;
    if (address->sa_family == AF_INET6) {
      if (const int error = set(made, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return error;
    }
    return bind(made, address, length) == 0 && ::listen(made, backlog) == 0 ? 0 : errno;
  });
}

}  // namespace camspan::posix
