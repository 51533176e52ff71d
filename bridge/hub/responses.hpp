/// Small answers and small request bodies.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/problem.hpp"
#include "net/http_exchange.hpp"

namespace camspan::hub {

/// Answers with a whole body at once. Errors are left alone: the peer has gone.
asio::awaitable<void> send_body(net::HttpExchange& exchange, int status, http::Headers headers, std::string body);

/// Answers with JSON that no cache keeps.
asio::awaitable<void> send_json(net::HttpExchange& exchange, int status, std::string body);

/// Reads a body of at most `max_bytes`; Cause::too_large over that.
asio::awaitable<tl::expected<std::string, Problem>> read_text(net::HttpExchange& exchange, std::size_t max_bytes);

/// The request came from a page of another site. A browser says so in `origin`; programs send none.
bool is_foreign_origin(const net::RequestHead& request);

}  // namespace camspan::hub
