/// The frames of HTTP/2 (RFC 9113 section 6) as the observer of a connection is told of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/h2/types.hpp"

namespace camspan::h2 {

// CONTINUATION is no kind of its own: it is part of HEADERS or PUSH_PROMISE.

struct DataFrame {
  StreamId stream;
  std::size_t length = 0;  ///< with padding
  bool end_stream = false;
};
struct HeadersFrame {
  StreamId stream;
  bool end_stream = false;
};
struct PriorityFrame {  ///< deprecated: ours sends none, and servers of ours pass over those that come
  StreamId stream;
};
struct ResetFrame {
  StreamId stream;
  ErrorCode code = ErrorCode::no_error;
};
struct SettingsFrame {
  std::vector<std::pair<std::uint16_t, std::uint32_t>> entries;  ///< id and value, in the order of the wire
};
struct SettingsAckFrame {};
struct PingFrame {
  std::uint64_t payload = 0;
  bool ack = false;
};
struct PushPromiseFrame {
  StreamId stream;
  StreamId promised;
};
struct GoAwayFrame {
  StreamId last;
  ErrorCode code = ErrorCode::no_error;
  std::string debug;  ///< printable ASCII of at most 128 bytes, whatever was sent
};
struct WindowUpdateFrame {
  StreamId stream;  ///< or the connection
  std::uint32_t increment = 0;
};
/// A type that RFC 9113 does not know. nghttp2 passes over those that come without a word.
struct UnknownFrame {
  StreamId stream;
  std::uint8_t type = 0;
};

using Frame = std::variant<DataFrame, HeadersFrame, PriorityFrame, ResetFrame, SettingsFrame, SettingsAckFrame,
                           PingFrame, PushPromiseFrame, GoAwayFrame, WindowUpdateFrame, UnknownFrame>;

/// One line for a log: "RST_STREAM 5 CANCEL". No header fields and no bodies in it.
std::string describe(const Frame& frame);

}  // namespace camspan::h2
