/// What a user reads when an upload fails: the host, the cause, and what to do about it.
#pragma once

#include <string>
#include <system_error>

#include "net/h2_client.hpp"

namespace camspan {

/// The receiver answered with `status`. @param detail  its own words; "" = it had none
std::string refusal_sentence(const std::string& host, int status, const std::string& detail);

/// True when the same request would be answered by `status` again: nothing but another setting mends that. Says nothing
/// of 404, which may also be a channel that the receiver forgot.
bool is_final_status(int status);

/// The request or its connection was broken off.
std::string lost_sentence(const std::string& host, std::error_code error, const net::H2Ending& ending);

/// The connection ended between requests.
std::string closed_sentence(const std::string& host, std::error_code error, const net::H2Ending& ending);

}  // namespace camspan
