/// HTTP/2 client connection and its streams.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>

#include "net/byte_stream.hpp"
#include "proto/h2/observer.hpp"
#include "proto/h2/types.hpp"
#include "proto/http/headers.hpp"

namespace camspan::net {

struct ResponseHead {
  int status = 0;
  http::Headers headers;
};

/// What broke a request off, for the sentence that a user reads.
struct H2Ending {
  enum class By : std::uint8_t {
    line,         ///< the connection, below HTTP/2
    reset,        ///< the server's RST_STREAM
    go_away,      ///< the server's GOAWAY
    broken_rule,  ///< the server broke a rule of HTTP/2
    silence,      ///< the server did not answer in time
  };
  By by = By::line;
  h2::ErrorCode code = h2::ErrorCode::no_error;  ///< of reset, go_away and broken_rule
};

/// One request. Lives on the connection's I/O thread and may outlive the connection: operations then give
/// Errc::connection_lost. One coroutine may write while another reads.
class H2ClientStream {
 public:
  virtual ~H2ClientStream() = default;  ///< resets the stream with CANCEL if it is not ended

  /// Sends pieces of the body, in order. Returns when flow control and the socket have taken all of them. The memory
  /// must stay valid until then. Small pieces are joined into full TLS records when more is waiting, never delayed.
  /// Errc::stream_reset / Errc::connection_lost; after an early answer of the server it may still go on.
  virtual asio::awaitable<Result<>> write(std::span<const ByteView> pieces) = 0;
  /// Ends the body (END_STREAM).
  virtual asio::awaitable<Result<>> finish() = 0;
  /// Once, in place of finish(): the body has so many bytes, more than 0; END_STREAM goes with the last of them.
  virtual void set_length(std::uint64_t bytes) = 0;
  /// The head of the (final) answer; 1xx are skipped.
  virtual asio::awaitable<Result<ResponseHead>> read_head() = 0;
  /// The next piece of the answer's body; empty = end. Valid until the next call.
  virtual asio::awaitable<Result<ByteView>> read_body() = 0;
  virtual void reset(std::uint32_t error_code) = 0;
  /// Of use once an operation has failed.
  virtual H2Ending ending() const = 0;
  /// Bytes of body that the peer lets us send now.
  virtual std::size_t send_window() const = 0;
  virtual h2::StreamId id() const = 0;
};

struct H2ClientOptions {
  std::size_t window_bytes = 256 << 10;            ///< our receive window, per stream and connection
  std::chrono::milliseconds ping_interval{10000};  ///< PING after this long without input; 0 = never
  std::chrono::milliseconds ping_timeout{10000};   ///< no answer for this long: the connection is lost
  /// Told of each frame from inside the connection, which it must not use.
  std::function<void(h2::Direction, const h2::Frame&)> on_frame;
  /// Told once that the connection is over; as on_frame.
  std::function<void()> on_end;
};

/// One connection. Lives on one I/O thread.
class H2Client {
 public:
  virtual ~H2Client() = default;  ///< ends the connection at once

  /// `stream` must be connected, and by TLS have agreed on ALPN h2 (or none: prior knowledge). Sends preface and
  /// SETTINGS; does not wait for the server's.
  static std::unique_ptr<H2Client> create(std::unique_ptr<ByteStream> stream, H2ClientOptions options);

  /// Starts a request; its body follows by write() and finish(). `headers` are ordinary fields.
  virtual Result<std::unique_ptr<H2ClientStream>> open(std::string method, std::string authority, std::string path,
                                                       http::Headers headers, bool tls_scheme) = 0;
  /// Starts a request without a body: END_STREAM goes with its head.
  virtual Result<std::unique_ptr<H2ClientStream>> ask(std::string method, std::string authority, std::string path,
                                                      http::Headers headers, bool tls_scheme) = 0;
  /// GOAWAY in good order, close_notify, FIN; at most `deadline`.
  virtual asio::awaitable<void> close(std::chrono::milliseconds deadline) = 0;
  virtual void abort() = 0;
  /// False after GOAWAY of the peer or loss of the connection: open a new one for the next request.
  virtual bool usable() const = 0;
  virtual H2Ending ending() const = 0;
  /// Why the connection ended, and round trip of the last PING (0 = none yet).
  virtual std::error_code reason() const = 0;
  virtual std::chrono::microseconds rtt() const = 0;
};

}  // namespace camspan::net
