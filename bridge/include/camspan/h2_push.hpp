/// H2Push: uploads a live stream or a file by HTTP/2 and keeps at it: reconnects, sends again what the receiver does
/// not have, counts what was lost.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace camspan {

enum class H2PushMode : std::uint8_t {
  post,    ///< one streaming POST or PUT to any HTTP/2 server
  stream,  ///< a Link Kit channel, to a camspan-hub or another server that speaks them: opened, sent on, closed
};
enum class H2PushMethod : std::uint8_t { post, put };
enum class H2PushContent : std::uint8_t {
  automatic,  ///< flv if the bytes begin with "FLV", else raw
  flv,        ///< drops, restarts and numbers follow FLV tags
  raw,        ///< bytes of no known structure
};
enum class H2PushLeaky : std::uint8_t { no, upstream, downstream };
enum class H2PushSpoolMode : std::uint8_t {
  outage,  ///< to disk while the link is down or too slow: a kill loses what memory held
  /// Every tag is on disk before it is sent, and with the system before push() returns: a kill loses nothing, a power
  /// cut what came since the last sync (50 ms).
  always,
};
enum class H2PushSpoolOrder : std::uint8_t {
  live_first,    ///< after an outage live goes on at once, the spool follows beside it
  oldest_first,  ///< live waits until the spool is empty
};

/// Settings. Those marked [live] can be changed by H2Push::update() while it runs.
struct H2PushConfig {
  H2PushMode mode = H2PushMode::post;
  std::string location;  ///< post: https://host[:port]/path, or http://... for HTTP/2 without TLS by prior knowledge
  H2PushMethod method = H2PushMethod::post;
  H2PushContent content = H2PushContent::automatic;
  std::string content_type;  ///< "" = video/x-flv for FLV, application/octet-stream for raw
  std::vector<std::pair<std::string, std::string>> headers;  ///< [live] from the next request on
  std::string user_agent;                                    ///< "" = camspan/<version>
  std::string stream_id;                                     ///< header camspan-stream; "" = a new UUID
  std::string meta;                                          ///< header camspan-meta, a JSON object; "" = none

  // In mode stream these say where to and who; location, method, auth_* and user_* are not used.
  std::string host;  ///< bare name or address; the connection is TLS always
  std::uint16_t port = 8443;
  std::string product_key;  ///< of the triple, with device_name
  std::string device_name;
  std::string device_id;  ///< in place of both: PRODUCT.NAME, or a NAME without a dot (product key camspan)
  std::string device_secret;
  std::string device_secret_file;  ///< the secret on its first line, or the table of `device add`; read at each open
  std::string identify = "iotx/vision/voice/intercom/live";  ///< service path, without leading '/'

  std::string auth_token;       ///< [live] bearer token
  std::string auth_token_file;  ///< [live] read again after a 401
  std::string proxy;            ///< http://HOST[:PORT] of a proxy that makes tunnels (CONNECT); "" = none
  std::string proxy_id;         ///< user name for the proxy; "" = none
  std::string proxy_password;
  std::string user_id;  ///< [live] basic authentication, used when there is no token
  std::string user_password;

  std::string ca_file;    ///< PEM file or folder; "" = the system's trust
  std::string cert_file;  ///< client certificate (mTLS)
  std::string key_file;   ///< its key: PEM file or OpenSSL provider URI
  bool verify = true;     ///< chain, name and dates of the server's certificate

  std::string interface;  ///< bind to this network interface
  int dscp = -1;          ///< 0..63

  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds idle_timeout{30000};         ///< nothing could be sent for this long: reconnect
  std::chrono::milliseconds ack_timeout{15000};          ///< a receiver that acknowledges stopped doing so: reconnect
  int retries = -1;                                      ///< [live] tries after the first, in a row; -1 = for ever
  std::chrono::milliseconds reconnect_delay{500};        ///< [live] first wait, doubled each time, full jitter
  std::chrono::milliseconds reconnect_delay_max{30000};  ///< [live]
  std::chrono::milliseconds drain_timeout{5000};         ///< [live]

  std::uint64_t max_bytes = 4 << 20;                               ///< [live] memory bound, unacknowledged included
  std::chrono::nanoseconds max_time = std::chrono::seconds(10);    ///< [live] bound of what waits to be sent
  H2PushLeaky leaky = H2PushLeaky::no;                             ///< [live]
  std::chrono::nanoseconds replay_time = std::chrono::seconds(2);  ///< [live] kept where nothing is acknowledged
  std::chrono::nanoseconds segment_time{0};  ///< [live] a new request at the next key frame; 0 = off
  std::uint64_t segment_bytes = 0;           ///< [live] the same by size; 0 = off

  // FLV only: bytes of no known structure are not spooled.
  std::string spool_location;                ///< folder of this upload alone, where the spool lies; "" = none
  std::uint64_t spool_max_bytes = 64 << 20;  ///< of its files; over it the oldest go (with leaky = no, push() waits)
  H2PushSpoolMode spool_mode = H2PushSpoolMode::outage;
  H2PushSpoolOrder spool_order = H2PushSpoolOrder::live_first;  ///< [live]
  int spool_share = 80;  ///< [live] percent of what is sent that the spool may be while live goes on; 100 = no bound

  std::uint64_t window_bytes = 256 << 10;          ///< our HTTP/2 receive window
  std::chrono::milliseconds ping_interval{10000};  ///< 0 = no PING
};

enum class ConnectStep : std::uint8_t { begun, complete, failed };

enum class ConnectionState : std::uint8_t { idle, connecting, connected, waiting, draining, failed };

