/// What an HTTP/2 connection tells its owner.
#pragma once

#include <camspan/bytes.hpp>

#include "proto/h2/frame.hpp"
#include "proto/h2/header_block.hpp"
#include "proto/h2/types.hpp"

namespace camspan::h2 {

enum class Direction : std::uint8_t { received, sent };

/// Called from Connection::feed(), pending_output() and on_timeout(), in the order of the wire. Must not call those
/// three from inside; the other members of Connection are allowed.
class Observer {
 public:
  virtual ~Observer() = default;

  /// Server: a request whose header block is complete and good. @param content_length  what the peer announced
  virtual void on_request(StreamId, Request&&, std::optional<std::uint64_t> content_length) {
    static_cast<void>(content_length);
  }
  /// Server: fields of an answer that the connection gives by itself: 400, 431.
  virtual http::Headers refusal_fields(int status) {
    static_cast<void>(status);
    return {};
  }
  /// Client: the head of the final response (1xx are not told).
  virtual void on_response(StreamId, Response&&) {}
  /// Bytes of a body; the view is valid during the call. They count as unread until consume().
  virtual void on_data(StreamId, ByteView) {}
  /// The peer's body is complete: by END_STREAM, or because content-length bytes have come.
  virtual void on_remote_closed(StreamId) {}
  /// The stream is over in both directions. no_error = in good order. Not told for streams that were released.
  virtual void on_stream_closed(StreamId, ErrorCode) {}
  /// The peer takes no stream above `last`. Comes again when it lowers it.
  virtual void on_go_away(StreamId last, ErrorCode) { static_cast<void>(last); }
  /// Each frame, as it is complete or leaves, before what it means is told. For logs.
  virtual void on_frame(Direction, const Frame&) {}
};

}  // namespace camspan::h2
