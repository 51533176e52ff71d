/// What a receiver says: status, problem documents, acknowledgement lines.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/h2_client.hpp"

namespace camspan {

/// The number after `"key":` in a line of JSON that a hub wrote; nullopt if there is none.
std::optional<std::uint64_t> json_number(std::string_view line, std::string_view key);

Errc code_of_status(int status);

/// The body of an answer that refuses, as far as it may matter. Ends with the stream.
asio::awaitable<std::string> read_problem(net::H2ClientStream& stream);
/// The sentence in it: "detail" of a problem document, "message" of a Link Kit server; "" = it has none.
std::string detail_of(std::string_view problem);

/// Seconds of `retry-after`, at most an hour.
std::optional<std::chrono::seconds> retry_after_of(const http::Headers& headers);

}  // namespace camspan
