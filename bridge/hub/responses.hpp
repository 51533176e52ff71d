/// Small answers and small request bodies.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/problem.hpp"
#include "net/responses.hpp"

namespace camspan::hub {

using net::is_foreign_origin;
using net::send_body;

/// Answers with JSON that no cache keeps.
asio::awaitable<void> send_json(net::HttpExchange& exchange, int status, std::string body);

/// Reads a body of at most `max_bytes`; Cause::too_large over that.
asio::awaitable<tl::expected<std::string, Problem>> read_text(net::HttpExchange& exchange, std::size_t max_bytes);

}  // namespace camspan::hub
