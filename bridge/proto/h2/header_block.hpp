/// The fields of one incoming header block: bounded while they come, checked as HTTP when they are complete.
#pragma once

#include <array>
#include <camspan/error.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proto/h2/limits.hpp"
#include "proto/http/headers.hpp"

namespace camspan::h2 {

struct Request {
  std::string method;
  std::string scheme;      ///< empty for plain CONNECT
  std::string authority;   ///< `host` where there is no :authority; Link Kit devices send neither
  std::string path;        ///< :path as it came, query included; empty for plain CONNECT
  http::Headers headers;   ///< ordinary fields
  std::string protocol{};  ///< of an extended CONNECT (RFC 8441), such as "websocket"; else empty
  bool ended = false;      ///< END_STREAM came with the head
};

struct Response {
  int status = 0;
  http::Headers headers;
};

/// RFC 9113 section 8.2 and 8.3 by our own code: server sessions switch nghttp2's checks off, because devices send no
/// :authority, and the rest of those checks must then be ours.
class HeaderBlock {
 public:
  enum class Fit : std::uint8_t {
    taken,
    too_large,  ///< over a limit: this field and all further ones are not kept; the request gets 431
    hopeless,   ///< over four times the limit: reset the stream
  };

  /// @param extended_connect  we announced ENABLE_CONNECT_PROTOCOL: :protocol is allowed
  explicit HeaderBlock(const Limits& limits, bool extended_connect = false)
      : max_bytes_(limits.max_header_bytes),
        max_fields_(limits.max_header_fields),
        extended_connect_(extended_connect) {}

  Fit add(std::string_view name, std::string_view value, bool sensitive);
  bool too_large() const { return too_large_; }

  /// The block as a request. @return Errc::malformed: it breaks a rule, answer PROTOCOL_ERROR
  Result<Request> take_request();
  /// The block as a response, whose rules nghttp2 has checked.
  Response take_response();
  /// True if the block may be the trailers of a request: no pseudo-header field, no bad name.
  bool good_trailers() const { return !malformed_ && !any_pseudo_; }

 private:
  enum Pseudo : std::uint8_t { method, scheme, authority, path, status, protocol, pseudo_count };

  void add_pseudo(std::string_view name, std::string_view value);
  void add_field(std::string_view name, std::string_view value, bool sensitive);
  bool good_target() const;

  std::size_t max_bytes_;
  std::size_t max_fields_;
  bool extended_connect_;
  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
  bool too_large_ = false;
  bool malformed_ = false;
  bool any_pseudo_ = false;
  std::array<std::optional<std::string>, pseudo_count> pseudo_;
  http::Headers headers_;
};

/// `content-length` of a message. nullopt = there is none. @return Errc::malformed for anything but one number
Result<std::optional<std::uint64_t>> content_length(const http::Headers& headers);

}  // namespace camspan::h2
