/// Names to addresses, by the HAL.
#pragma once

#include <camspan/hal.h>
#include <asio/awaitable.hpp>
#include <vector>

#include "net/connect.hpp"

namespace camspan::net {

/// Addresses of `options.host` in the order to try. Numeric addresses and cached names need no suspension.
/// A lookup that is given up goes on by itself; the HAL cannot cancel it.
asio::awaitable<tl::expected<std::vector<hal_address>, Failure>> look_up(
    const ConnectOptions& options, std::chrono::steady_clock::time_point deadline);

}  // namespace camspan::net