/// Monotonic unless said otherwise; every byte that came in is in exactly one of: queued, acked, dropped or lost.
struct H2PushStats {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_queued = 0;           ///< level: held in memory, sent or not
  std::uint64_t bytes_unsent = 0;           ///< level
  std::chrono::nanoseconds time_queued{0};  ///< level: media time waiting to be sent
  std::uint64_t bytes_sent = 0;             ///< of body, repeats included
  std::uint64_t bytes_acked = 0;            ///< acknowledged; where nothing is acknowledged: sent and answered by 2xx
  std::uint64_t bytes_resent = 0;
  std::uint64_t bytes_dropped_overflow = 0;  ///< no room in the queue
  std::uint64_t bytes_dropped_error = 0;     ///< sent, never acknowledged, no longer held when needed
  std::uint64_t bytes_dropped_spool = 0;     ///< deleted from the spool before they were uploaded
  std::uint64_t units_dropped = 0;
  std::uint64_t spool_bytes = 0;        ///< level: of the files of the spool
  std::optional<UtcTime> spool_oldest;  ///< capture time of the oldest tag in it, where it is known
  std::uint64_t tags_acked = 0;         ///< of the current stream
  std::uint64_t requests = 0;
  std::uint64_t connects = 0;
  int http_status = 0;  ///< last one
  std::chrono::microseconds rtt{0};
  std::uint64_t flow_window = 0;              ///< level: bytes the receiver allows now
  std::uint64_t send_rate = 0;                ///< bit/s, last second
  std::uint64_t goodput = 0;                  ///< bit/s acknowledged, last second
  std::chrono::milliseconds connect_time{0};  ///< last: lookup and TCP
  std::chrono::milliseconds tls_time{0};
  std::chrono::milliseconds first_ack_time{0};  ///< last: request sent to first acknowledgement
  ConnectionState state = ConnectionState::idle;
  std::string stream_id;
};

/// What a user of H2Push hears, on one notify thread, in order, under no lock. Any member may be empty.
struct H2PushEvents {
  std::function<void(ConnectionState)> state;
  /// Each try to connect or reconnect (attempt 1, 2, ...) begins, and then is complete or has failed.
  std::function<void(bool reconnect, int attempt, ConnectStep step)> progress;
  /// Once per outage.
  std::function<void(const Failure&)> lost;
  /// Given up; nothing more is sent.
  std::function<void(const Failure&)> failed;
  /// `bytes` acknowledged in all; `running_time` of the last acknowledged unit, if known.
  std::function<void(std::uint64_t bytes, std::optional<std::chrono::nanoseconds> running_time)> acked;
  /// Units are being dropped (true) or no longer (false).
  std::function<void(bool dropping)> overflow;
  /// The spool holds so many bytes now; capture time of the oldest. At most once a second, when it is empty, and when
  /// it can be used after it could not be opened.
  std::function<void(std::uint64_t bytes, std::optional<UtcTime> oldest)> spool;
  /// The spool cannot be used, and memory alone holds what waits; told again only after it worked in between. It is
  /// tried again every few seconds.
  std::function<void(const Failure&)> spool_failed;
  /// The next key frame should come soon: after a reconnect, after drops.
  std::function<void()> need_key;
  /// Asked after a 401; the answer is the token for the next try, "" = none. Runs on the notify thread while the upload
  /// waits.
  std::function<std::string()> request_token;
  /// Asked when the receiver sends the upload to another `url` (301, 302, 307, 308), with the credentials. Without it
  /// only 307 and 308 are followed, and only on the same scheme, host and port. Runs as request_token.
  std::function<bool(const std::string& url)> redirect;
};

/// Member functions from one thread (the streaming thread), except where said.
class H2Push {
 public:
  /// Checks the settings; no network yet. @return the sentence names the setting and the fix.
  static tl::expected<std::unique_ptr<H2Push>, Failure> create(H2PushConfig config, H2PushEvents events);
  /// Ends the connection at once; returns within 1 s whatever the peer does. No event begins after it; one that runs on
  /// the notify thread at that moment goes on.
  ~H2Push();

  /// Begins to connect in the background. Not needed: push() does it too.
  void start();

  /// Takes the next piece of the stream, cut anywhere (FLV: whole tags are shared, not copied). Blocks only with
  /// leaky = no while the bound is reached, and with H2PushSpoolMode::always until the disk has taken it: at most 1 s,
  /// and then not again before the disk has caught up, nor while the spool cannot be used.
  /// @return Errc::queue_full: something was dropped and counted; Errc::malformed, wrong_type or too_large: this is not
  ///         the FLV it should be; Errc::cancelled: unlock(); Errc::closed: the upload has failed for good
  Result<> push(const SharedUnit& piece);
  /// Drops what waits to be sent; goes on at the next key frame.
  void flush();
  /// The stream is complete: sends the rest, waits for the receiver's acknowledgement, at most drain_timeout.
  /// @return Errc::timed_out, Errc::cancelled (unlock) or why it failed
  Result<> drain();

  // Any thread.

  /// true wakes push() and drain() at once and keeps them from waiting; false makes them wait again.
  void unlock(bool unlocked);
  /// Takes over the settings marked [live].
  void update(const H2PushConfig& config);
  /// Connects anew now, if it is waiting to.
  void reconnect();
  /// Begins a new request at the next key frame.
  void split();
  /// Deletes what the spool holds; it is counted as dropped.
  void drop_spool();
  H2PushStats stats() const;

  H2Push(const H2Push&) = delete;
  H2Push& operator=(const H2Push&) = delete;

 private:
  struct Impl;
  explicit H2Push(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan
