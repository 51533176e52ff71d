/// One HTTP request and its answer, the same for HTTP/1.1 and HTTP/2: a route is written once.
#pragma once

#include <asio/awaitable.hpp>
#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/headers.hpp"

namespace camspan::net {

class WsLink;

/// The connection that a request came by, as routes see it.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  HttpConnection() = default;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// A request was let in, so the connection may stay (HttpServerLimits::admission). An answer below 400 says as much.
  void admit() { admitted_ = true; }
  bool admitted() const { return admitted_; }
  /// Ends it for bad behaviour: what was given so far is sent, then it closes; HTTP/2 says GOAWAY(ENHANCE_YOUR_CALM).
  virtual void send_away() = 0;

  /// What a route keeps as long as the connection lasts: its destructor tells the end. One route only.
  std::shared_ptr<void> context;

 private:
  bool admitted_ = false;
};

enum class HttpVersion : std::uint8_t { http1_1, http2 };

struct RequestHead {
  std::string method;
  std::string authority;  ///< empty when the client sent none
  std::string path;       ///< percent-decoded, without query; begins with '/' (but "*" of OPTIONS)
  std::string query;      ///< raw, without '?'
  std::string target;     ///< as it came: path and query, nothing decoded
  http::Headers headers;  ///< ordinary fields, names in lower case
  HttpVersion version = HttpVersion::http1_1;
  std::string peer;       ///< address of the client, for debug logs and limits
  bool loopback = false;  ///< the client is on this machine
  bool tls = false;
  std::string client_certificate_name;  ///< CN of a verified client certificate, else empty
  std::optional<std::uint64_t> content_length;
  bool ended = false;  ///< the head says that no body follows; content-length: 0 alone does not

  /// First value of a query parameter, percent-decoded ('+' is a space); nullopt if it is not there.
  std::optional<std::string> query_value(std::string_view name) const;
};

/// Fills target, path and query of `head` from an origin-form target, "/a%20b?x=1", or "*".
/// Percent-encoding is taken off once and only once; `..` and doubled slashes stay, they are for the routes to judge.
/// @return Errc::malformed for a bad escape, an escaped NUL, a fragment, or a character that may not be there
Result<> set_target(RequestHead& head, std::string_view target);

/// Takes percent-encoding off; with `plus_is_space` a '+' is a space (application/x-www-form-urlencoded).
/// @return Errc::malformed for a bad escape or an escaped NUL
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Body of an answer that says why the server itself refuses a request, before any route sees it
/// (application/problem+json, RFC 9457). `cause` becomes the end of its `type`, "/problems/<cause>".
std::string problem_json(int status, std::string_view cause, std::string_view title, std::string_view detail);

/// What a write that may not wait has done.
enum class Taken : std::uint8_t {
  none,  ///< nothing: write() is the way
  part,  ///< what the socket did not take is kept, and goes before the next write(), which should come soon
  all,
};

/// Lives on its connection's I/O thread; every member is called there. It is valid until the handler returns; when the
/// peer goes away first, operations give Errc::closed or Errc::stream_reset.
/// One coroutine may read the body while another writes the answer; two at once in the same direction are an error.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const RequestHead& request() const = 0;
  virtual HttpConnection& connection() = 0;

  /// The next piece of the request body; empty = end. Valid until the next call, which also tells the peer that it may
  /// send that much more (flow control by consumption).
  virtual asio::awaitable<Result<ByteView>> read_body() = 0;

  /// Sends the head of the answer. `content_length` absent = a body of unknown length (chunked on HTTP/1.1). The field
  /// is made of it and put last; HTTP/2 leaves one alone that is among `headers` already, and makes none for 0.
  virtual asio::awaitable<Result<>> send_head(int status, http::Headers headers,
                                              std::optional<std::uint64_t> content_length) = 0;
  /// Sends a piece of the body. Returns when the peer's flow control and the socket have taken all of it, so a slow
  /// reader slows its writer and nobody else. The memory must stay valid until then. For HEAD it sends nothing. An
  /// empty piece waits for what try_write() has kept.
  virtual asio::awaitable<Result<>> write(ByteView piece) = 0;
  /// Sends `pieces` of the body without waiting, so that one loop can serve many clients. Not while a write() waits.
  /// HTTP/2 and bodies of known length take none.
  virtual Taken try_write(std::span<const ByteView> /*pieces*/) { return Taken::none; }
  /// Ends the answer.
  virtual asio::awaitable<Result<>> finish() = 0;

  /// Ends the exchange at once, from any coroutine of its thread: waiting operations give Errc::cancelled.
  virtual void abort() = 0;

  /// Turns the connection into a WebSocket (RFC 6455). Errc::unsupported on HTTP/2 and for plain requests; any other
  /// error: the request was for a WebSocket but broken, and has been answered. The link must go before the exchange.
  virtual asio::awaitable<Result<std::unique_ptr<WsLink>>> accept_websocket() = 0;
  /// True when the request asks for a WebSocket.
  virtual bool wants_websocket() const = 0;
};

}  // namespace camspan::net
