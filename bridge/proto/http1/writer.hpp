/// Answers of HTTP/1.1 (RFC 9112), as bytes.
#pragma once

#include <camspan/error.hpp>
#include <optional>
#include <string>

#include "proto/http/headers.hpp"

namespace camspan::http1 {

/// How the client finds the end of the answer's body.
enum class BodyLength : std::uint8_t {
  known,     ///< Content-Length
  chunked,   ///< HTTP/1.1 only
  to_close,  ///< the end of the connection
  none,      ///< 1xx, 204, 304: there is no body and nothing is said of one
};

struct ResponseHead {
  int status = 200;
  BodyLength length = BodyLength::none;
  std::uint64_t content_length = 0;  ///< with BodyLength::known
  bool close = false;                ///< say that the connection ends after this answer
};

/// Status line, fields and the empty line. Fields that tell of the connection or of the length (Connection,
/// Content-Length, Keep-Alive, Transfer-Encoding, Upgrade) are left out: `head` decides them.
/// @return Errc::malformed when a field could end early at the client (CR, LF, NUL; a name that is no token)
Result<std::string> response_head(const ResponseHead& head, const http::Headers& headers);

/// The answer that turns the connection into a WebSocket (RFC 6455 section 4.2.2), without extension or subprotocol.
/// @param accept  ws::accept_key() of the client's key
std::string websocket_head(std::string_view accept);

/// The standard words for a status, "OK"; "Status" for one that has none.
const char* reason_phrase(int status);

/// What goes before a chunk of `size` bytes, which must not be 0; "\r\n" follows it.
std::string chunk_head(std::size_t size);
inline constexpr std::string_view kChunkTail = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace camspan::http1
