/// A connected byte stream, plain or TLS: what the HTTP/1.1, HTTP/2 and WebSocket links stand on.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <span>
#include <string>

namespace camspan::net {

/// Lives on one I/O thread. One coroutine may read while another writes. Owns its descriptor; the destructor closes it.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Reads what is there, at least one byte; 0 = the peer ended its direction. `into` is touched only right before it
  /// returns, with nothing else of the thread running in between: all streams of a thread can read into the same
  /// memory.
  virtual asio::awaitable<Result<std::size_t>> read_some(std::span<std::byte> into) = 0;
  /// Writes all of it. For TLS, full 16,384-byte records as far as `bytes` goes.
  virtual asio::awaitable<Result<>> write(ByteView bytes) = 0;
  /// Writes all of `pieces`, in order, joined into as few system calls (plain) or records (TLS) as can be.
  virtual asio::awaitable<Result<>> write_gather(std::span<const ByteView> pieces) = 0;
  /// Writes what goes without waiting. Not while another write waits.
  /// @return bytes taken, whole records for TLS; 0 = write_gather() is the way
  virtual Result<std::size_t> try_write(std::span<const ByteView> /*pieces*/) { return 0; }
  /// False while the socket has not taken all that try_write() took: a write_gather() of nothing waits for it.
  virtual bool drained() const { return true; }
  /// Ends our direction in good order (close_notify, FIN), waiting at most `deadline_ms` for the socket.
  virtual asio::awaitable<void> shutdown(int deadline_ms) = 0;
  /// Ends both directions at once; waiting operations give Errc::cancelled. Harmless when repeated.
  virtual void abort() = 0;
  /// Where its operations complete: the executor of its I/O thread (the socket's).
  virtual asio::any_io_executor executor() = 0;

  struct Info {
    std::string peer;       ///< "192.0.2.1:443"
    std::string local;      ///< our address, "192.0.2.7"
    bool loopback = false;  ///< the peer is on this machine
    bool tls = false;
    std::string alpn;  ///< "" when none was agreed
    std::string tls_version;
    std::string peer_common_name;  ///< CN of a verified peer certificate
    bool tls_resumed = false;
  };
  virtual const Info& info() const = 0;
};

}  // namespace camspan::net
