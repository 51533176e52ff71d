/// Requests of HTTP/1.1 (RFC 9112) on llhttp, without I/O.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http/headers.hpp"

namespace camspan::http1 {

struct Limits {
  std::size_t max_header_bytes = 16 << 10;  ///< request line and header fields; trailers too; over it: 431
  std::size_t max_target_bytes = 8 << 10;   ///< over it: 414. RFC 9112 section 3 asks for 8000 at least
  std::size_t max_fields = 128;             ///< over it: 431
};

/// The head of a request, checked: what smuggles (RFC 9112 section 11.2) or is ambiguous has been refused.
struct Request {
  std::string method;
  std::string target;     ///< origin-form "/path?query", still percent-encoded, or "*"
  std::string authority;  ///< of an absolute-form target, else of Host; empty only in HTTP/1.0
  http::Headers headers;  ///< without Host
  int minor_version = 1;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;  ///< the client lets the connection be used again
  bool expect_continue = false;
  bool upgrade_websocket = false;  ///< GET with `Connection: upgrade` and `Upgrade: websocket`
};

/// Takes the requests of one connection apart, one after the other. Not thread-safe.
class RequestParser {
 public:
  enum class Step : std::uint8_t {
    need_more,  ///< all input is taken and nothing is ready
    head,       ///< request() is complete
    body,       ///< a piece of the body, without chunk framing
    end,        ///< the request is complete; the next one may follow
  };
  struct Parsed {
    Step step;
    std::size_t consumed;  ///< of the input
    ByteView body;         ///< lies in the input
  };

  explicit RequestParser(Limits limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Goes on to the next step. Call again with what is left of the input (it may be empty) until it needs more.
  /// @return Errc::malformed or Errc::too_large; the connection cannot be used any more and problem() says why
  Result<Parsed> next(ByteView input);

  /// Of the last `head` step; valid until the next request begins. May be moved from.
  Request& request();
  /// True from the first byte of a request to the end of its head.
  bool in_head() const;

  struct Problem {
    int status = 400;         ///< for the answer: 400, 414, 417, 431, 501, 505
    std::string_view detail;  ///< static text
  };
  Problem problem() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::http1
