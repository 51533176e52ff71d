/// P2pCamera: shows a live FLV stream to viewers who connect straight to this process (WebRTC data channels), whoever
/// they are: browsers, camspan-view, any WebRTC library.
#pragma once

#include <camspan/catch_up.hpp>
#include <camspan/error.hpp>
#include <camspan/p2p_command.hpp>
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

/// How viewers and the camera find each other.
enum class P2pSignalling : std::uint8_t {
  hub,    ///< by a WebSocket to a camspan-hub
  local,  ///< this process serves WHEP, the live stream and the viewer page itself
};
/// How messages of `camspan-flv-timed` channels are sent. Those of `camspan-flv` are reliable always.
enum class P2pChannelMode : std::uint8_t {
  reliable,
  timed,      ///< in order, each given up after its lifetime
  unordered,  ///< never sent again
};
/// How the viewers' estimates become the one bitrate of the one encoder.
enum class P2pBitratePolicy : std::uint8_t { lowest, average, highest, manual };

/// Settings. Those marked [live] can be changed by P2pCamera::update() while it runs.
struct P2pCameraConfig {
  P2pSignalling signalling = P2pSignalling::hub;

  std::string product_key;  ///< of the triple, with device_name
  std::string device_name;
  std::string device_id;  ///< in place of both: PRODUCT.NAME, or a NAME without a dot (product key camspan)
  std::string device_secret;
  std::string device_secret_file;  ///< the secret on its first line, or the table of `device add`
  std::string name;                ///< for people; "" = none
  bool ptz = false;                ///< the camera can be turned

  // Signalling by a hub.
  std::string hub_uri;                                           ///< wss://host:port/signal
  std::vector<std::pair<std::string, std::string>> hub_headers;  ///< further fields of the upgrade request
  std::string hub_ca_file;                                       ///< PEM file or folder; "" = the system's trust
  bool hub_verify = true;                                        ///< chain, name and dates of the hub's certificate

  // Signalling by this process.
  std::string local_host = "127.0.0.1";
  std::uint16_t local_port = 8080;  ///< 0 = any
  std::string local_cert_file;      ///< PEM; with it and its key the port speaks TLS
  std::string local_key_file;
  std::string local_token;       ///< what viewers bring, every right; "" with no other: this host alone is served
  std::string local_token_file;  ///< the same, on the first line of a file
  std::string local_jwt_key_file;

  std::string stun_server;                ///< stun:host:port; none by default
  std::vector<std::string> turn_servers;  ///< turn://user:password@host:port?transport=udp
  bool relay_only = false;                ///< no path but over a TURN server
  std::uint16_t min_ice_port = 0;         ///< 0 = any
  std::uint16_t max_ice_port = 0;
  bool ice_tcp = false;
  std::string interface;         ///< gather on this network interface alone
  int dscp = -1;                 ///< 0..63 of what goes to viewers; -1 = the system's
  std::string certificate_file;  ///< PEM with certificate and key, ECDSA P-256; "" = one of its own, another each day
  std::string user_agent;        ///< "" = camspan/<version>

  unsigned max_viewers = 4;                                              ///< [live]
  P2pChannelMode channel_mode = P2pChannelMode::timed;                   ///< for channels that open from now on
  std::chrono::milliseconds delta_lifetime{1000};                        ///< [live] mode timed: also of sound
  std::chrono::milliseconds key_lifetime{3000};                          ///< [live] mode timed
  std::uint64_t message_bytes = 16384;                                   ///< of a timed message, with its header
  SyncMethod sync_method = SyncMethod::latest_keyframe;                  ///< [live]
  RecoverPolicy recover_policy = RecoverPolicy::keyframe;                ///< [live]
  std::chrono::nanoseconds soft_max = std::chrono::seconds(1);           ///< [live] over it: key frames only
  std::chrono::nanoseconds hard_max = std::chrono::seconds(4);           ///< [live] over it: `recover`
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);           ///< [live] takes nothing: disconnected
  std::uint64_t max_bytes = 2 << 20;                                     ///< [live] waiting for all viewers together
  std::uint64_t gop_cache_bytes = 1 << 20;                               ///< [live] one cache for all viewers
  std::chrono::nanoseconds keyframe_interval = std::chrono::seconds(1);  ///< [live] between requests; 0 = never ask

  P2pBitratePolicy bitrate_policy = P2pBitratePolicy::lowest;  ///< [live]
  std::uint64_t min_bitrate = 200'000;                         ///< [live] bit/s
  std::uint64_t start_bitrate = 2'000'000;                     ///< bit/s
  std::uint64_t max_bitrate = 4'000'000;                       ///< [live] bit/s
};

/// Who watches, and how that goes. Counters since the viewer came; durations since its offer, unset until reached.
struct P2pCameraViewerStats {
  std::string id;
  std::string viewer;                 ///< `sub` of its token
  bool connected = false;             ///< else: connecting
  std::string delivery;               ///< protocol field of its first stream, "camspan-flv"
  std::string remote_candidate_type;  ///< "host", "srflx", "prflx", "relay"; "" until there is a path
  bool relayed = false;
  std::optional<std::chrono::milliseconds> signal_time;  ///< until our answer
  std::optional<std::chrono::milliseconds> ice_time;
  std::optional<std::chrono::milliseconds> dtls_time;
  std::optional<std::chrono::milliseconds> open_time;
  std::optional<std::chrono::milliseconds> first_key_time;  ///< until a first key frame was handed to the link
  std::chrono::microseconds rtt{0};
  double loss = 0;  ///< 0..1
  std::uint64_t cwnd = 0;
  std::uint64_t buffered_bytes = 0;         ///< level: sent, not acknowledged
  std::chrono::nanoseconds queue_delay{0};  ///< level: of the tag that waits longest
  std::uint64_t bytes_sent = 0;
  std::uint64_t frames_sent = 0;  ///< tags
  std::uint64_t frames_dropped_late = 0;
  std::uint64_t frames_dropped_overflow = 0;
  std::uint64_t frames_dropped_lifetime = 0;
  std::uint64_t key_requests = 0;
  std::uint64_t estimated_bitrate = 0;  ///< bit/s; 0 = nothing is known yet
  std::uint64_t loss_bitrate = 0;       ///< bit/s that loss and round trip leave to one connection; 0 = no such bound
  bool too_lossy = false;               ///< the stream is more than that
};

