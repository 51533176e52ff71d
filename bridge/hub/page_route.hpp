/// GET / and below: the viewer page.
#pragma once

#include <asio/awaitable.hpp>

#include "net/http_exchange.hpp"

namespace camspan::hub {

/// Answers a GET or HEAD for a file of the page; Cause::unknown_route for all that is none. Asks for no token: the page
/// has no data in it.
asio::awaitable<void> serve_page(net::HttpExchange& exchange);

}  // namespace camspan::hub
