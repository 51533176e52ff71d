/// Moves bytes between one byte stream and one HTTP/2 connection: a reader, a writer and a clock.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "net/byte_stream.hpp"
#include "net/wake_up.hpp"
#include "proto/h2/connection.hpp"

namespace camspan::net {

/// Lives on the stream's I/O thread.
///
/// Frames are gathered in one buffer while the other is being written: what is sent while the line is idle leaves at
/// once, and what comes while it is busy is joined to one large write. Both are small on a slow line, so that media
/// waits in its own queue, where it can still be dropped.
class H2Driver {
 public:
  /// Whoever has the connection. Not called from inside feed() or pending_output().
  class Owner {
   public:
    /// Input was fed; act on what the observer was told.
    virtual void input_fed() = 0;
    /// The connection is over; nothing will come or go any more. Once.
    virtual void connection_ended(std::error_code reason) = 0;

   protected:
    ~Owner() = default;
  };

  /// `connection` and `owner` outlive it.
  H2Driver(std::unique_ptr<ByteStream> stream, h2::Connection& connection, Owner& owner);

  /// Runs the connection until it is over, and closes the stream. Does not throw.
  /// @param keep  held while anything still refers to this object: what it is a part of
  asio::awaitable<void> run(std::shared_ptr<void> keep, Bytes already_read);

  /// Takes what the connection has to send, as far as there is room, and sees that it is written. Call after each
  /// change of the connection. Does nothing after the end.
  void flush();
  /// The connection may accept input again.
  void input_possible() { readable_.notify(); }
  /// Ends the connection at once.
  void end(std::error_code reason);

  bool ended() const { return ended_; }
  /// Why it ended: Errc::closed in good order, Errc::timed_out, Errc::protocol_error, or the stream's error.
  std::error_code reason() const { return reason_; }
  h2::Connection& connection() { return connection_; }
  const h2::Connection& connection() const { return connection_; }
  const ByteStream::Info& info() const { return stream_->info(); }
  asio::any_io_executor executor() { return stream_->executor(); }

 private:
  asio::awaitable<void> read(std::shared_ptr<void> keep);
  asio::awaitable<void> watch_clock(std::shared_ptr<void> keep);
  asio::awaitable<void> read_until_end();
  asio::awaitable<void> watch_until_end();
  asio::awaitable<void> write_until_end();
  asio::awaitable<void> close();
  void take(ByteView bytes);
  void hold_back_part();
  void adapt(TimePoint begun);
  TimePoint deadline();
  std::error_code reason_of_connection() const;

  std::unique_ptr<ByteStream> stream_;
  h2::Connection& connection_;
  Owner& owner_;
  WakeUp readable_;
  WakeUp writable_;
  WakeUp clock_;
  WakeUp loop_ended_;
  int loops_ = 0;  // coroutines besides run() that have not returned
  Bytes filling_;  // gathered, not yet being written
  Bytes writing_;
  std::size_t gather_bytes_;
  std::size_t last_write_bytes_ = 0;
  TimePoint armed_ = TimePoint::max();  // when the clock wakes
  std::optional<TimePoint> hard_end_;   // of a connection that was terminated
  std::optional<TimePoint> write_begun_;
  bool stopped_reading_ = false;
  bool ended_ = false;
  std::error_code reason_;
};

}  // namespace camspan::net
