/// Through an HTTP proxy.
#pragma once

#include <asio/ip/tcp.hpp>

#include "net/connect.hpp"

namespace camspan::net {

/// Asks the proxy at the other end of `socket` for a tunnel to the host of `options` (CONNECT, RFC 9110 section 9.3.6).
/// What the host says first is left in the socket. The failure's sentence names proxy, host, cause and fix.
asio::awaitable<tl::expected<void, Failure>> open_tunnel(asio::ip::tcp::socket& socket, const ConnectOptions& options,
                                                         std::chrono::steady_clock::time_point deadline);

}  // namespace camspan::net