/// Monotonic unless said otherwise.
struct P2pCameraStats {
  std::vector<P2pCameraViewerStats> viewers;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_dropped_late = 0;
  std::uint64_t frames_dropped_overflow = 0;
  std::uint64_t frames_dropped_lifetime = 0;
  std::uint64_t bytes_dropped = 0;   ///< of those, counted for each viewer
  std::uint64_t input_dropped = 0;   ///< tags that came faster than this process took them
  std::uint64_t viewers_total = 0;   ///< that were connected
  std::uint64_t viewers_failed = 0;  ///< that never were
  std::uint64_t viewers_refused = 0;
  std::uint64_t key_requests = 0;
  std::uint64_t gop_cache_bytes = 0;  ///< level
  std::uint64_t level_bytes = 0;      ///< level: waiting for viewers, counted for each
  std::uint64_t budget_used = 0;      ///< level: of the process
  std::uint64_t bitrate_in = 0;       ///< level: bit/s of the media coming in
  std::uint64_t estimated_bitrate = 0;
  std::uint64_t target_bitrate = 0;
};

/// A viewer that asks to connect, or is connected.
struct P2pViewerInfo {
  std::string id;
  std::string viewer;              ///< `sub` of its token, or ""
  std::string params;              ///< what it asks for, "action=live&channel=0"
  std::vector<std::string> allow;  ///< its rights
};

enum class P2pState : std::uint8_t {
  idle,
  connecting,
  connected,  ///< with the hub, or listening
  waiting,    ///< for the next try
  failed,
};

/// What a user of P2pCamera hears, on one notify thread, in order, under no lock. Any member may be empty.
struct P2pCameraEvents {
  std::function<void(P2pState)> state;
  /// Signalling was lost: viewers go on, new ones cannot come. Once per outage.
  std::function<void(const Failure&)> lost;
  /// Cannot go on: nobody will ever come.
  std::function<void(const Failure&)> failed;
  /// false refuses it. Without this member everybody is taken whom settings and rights allow.
  std::function<bool(const P2pViewerInfo&)> viewer_connecting;
  std::function<void(const P2pViewerInfo&)> viewer_added;
  /// A viewer that was added is gone.
  std::function<void(const std::string& id, const std::string& reason)> viewer_removed;
  /// A viewer could not be connected.
  std::function<void(const std::string& id, const Failure& why)> viewer_failed;
  /// A message on a channel of a label that is no request. Without this member there are no such channels.
  std::function<void(const std::string& id, const std::string& label, Bytes message)> viewer_message;
  /// A viewer that has the right `command` asks for something that the camera does not answer by itself, such as
  /// "action=user_define&channel=0&cmd=ptz_left". Viewers give up after a few seconds, and other events wait while this
  /// one runs. Without this member there are no such commands (404).
  std::function<P2pCommandReply(const std::string& id, const P2pCommand& command)> command;
  /// The next key frame should come soon. `count` of requests so far.
  std::function<void(std::uint64_t count)> need_key;
  /// The encoder should make this many bit/s. @param at_floor  less would be needed than min_bitrate
  std::function<void(std::uint64_t bits_per_second, bool at_floor)> bitrate;
  /// Tags are being dropped for some viewer (true), or no longer (false). At most once a second.
  std::function<void(bool dropping, std::uint64_t level_bytes)> overflow;
};

/// Member functions from one thread (the streaming thread), except where said.
class P2pCamera {
 public:
  /// Checks the settings; no network yet. @return the sentence names the setting and the fix.
  static tl::expected<std::unique_ptr<P2pCamera>, Failure> create(P2pCameraConfig config, P2pCameraEvents events);
  /// Every viewer is told goodbye; returns within 1 s whatever they do. No event begins after it.
  ~P2pCamera();

  /// Begins to signal, in the background.
  void start();

  /// Takes the next piece of the FLV stream, cut anywhere; whole tags are shared, not copied. Never blocks, and never
  /// waits for a viewer.
  /// @return Errc::wrong_type, malformed or too_large: this is not the FLV it should be
  Result<> push(const SharedUnit& piece);
  /// Drops what waits; viewers go on at the next key frame.
  void flush();

  // Any thread.

  void update(const P2pCameraConfig& config);
  /// @return false if there is no such viewer
  bool disconnect(const std::string& id);
  /// Sends a message on the viewer's channel of that label, which is opened if there is none.
  /// @return Errc::not_found: no such viewer; Errc::queue_full; Errc::too_large
  Result<> send_message(const std::string& id, const std::string& label, ByteView message);
  P2pCameraStats stats() const;
  /// The port that viewers come to (signalling local); 0 before it listens.
  std::uint16_t local_port() const;

  P2pCamera(const P2pCamera&) = delete;
  P2pCamera& operator=(const P2pCamera&) = delete;

 private:
  struct Impl;
  explicit P2pCamera(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan
