/// Small answers, and who may ask.
#pragma once

#include <span>
#include <string>

#include "net/http_exchange.hpp"

namespace camspan::net {

/// Answers with a whole body at once. Errors are left alone: the peer has gone.
asio::awaitable<void> send_body(HttpExchange& exchange, int status, http::Headers headers, std::string body);

/// Answers with application/problem+json (problem_json()). 401 asks for a bearer token, 503 says when to try again.
asio::awaitable<void> send_problem(HttpExchange& exchange, int status, std::string cause, std::string title,
                                   std::string detail);

/// The request came from a page of another site. A browser says so in `origin`; programs send none.
/// @param allowed  origins that may as well, "https://example.org"; "*" = any
bool is_foreign_origin(const RequestHead& request, std::span<const std::string> allowed = {});

}  // namespace camspan::net
