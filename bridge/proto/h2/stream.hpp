/// What a connection keeps of one stream until it is closed and its owner has let go of it.
#pragma once

#include <memory>
#include <optional>

#include "core/time.hpp"
#include "proto/h2/body_source.hpp"
#include "proto/h2/header_block.hpp"
#include "proto/h2/types.hpp"

namespace camspan::h2 {

struct Stream {
  StreamId id;
  BodySource* source = nullptr;        ///< of the body we send; null when there is none, or nobody to ask any more
  std::unique_ptr<HeaderBlock> block;  ///< while a header block arrives
  std::optional<std::uint64_t> content_length;  ///< server: of the request
  std::uint64_t received = 0;                   ///< server: bytes of the request's body
  bool told = false;                            ///< the owner knows it
  bool head_request = false;
  bool connect = false;           ///< the request's method
  bool tunnel = false;            ///< a CONNECT that was answered by 2xx: each direction ends on its own
  bool headers_received = false;  ///< the request's, or the final response's
  bool headers_sent = false;      ///< the answer's
  bool remote_closed = false;     ///< the peer's body is complete
  bool reset_sent = false;
  bool refused = false;       ///< malformed, and being told so: PROTOCOL_ERROR follows the answer
  bool closed = false;        ///< nghttp2 has forgotten it
  bool released = false;      ///< the owner has
  bool sending = false;       ///< the source may have something to send
  TimePoint last_progress{};  ///< of sending

  /// Nobody reads its body any more.
  bool discards() const { return released || reset_sent || refused; }
};

}  // namespace camspan::h2
