/// Small types of HTTP/2 (RFC 9113): stream ids, stream states, error codes.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>

namespace camspan::h2 {

/// 31 bits; 0 is the connection itself (RFC 9113 section 5.1.1). Never reused on a connection.
class StreamId {
 public:
  constexpr StreamId() = default;
  constexpr explicit StreamId(std::int32_t value) : value_(value) {}

  constexpr std::int32_t value() const { return value_; }
  constexpr bool is_connection() const { return value_ == 0; }
  constexpr bool is_client() const { return value_ % 2 == 1; }
  constexpr bool is_server() const { return value_ != 0 && value_ % 2 == 0; }
  constexpr auto operator<=>(const StreamId&) const = default;

 private:
  std::int32_t value_ = 0;
};

inline constexpr StreamId kConnectionStream{0};

inline constexpr std::size_t kFrameHeaderBytes = 9;  ///< RFC 9113 section 4.1

/// RFC 9113 section 5.1.
enum class StreamState : std::uint8_t {
  idle,
  reserved_local,
  reserved_remote,
  open,
  half_closed_local,
  half_closed_remote,
  closed,
};

/// We may send on the stream.
constexpr bool local_open(StreamState state) {
  return state == StreamState::open || state == StreamState::half_closed_remote;
}
/// The peer may send on the stream.
constexpr bool remote_open(StreamState state) {
  return state == StreamState::open || state == StreamState::half_closed_local;
}

/// RFC 9113 section 7.
enum class ErrorCode : std::uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  flow_control_error = 0x3,
  settings_timeout = 0x4,
  stream_closed = 0x5,
  frame_size_error = 0x6,
  refused_stream = 0x7,
  cancel = 0x8,
  compression_error = 0x9,
  connect_error = 0xa,
  enhance_your_calm = 0xb,
  inadequate_security = 0xc,
  http_1_1_required = 0xd,
};

/// A code from the wire; one that RFC 9113 does not know counts as internal_error.
constexpr ErrorCode to_error_code(std::uint32_t value) {
  return value <= static_cast<std::uint32_t>(ErrorCode::http_1_1_required) ? static_cast<ErrorCode>(value)
                                                                           : ErrorCode::internal_error;
}

/// "PROTOCOL_ERROR", as RFC 9113 writes it.
std::string_view name(ErrorCode code);

}  // namespace camspan::h2

template <>
struct std::hash<camspan::h2::StreamId> {
  std::size_t operator()(camspan::h2::StreamId id) const noexcept { return std::hash<std::int32_t>{}(id.value()); }
};
