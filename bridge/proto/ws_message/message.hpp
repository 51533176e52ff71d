/// Messages of WebSocket streams: requests, responses and notifications, one MessagePack map each.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <memory>
#include <optional>
#include <variant>

#include "proto/ws_message/value.hpp"

namespace camspan::ws_message {

/// What became of a request; the numbers on the wire.
enum class Code : std::uint8_t {
  success = 1,
  error = 2,
  not_listening = 3,  ///< no such stream, or the permission is missing
  missing_field = 4,  ///< stream, or the data of a write, is missing or of a wrong type
  unknown_method = 5,
  no_room = 6,  ///< too many requests wait, or no memory
};

/// Without `id` a notification: no response is wanted.
struct Request {
  std::optional<std::uint32_t> id;
  std::optional<std::string_view> method;
  std::optional<std::string_view> stream;
  std::optional<ByteView> data;  ///< one value
};

struct Response {
  std::uint32_t id = 0;
  Code code = Code::error;
  std::optional<std::string_view> msg;
  std::optional<ByteView> data;  ///< one value
};

/// A well-formed map that is neither a request nor a response, or whose id or code nobody could use.
struct Unusable {};

using Message = std::variant<Unusable, Request, Response>;

/// What it says points into `bytes`.
/// @return Errc::malformed when they are not exactly one map (close code 1007), Errc::too_large over a limit (1009)
Result<Message> decode(ByteView bytes, const Limits& limits);

Bytes encode(const Request& request);
Bytes encode(const Response& response);

/// A request up to and with the key `data`: exactly one value is to follow. `request.data` is not looked at.
Bytes request_head(const Request& request);

/// A message as it goes to clients: encoded once, the same bytes for each of them. Immutable once shared.
struct Frame {
  Bytes head;                         ///< of the WebSocket frame, and what was packed
  ByteView body;                      ///< the rest of the message, in memory of `owner`; may be empty
  std::shared_ptr<const void> owner;  ///< null when the body is empty

  std::size_t size() const { return head.size() + body.size(); }
};
using SharedFrame = std::shared_ptr<const Frame>;

/// One binary message of `message` and what `body` adds to it, which is not copied.
SharedFrame frame(Bytes message, ByteView body = {}, std::shared_ptr<const void> owner = nullptr);
/// One text message.
SharedFrame text_frame(Bytes message);

}  // namespace camspan::ws_message
