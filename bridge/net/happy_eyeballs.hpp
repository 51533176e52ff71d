/// TCP connections to a host with several addresses (RFC 8305 section 5).
#pragma once

#include <camspan/hal.h>
#include <asio/ip/tcp.hpp>
#include <span>

#include "net/connect.hpp"

namespace camspan::net {

/// Starts a connection to each address in turn, 250 ms apart or as soon as one fails, and takes the first that stands.
/// @param addresses  at least one; interleaved by family, as the HAL gives them
asio::awaitable<tl::expected<asio::ip::tcp::socket, Failure>> happy_eyeballs(
    std::span<const hal_address> addresses, const ConnectOptions& options,
    std::chrono::steady_clock::time_point deadline);

}  // namespace camspan::net
