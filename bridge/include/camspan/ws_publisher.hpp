/// WsPublisher: serves one live stream to many WebSocket clients, and as plain HTTP-FLV, from the camera itself.
#pragma once

#include <camspan/catch_up.hpp>
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

enum class WsEncoding : std::uint8_t {
  msgpack,    ///< each unit is a notification of WebSocket streams, with its kind, times and number
  raw,        ///< the bytes as they are: FLV for players, by WebSocket or by GET
  json_meta,  ///< as msgpack, but JSON, and without the bytes
};

/// Settings. Those marked [live] can be changed by WsPublisher::update() while it runs.
struct WsPublisherConfig {
  std::string host = "127.0.0.1";  ///< numeric, or "localhost"; the default serves this machine alone
  std::uint16_t port = 8080;       ///< 0 = any free one
  std::string path;                ///< "" = /appdata, or /live.flv with raw
  std::string stream_name = "media";
  std::string tls_cert_file;  ///< PEM chain; with tls_key_file: wss and https
  std::string tls_key_file;   ///< PEM file or OpenSSL provider URI
  std::string auth_token;     ///< clients show it as a bearer token or ?token=
  std::string auth_token_file;
  std::vector<std::string> allow_origins;  ///< pages of other sites that may come; "*" = any
  WsEncoding encoding = WsEncoding::msgpack;
  unsigned max_clients = 8;                                           ///< [live]
  SyncMethod sync_method = SyncMethod::latest_keyframe;               ///< [live]
  RecoverPolicy recover_policy = RecoverPolicy::keyframe;             ///< [live]
  std::chrono::nanoseconds units_soft_max = std::chrono::seconds(1);  ///< [live] over it: key frames only
  std::chrono::nanoseconds units_max = std::chrono::seconds(4);       ///< [live] over it: recover_policy
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);        ///< [live] took nothing so long: it goes
  std::uint64_t max_bytes = 2 << 20;               ///< [live] that wait for all clients, counted for each
  std::chrono::milliseconds ping_interval{10000};  ///< of silence; two unanswered pings end a client
  std::uint64_t max_inbound_message = 4096;        ///< bytes
  bool serve_player = false;                       ///< a page at / that shows the stream
  std::string interface;                           ///< listen on this network interface alone
  int dscp = -1;                                   ///< 0..63 of outgoing packets
  std::string user_agent;                          ///< Server field of answers; "" = camspan/<version>
};

/// Why a client is gone.
enum class WsRemoval : std::uint8_t {
  closed,   ///< it left
  removed,  ///< remove() or clear()
  slow,     ///< it could not keep up, or took nothing for too long
  error,    ///< it broke the protocol, or its connection broke
  stopped,  ///< the stream has ended
};

struct WsClientStats {
  std::uint32_t id = 0;
  std::string address;
  bool websocket = false;
  std::uint64_t queued_bytes = 0;  ///< level
  std::chrono::nanoseconds queue_delay{0};
  std::uint64_t units_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t dropped_soft = 0;    ///< units
  std::uint64_t dropped_hard = 0;    ///< units
  std::chrono::nanoseconds idle{0};  ///< since it last took or sent anything
};

/// Monotonic unless said otherwise.
struct WsPublisherStats {
  std::vector<WsClientStats> clients;
  std::uint64_t bytes_in = 0;
  std::uint64_t units_in = 0;
  std::uint64_t bytes_served = 0;
  std::uint64_t level_bytes = 0;  ///< level: that wait, counted for each client
  std::uint64_t cache_bytes = 0;  ///< level: of the GOP for those who come
  std::uint64_t accepts = 0;
  std::uint64_t rejects_token = 0;
  std::uint64_t rejects_origin = 0;
  std::uint64_t rejects_full = 0;
  std::uint64_t rejects_application = 0;
  std::uint64_t rejects_request = 0;  ///< other paths, methods, broken requests
  std::uint64_t dropped_soft = 0;     ///< units, of all clients
  std::uint64_t dropped_hard = 0;
  std::uint64_t bytes_dropped_soft = 0;
  std::uint64_t bytes_dropped_hard = 0;
  std::uint64_t bytes_dropped_input = 0;  ///< before any client: the I/O thread did not come round
};

/// What a user of WsPublisher hears, on one notify thread, in order, under no lock. Any member may be empty.
struct WsPublisherEvents {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Asked before a client is let in. Without it everybody is.
  std::function<bool(const std::string& address, const std::string& path, const Headers& headers)> client_connecting;
  std::function<void(std::uint32_t id, const std::string& address)> client_added;
  std::function<void(std::uint32_t id, WsRemoval why)> client_removed;
  /// A whole message of a client that was not answered here.
  std::function<void(std::uint32_t id, const Bytes& message)> client_message;
  /// Units are dropped for some client (true), or have not been for a second (false).
  std::function<void(bool dropping)> overflow;
  /// A key frame should come soon: a client waits for one. At most once a second.
  std::function<void()> need_key;
};

/// Member functions from one thread (the streaming thread), except where said.
class WsPublisher {
 public:
  /// Checks the settings and listens. @return the sentence names the setting and the fix.
  static tl::expected<std::unique_ptr<WsPublisher>, Failure> start(WsPublisherConfig config, WsPublisherEvents events);
  /// Tells clients that the stream is over (1001), and ends; returns within 1 s whatever they do. The last events are
  /// client_removed of who was there, where those before are through within 500 ms. No event begins after it.
  ~WsPublisher();

  /// What the stream is: its caps, and what a decoder needs first (whole FLV tags, or what the format has). FLV is
  /// taken apart; of other formats each unit says what it is (video has the track of FLV video, 9).
  void set_format(const std::string& caps, const std::vector<SharedUnit>& headers, bool flv);
  /// Takes the next piece of the stream; FLV may be cut anywhere. Never blocks.
  /// @return Errc::queue_full: dropped and counted; Errc::malformed, wrong_type or too_large: not the FLV it should be
  Result<> push(const SharedUnit& piece);
  /// Drops what waits; goes on at the next key frame.
  void flush();
  /// The stream is over: clients get the rest and are closed (1000). Waits at most 1 s for that.
  void end();

  // Any thread.

  std::uint16_t port() const;
  /// Takes over the settings marked [live].
  void update(const WsPublisherConfig& config);
  /// Closes a client (1000), at once or when it has all that waits for it now.
  void remove(std::uint32_t id);
  void remove_flush(std::uint32_t id);
  void clear();  ///< remove() for all
  /// Sends one binary message to a client, between two of the stream.
  void send(std::uint32_t id, Bytes message);
  WsPublisherStats stats() const;

  WsPublisher(const WsPublisher&) = delete;
  WsPublisher& operator=(const WsPublisher&) = delete;

 private:
  struct Impl;
  explicit WsPublisher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan
