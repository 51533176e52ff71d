/// One HTTP/2 connection (RFC 9113), client or server, on nghttp2. No socket, no thread, no clock: bytes and `now` in,
/// bytes out.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/time.hpp"
#include "proto/h2/body_source.hpp"
#include "proto/h2/deadlines.hpp"
#include "proto/h2/flood_guard.hpp"
#include "proto/h2/limits.hpp"
#include "proto/h2/observer.hpp"
#include "proto/h2/settings.hpp"

struct nghttp2_session;

namespace camspan::h2 {

struct Callbacks;
struct Stream;

/// One thread. After each call that changes something, write what pending_output() gives until it gives nothing, and
/// look at next_timeout(). Malformed input never throws: the peer gets its GOAWAY or RST_STREAM.
class Connection {
 public:
  /// The preface and SETTINGS wait in pending_output(). `observer` outlives the connection.
  /// @return Errc::bad_setting: a setting is not allowed
  static Result<std::unique_ptr<Connection>> create_client(const Settings& settings, const Limits& limits,
                                                           Observer& observer, TimePoint now);
  static Result<std::unique_ptr<Connection>> create_server(const Settings& settings, const Limits& limits,
                                                           Observer& observer, TimePoint now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes and time.

  /// Takes everything. @return Errc::protocol_error once the connection cannot go on; write what is pending, then close
  Result<> feed(ByteView bytes, TimePoint now);
  /// Appends frames to `out` until nothing is left to send or `out` has `limit` bytes, which it passes by at most one
  /// frame. DATA frames have 16375 bytes where there is that much: one TLS record with their header.
  void pending_output(Bytes& out, std::size_t limit, TimePoint now);
  /// The transport has taken some of the output: a slow line, not a dead one, delays the answer to a PING behind it.
  void output_taken(TimePoint now) { deadlines_.output(now); }
  /// False while the peer has sent more than we can hold or answer: do not read until it is true again.
  bool accepts_input() const;
  /// True if pending_output() has something to give.
  bool wants_output() const;
  /// The connection is over: write what is pending and close the transport.
  bool done() const;
  std::optional<TimePoint> next_timeout() const;
  void on_timeout(TimePoint now);

  // Streams.

  /// Client. The pseudo-header fields come from the members of `request`; an empty one is left out.
  /// @param source  the body; null = none. Must live until on_stream_closed() or release()
  /// A `protocol` makes it an extended CONNECT (RFC 8441).
  /// @return Errc::closed after GOAWAY or when the ids are used up: open a new connection; Errc::unsupported: the
  /// server
  ///         has not (yet) announced ENABLE_CONNECT_PROTOCOL
  Result<StreamId> submit_request(const Request& request, BodySource* source);
  /// Server, once per stream. A HEAD request and a null source get END_STREAM with the head. When the answer ends
  /// before the request, RST_STREAM(NO_ERROR) follows it (RFC 9113 section 8.1): at once if content-length bytes have
  /// come, as Link Kit devices never say END_STREAM; else after Limits::early_answer; never for a CONNECT answered by
  /// 2xx.
  /// @return Errc::stream_reset: the stream is gone
  Result<> submit_response(StreamId id, int status, const http::Headers& headers, BodySource* source);
  /// Server: what every malformed request gets: 400 if nothing was answered yet, and a reset with PROTOCOL_ERROR.
  void refuse(StreamId id);
  /// The source of the stream has something again.
  void resume(StreamId id, TimePoint now);
  /// The owner has taken `bytes` of the stream's body: the peer may send that much more. Also after the stream closed.
  void consume(StreamId id, std::size_t bytes);
  /// Sends RST_STREAM once; repeated, or on a closed stream, it does nothing.
  void reset(StreamId id, ErrorCode code);
  /// The owner forgets the stream: no more events, its source is not asked again. Call it once for each stream; until
  /// then the stream counts as open, even when its peer has reset it (rapid reset must not start a handler a time).
  void release(StreamId id);
  /// Bytes of body that the peer lets us send on the stream now.
  std::size_t send_window(StreamId id) const;
  StreamState state(StreamId id) const;

  // The connection.

  /// Ends it in good order: streams that run go on, then done() is true. A server says GOAWAY twice, a round trip
  /// apart, so that no request under way is lost (RFC 9113 section 6.8).
  void shutdown(TimePoint now);
  /// Ends it now: GOAWAY with `code`; streams are not finished.
  void terminate(ErrorCode code);
  /// The peer, or we, have said GOAWAY: no new stream here.
  bool closing() const { return closing_ || rule_broken_; }
  /// It ends by terminate(), a broken rule or a deadline: only its last frames are still to be written.
  bool terminated() const { return terminated_ || output_broken_ || rule_broken_; }
  /// Why the connection ends; no_error while it does not, or in good order.
  ErrorCode error() const { return error_ == ErrorCode::no_error && rule_broken_ ? ErrorCode::protocol_error : error_; }
  /// True when it ends because a deadline passed.
  bool timed_out() const;
  /// The limit that ended the connection.
  std::optional<Limit> passed_limit() const { return passed_limit_; }
  /// Of the last PING; 0 = none was answered yet.
  Nanoseconds rtt() const { return rtt_; }
  const Stats& stats() const { return stats_; }

 private:
  friend struct Callbacks;

  enum class Role : std::uint8_t { client, server };
  struct FreeSession {
    void operator()(nghttp2_session* session) const noexcept;
  };

  Connection(Role role, const Limits& limits, Observer& observer, TimePoint now);
  static Result<std::unique_ptr<Connection>> create(Role role, const Settings& settings, const Limits& limits,
                                                    Observer& observer, TimePoint now);
  Result<> start(const Settings& settings);

  // Events of nghttp2, in connection_events.cpp. The integers are nghttp2's ids and callback results.
  int begin_frame(std::int32_t id, std::uint8_t type, std::size_t length, std::uint8_t flags);
  int begin_headers(std::int32_t id);
  int header_field(std::int32_t id, std::string_view name, std::string_view value, bool sensitive);
  void headers_received(std::int32_t id, bool end);
  void data_announced(std::int32_t id, std::size_t length);
  void data_received(std::int32_t id, ByteView bytes);
  void body_ended(std::int32_t id);
  void settings_received(bool acknowledgement);
  void ping_acknowledged(const std::uint8_t* payload);
  void window_update_received();
  void reset_received();
  void note_newest(std::int32_t id);
  void remember_windows();
  void tell(Direction direction, const Frame& frame) { observer_.on_frame(direction, frame); }
  void go_away_received(std::int32_t last, std::uint32_t code);
  void stream_ended(std::int32_t id, std::uint32_t code);
  void end_stream_sent(std::int32_t id);
  void reset_frame_sent(std::uint32_t code);
  void go_away_sent(std::uint32_t code);
  void headers_not_sent(std::int32_t id);
  void ping_frame_sent() { ping_sent_ = now_; }
  /// Collects the payload of the next DATA frame in pulled_. @return its bytes, or nghttp2's word for "later"
  std::ptrdiff_t pull_body(Stream& stream, std::size_t length, bool& end);
  int put_data_frame(Stream& stream, const std::uint8_t* frame_header, std::size_t length);

  void request_received(Stream& stream, bool end);
  void response_received(Stream& stream);
  void trailers_received(Stream& stream, bool end);
  void remote_ends(Stream& stream);
  void refuse_malformed(Stream& stream);
  void obey(FloodGuard::Verdict verdict);
  /// Ends the connection for a limit.
  void enforce(Limit limit, ErrorCode code);
  void check_stalls(TimePoint now);
  void end_early_answered(TimePoint now);
  void ping();
  void second_go_away();
  Stream* find(std::int32_t id) const;
  void forget_if_over(std::int32_t id);

  const Role role_;
  const Limits limits_;
  Observer& observer_;
  std::unique_ptr<nghttp2_session, FreeSession> session_;
  std::unordered_map<std::int32_t, std::unique_ptr<Stream>> streams_;  // until closed and released
  std::uint32_t max_streams_ = 0;                                      // of the peer's at once; 0 = no limit
  bool extended_connect_ = false;                                      // we announced it
  std::int64_t initial_window_ = 0;                                    // the peer's, before the SETTINGS under way
  std::int32_t largest_window_ = 0;                                    // of a stream of ours, then
  std::int32_t newest_ = -1;                                           // stream of the peer's
  std::vector<std::pair<std::int32_t, std::int32_t>> skipped_;         // ids it passed over: first, last
  Deadlines deadlines_;
  FloodGuard guard_;
  Stats stats_;
  TimePoint now_;                                              // of the call under way
  std::deque<std::pair<TimePoint, StreamId>> early_answered_;  // when each gets its RST_STREAM(NO_ERROR), in order
  std::optional<TimePoint> stall_check_;                       // set while a stream has something to send (servers)
  std::size_t unread_ = 0;   // body bytes told and not consumed, closed streams included
  std::uint64_t pings_ = 0;  // the payload of the last PING
  TimePoint ping_sent_;
  Nanoseconds rtt_{0};
  ErrorCode error_ = ErrorCode::no_error;
  std::optional<Limit> passed_limit_;
  bool closing_ = false;  // GOAWAY was said, by us or by the peer
  bool terminated_ = false;
  bool rule_broken_ = false;   // by the peer; the GOAWAY that says which has not left yet
  bool input_broken_ = false;  // nghttp2 gave up reading: it may only send what it has
  bool output_broken_ = false;
  Bytes* out_ = nullptr;  // of the pending_output() under way
  std::size_t out_limit_ = 0;
  std::vector<ByteView> pulled_;  // payload of the DATA frame under way
};

}  // namespace camspan::h2
