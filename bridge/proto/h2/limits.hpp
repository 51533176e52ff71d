/// Every bound that an HTTP/2 connection of ours puts on its peer, and the counters of their use.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace camspan::h2 {

/// The numbers without a source of their own are our choice for the attack that is named.
struct Limits {
  using Duration = std::chrono::milliseconds;

  std::int32_t connection_window_bytes = 16777215;  ///< our receive window for all streams together
  std::size_t max_unread_body_bytes = 16 << 20;     ///< received and not consumed; over it accepts_input() is false
  std::size_t max_queued_frames = 256;              ///< CVE-2019-9517; over it accepts_input() is false

  std::size_t max_header_bytes = 16384;  ///< name + value + 32 per field; over it 431, over four times that a reset
  std::size_t max_header_fields = 128;
  std::size_t max_continuations = 8;  ///< CVE-2024-28182

  std::size_t max_pushes = 0;  ///< streams that a server promises us

  std::uint32_t resets_burst = 100;  ///< RST_STREAM of the peer, CVE-2023-44487 (rapid reset)
  std::uint32_t resets_per_second = 10;
  std::uint32_t resets_provoked = 200;          ///< RST_STREAM of ours per 30 s, CVE-2025-8671; Netty's default
  std::uint32_t settings_per_10s = 10;          ///< CVE-2019-9515
  std::size_t max_queued_acks = 100;            ///< SETTINGS and PING acknowledgements not sent yet, CVE-2019-9512
  std::uint32_t empty_frames = 10;              ///< in a row, CVE-2019-9518
  std::uint32_t window_updates_per_mib = 1000;  ///< of what we sent, CVE-2019-9511
  /// Allowed besides: Link Kit devices send two for each DATA chunk, and a voice chunk is small.
  std::uint32_t window_updates_per_frame = 4;

  Duration preface{10000};       ///< until the peer's first SETTINGS
  Duration header_block{10000};  ///< until a header block that began is complete
  Duration settings_ack{10000};
  Duration ping_interval{30000};  ///< PING after this long without input; 0 = never
  Duration ping_timeout{10000};
  Duration send_stall{0};  ///< a stream whose window stays 0 with data waiting is reset; 0 = never
  /// Between an answer that ends before its request and the RST_STREAM(NO_ERROR) that asks the peer to send no more.
  /// Clients that get both at once, curl 7.88 among them, throw the answer away.
  Duration early_answer{500};
  /// Between the two GOAWAY of shutdown() at most: well under the 5 s a hub has for its whole shutdown.
  Duration shutdown_notice{2000};

  /// Acknowledgements of unmodified Link Kit devices leave with their next write, up to 30 s late: 40 s for both.
  static Limits server() {
    Limits limits;
    limits.settings_ack = limits.ping_timeout = Duration(40000);
    limits.send_stall = Duration(30000);
    return limits;
  }
  static Limits client() { return {}; }
};

/// What a connection holds against its peer: one for each bound above, and those that nghttp2 keeps for us.
enum class Limit : std::uint8_t {
  rapid_reset,       ///< resets_burst, resets_per_second
  provoked_resets,   ///< resets_provoked
  continuations,     ///< max_continuations
  header_list,       ///< max_header_bytes, max_header_fields: 431, or a reset
  settings_entries,  ///< more than 32 in one frame, CVE-2020-11080
  settings_rate,     ///< settings_per_10s
  queued_acks,       ///< max_queued_acks
  queued_output,     ///< max_queued_frames: input stops
  unread_body,       ///< max_unread_body_bytes: input stops
  empty_frames,      ///< empty_frames
  window_updates,    ///< window_updates_per_mib, window_updates_per_frame
  pushes,            ///< any PUSH_PROMISE
  streams,           ///< Settings::max_concurrent_streams: REFUSED_STREAM
  window_stall,      ///< send_stall: the stream is reset
  preface,
  header_block,
  settings_ack,
  ping,  ///< ping_timeout
};
inline constexpr std::size_t kLimits = 18;

/// "rapid reset", for a log.
std::string_view name(Limit limit);

/// Monotonic counters; one connection, read on its thread.
struct Stats {
  std::uint64_t requests = 0;   ///< handed to the observer, or submitted
  std::uint64_t malformed = 0;  ///< requests that break the rules of HTTP: PROTOCOL_ERROR
  std::uint64_t resets_received = 0;
  std::uint64_t resets_sent = 0;  ///< without those of NO_ERROR
  std::uint64_t body_bytes_received = 0;
  std::uint64_t body_bytes_sent = 0;
  std::array<std::uint64_t, kLimits> reached{};  ///< how often, by Limit

  std::uint64_t& of(Limit limit) { return reached[static_cast<std::size_t>(limit)]; }
  std::uint64_t of(Limit limit) const { return reached[static_cast<std::size_t>(limit)]; }
};

}  // namespace camspan::h2
