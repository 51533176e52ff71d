/// A WebSocket (RFC 6455) on a connection that was upgraded, server side.
#pragma once

#include <asio/awaitable.hpp>
#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <functional>
#include <memory>

#include "proto/ws/frame.hpp"

namespace camspan::net {

/// Lives on its connection's I/O thread, at most as long as its exchange unless it goes on. One coroutine may read
/// while another writes. Pings are answered by the link, and it pings an idle peer itself: two unanswered pings end it
/// with Errc::timed_out.
class WsLink {
 public:
  virtual ~WsLink() = default;

  struct Message {
    bool text = false;
    Bytes data;
  };

  /// The next whole message; Errc::closed after a close frame (which it has answered) or after our close().
  /// Errc::protocol_error or Errc::too_large when the peer broke the rules (it has been told).
  virtual asio::awaitable<Result<Message>> read() = 0;
  /// Sends frames that are already encoded (ws::server_frame), so that many links can share the same bytes. Returns
  /// when the socket has taken all of them; the memory must stay valid until then.
  virtual asio::awaitable<Result<>> write(std::span<const ByteView> encoded) = 0;
  /// Sends what the socket takes at once of such frames. After a part of them write() is to follow with the rest,
  /// before anything else. Errors show at that, or at read().
  /// @return bytes taken; 0 = write() is the way
  virtual std::size_t try_write(std::span<const ByteView> encoded) = 0;
  /// Sends a close frame with `code` (RFC 6455 section 7.4) and waits for the peer's, at most 2 s. Not while a write()
  /// waits; a read() of another coroutine may.
  virtual asio::awaitable<void> close(std::uint16_t code, std::string reason) = 0;
  /// Ends the link at once.
  virtual void abort() = 0;
  /// Runs `work` when the handler of the request has returned and all that HTTP needed is gone, so that a peer that
  /// stays for days costs no more than its link. From then on the exchange is not there; the link is as long as `work`
  /// runs. Once, before the handler returns.
  virtual void go_on(std::function<asio::awaitable<void>()> work) = 0;
};

}  // namespace camspan::net
