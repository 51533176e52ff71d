#include "net/listener.hpp"

#include <camspan/hal.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <cerrno>
#include <cstring>

namespace camspan::net {
namespace {

using asio::ip::tcp;

// Browsers open several connections at once, and a thousand viewers may come back at once after an outage. The kernel
// bounds it by net.core.somaxconn, 4096.
constexpr int kBacklog = 1024;
// A dead peer is noticed in 4 * 30 s even by a side that only waits.
constexpr int kKeepaliveSeconds = 30;
// Free ports of IPv4 that are taken on IPv6 are rare.
constexpr int kPortTries = 8;

std::string name_of(const std::string& host, std::uint16_t port) {
  return host + ':' + std::to_string(port);
}

Failure listen_failure(const std::string& host, std::uint16_t port, int error) {
  const std::string name = name_of(host, port);
  switch (error) {
    case EADDRINUSE:
      return {Errc::busy, name + " is in use. Stop the other program, or choose another port (0 = any free one)."};
    case EACCES:
    case EPERM:
      return {Errc::not_authorized,
              "this user may not listen on " + name + ". Choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE."};
    case EADDRNOTAVAIL:
    case ENODEV:
      return {Errc::bad_setting, host + " is no address of this machine, so nothing can listen on " + name +
                                     ". Name one that it has, or 0.0.0.0 for all."};
    case EAFNOSUPPORT:
      return {Errc::unsupported, "this machine has no IPv6, which " + name + " needs. Name an IPv4 address."};
    default:
      return {Errc::io_error, "cannot listen on " + name + ": " + std::strerror(error) + "."};
  }
}

/// @return 0 or errno
int open_one(const asio::any_io_executor& executor, const char* host, std::uint16_t port,
             const hal_socket_options& options, Listeners& into) {
  hal_address at;
  if (const int error = hal_address_parse(host, port, &at); error != 0) return error;
  int fd = -1;
  if (const int error = hal()->listen(&at, &options, kBacklog, &fd); error != 0) return error;
  into.acceptors.emplace_back(executor, at.family == 6 ? tcp::v6() : tcp::v4(), fd);
  return 0;
}

/// A client that takes little then waits in its queue, where it can be skipped, and not in the system's megabytes.
void bound_unsent(tcp::acceptor& acceptor, int bytes) {
  if (bytes == 0) return;
  // Best effort: accepted sockets inherit it; a system without it queues more.
  ::setsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

std::uint16_t port_of(const Listeners& listeners) {
  return listeners.acceptors.front().local_endpoint().port();
}

/// Both loopback addresses (RFC 6761 section 6.3), without a name server; IPv4 alone where there is no IPv6.
int open_localhost(const asio::any_io_executor& executor, std::uint16_t port, const hal_socket_options& options,
                   Listeners& into) {
  for (int tries = 0;; ++tries) {
    into.acceptors.clear();
    if (const int error = open_one(executor, "127.0.0.1", port, options, into); error != 0) return error;
    const int error = open_one(executor, "::1", port_of(into), options, into);
    if (error == 0 || error == EADDRNOTAVAIL || error == EAFNOSUPPORT) return 0;
    if (port != 0 || error != EADDRINUSE || tries == kPortTries) return error;
  }
}

}  // namespace

tl::expected<Listeners, Failure> open_listeners(const asio::any_io_executor& executor, const std::string& host,
                                                std::uint16_t port, const ListenOptions& options) {
  const hal_socket_options socket{options.interface, options.dscp, kKeepaliveSeconds, 1};
  Listeners listeners;
  const int error = host == "localhost" ? open_localhost(executor, port, socket, listeners)
                                        : open_one(executor, host.c_str(), port, socket, listeners);
  if (error == EINVAL)
    return tl::unexpected<Failure>({Errc::bad_setting, "cannot listen on \"" + host +
                                                           "\": it is not a numeric address. Name one such as "
                                                           "127.0.0.1, [::1] or 0.0.0.0, or localhost."});
  if (error != 0) return tl::unexpected<Failure>(listen_failure(host, port, error));
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  for (tcp::acceptor& acceptor : listeners.acceptors) bound_unsent(acceptor, options.max_unsent_bytes);
  listeners.bound = name_of(bare_ipv6 ? '[' + host + ']' : host, port_of(listeners));
  return listeners;
}

}  // namespace camspan::net
