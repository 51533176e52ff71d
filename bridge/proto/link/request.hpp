/// The requests of Link Kit channels (`/stream/...`): paths and header fields, in the order that devices send and need.
#pragma once

#include <camspan/error.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http/headers.hpp"
#include "proto/link/sign.hpp"

namespace camspan::link {

// Bounds of h2-stream.md: those of the C SDK for what a client sends, wider ones for what a server takes.
constexpr std::size_t kMaxTargetBytes = 256;
constexpr std::size_t kMaxIdentifyBytes = 113;
constexpr std::size_t kMaxChannelIdBytes = 64;
/// How far the timestamp of a signature may be off.
constexpr std::int64_t kMaxClockErrorMs = 15 * 60 * 1000;

enum class Step : std::uint8_t { open, send, close };  ///< a query is a send without a body

/// What a path below /stream/ names.
struct Target {
  Step step;
  std::string identify;  ///< service path without leading '/'
};

/// True for what parse_target() is to judge. Repeated slashes count as one here, too.
bool is_stream_target(std::string_view target);

/// @return Errc::not_found: not open, send or close of something; Errc::malformed: `..`, percent-encoding or bytes that
/// may not be there
Result<Target> parse_target(std::string_view target);

/// "/stream/send/<identify>"
std::string path(Step step, std::string_view identify);

/// True if a client may use it: no leading or doubled slash, no `..`, visible ASCII without `?` `#` `%`, at most 113
/// bytes.
bool is_identify(std::string_view text);

/// What an open says of the device.
struct Credentials {
  SignMethod method;
  Names names;
  std::string sign;
};

/// True if the fields of an open name no credentials at all.
bool has_no_credentials(const http::Headers& headers);
/// Reads `x-auth-*`. @return Errc::not_authenticated when one is missing, there twice, or not what it can be
Result<Credentials> parse_credentials(const http::Headers& headers);

/// Fields of an open, in the order of the C SDK. @param version  of the client, "2.3.0"
http::Headers open_fields(const Names& names, std::string_view secret, SignMethod method, std::string_view version);
/// Fields that send, query and close begin with.
http::Headers channel_fields(std::string_view channel_id, std::string_view version);
/// Fields of a send with a body of `length` bytes, and of a query, in the order of the C SDK.
http::Headers send_fields(std::uint64_t length, std::string_view channel_id, std::string_view version);
http::Headers query_fields(std::string_view channel_id, std::string_view version);

/// `x-data-stream-id`, if there is exactly one and it can be a channel's.
std::optional<std::string> channel_id_of(const http::Headers& headers);

/// The fields of an answer in the one order that all devices understand: those of SDK 3.x stop waiting at the last of
/// `x-data-stream-id` and `x-response-status`, and take what stands before these.
/// @param channel_id  "" = the request named none, which is written as 0
http::Headers answer_fields(std::string_view request_id, http::Headers others, std::string_view channel_id, int status);

}  // namespace camspan::link
