/// The two bodies of one HTTP/2 stream, as coroutines read and write them.
#pragma once

#include <optional>
#include <span>

#include "net/h2_driver.hpp"
#include "proto/h2/body_source.hpp"

namespace camspan::net {

/// Part of an exchange (server) or a client's stream. Lives on the driver's I/O thread, and not longer than the driver.
/// One coroutine may read while another writes.
class H2Stream final : public h2::BodySource {
 public:
  explicit H2Stream(H2Driver& driver);
  ~H2Stream() override;
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  /// Once, when the stream has its id.
  void set_id(h2::StreamId id) { id_ = id; }
  h2::StreamId id() const { return id_; }

  // What the connection tells.

  void received(ByteView bytes);
  void remote_closed();
  /// Nothing can be sent any more, and nothing comes: what came stays to be read, then reading gives `reason`.
  void closed(std::error_code reason);
  Chunk pull(std::size_t max) override;

  // For coroutines.

  /// The next piece of the incoming body, all that has come; empty = end. Valid until the next call, which gives the
  /// peer room for as much again.
  asio::awaitable<Result<ByteView>> read();
  /// Waits until something comes in or the stream closes. @return false if the wait was cancelled
  asio::awaitable<bool> wait_for_input() { return readable_.wait_until(TimePoint::max()); }
  /// Returns when all of `pieces` were copied to the output, which takes them as fast as flow control and the socket
  /// do. @return why the stream closed; Errc::too_large: over set_length()
  asio::awaitable<Result<>> write(std::span<const ByteView> pieces);
  /// Ends the outgoing body. @return as write(); Errc::gap: under set_length()
  asio::awaitable<Result<>> finish();
  /// The outgoing body has so many bytes; END_STREAM goes with the last of them.
  void set_length(std::uint64_t bytes);
  /// Nothing more is sent or read: what came is thrown away.
  void abandon();
  /// Resets the stream and closes it for our side.
  void reset(h2::ErrorCode code, std::error_code reason);
  /// Something that coroutines wait for has come by another way: the head of an answer.
  void notify_input() { readable_.notify(); }

  /// Why the stream closed; empty while it has not.
  std::error_code failure() const { return failure_; }
  /// The outgoing body was given away to its end.
  bool sent() const { return sent_; }

 private:
  asio::awaitable<Result<>> wait_until_given();
  void give_room();

  H2Driver& driver_;
  h2::StreamId id_;
  WakeUp readable_;
  WakeUp writable_;
  Bytes incoming_;                          // came since the last read()
  Bytes reading_;                           // what the last read() returned a view of
  std::span<const ByteView> pieces_;        // of the write() under way, not yet given away
  std::size_t offset_ = 0;                  // in the first of them
  std::optional<std::uint64_t> remaining_;  // of set_length()
  bool remote_closed_ = false;
  bool ending_ = false;  // finish() was called
  bool sent_ = false;
  std::error_code failure_;
};

}  // namespace camspan::net
