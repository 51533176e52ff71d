/// WebSocket frames (RFC 6455) on wslay, without I/O.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace camspan::ws {

enum class Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// The 2, 4 or 10 bytes that go before an unmasked payload of `size` bytes: with them a message is encoded once and the
/// same bytes go to every client.
Bytes frame_header(Opcode opcode, std::uint64_t size);

/// Value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key (RFC 6455 section 4.2.2).
std::string accept_key(std::string_view client_key);

enum class Role : std::uint8_t { server, client };

/// One direction-pair of frames. feed() bytes, poll() events until none, write out what pending_output() gives.
/// Masking, fragmentation, control frames in between, UTF-8 and length checks are done here. (wslay 1.1 judges a close
/// reason that comes in several reads by parts of it: one beyond ASCII may be refused with 1007 although it is good.)
class FrameSession {
 public:
  struct Limits {
    std::size_t max_message_bytes = 64 << 10;  ///< over it the session fails with close code 1009
  };
  struct Message {
    bool text;
    Bytes data;
  };
  struct Pong {};
  struct Closed {
    std::uint16_t code;  ///< 1005 when the close frame had none
    std::string reason;
  };
  using Event = std::variant<Message, Pong, Closed>;

  FrameSession(Role role, Limits limits);
  ~FrameSession();
  FrameSession(FrameSession&&) noexcept;
  FrameSession& operator=(FrameSession&&) noexcept;

  /// @return Errc::protocol_error or Errc::too_large: a close frame with the right code is then in pending_output(),
  /// and
  ///         events from before the error can still be polled. Fine, and without effect, after the end.
  Result<> feed(ByteView bytes);
  std::optional<Event> poll();
  /// Queues a message (control frames and small messages; media goes by frame_header()).
  Result<> send(Opcode opcode, ByteView payload);
  Result<> close(std::uint16_t code, std::string_view reason);
  /// A close frame went into pending_output(): no message may follow it (RFC 6455 section 5.5.1).
  bool closing() const;
  /// Moves the bytes to send to the end of `out`.
  void pending_output(Bytes& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::ws
