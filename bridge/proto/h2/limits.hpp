/// Every bound that an HTTP/2 connection of ours puts on its peer, and the counters of their use.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

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

/// Monotonic counters; one connection, read on its thread.
struct Stats {
  std::uint64_t requests = 0;           ///< handed to the observer, or submitted
  std::uint64_t malformed = 0;          ///< requests that break the rules of HTTP: PROTOCOL_ERROR
  std::uint64_t headers_too_large = 0;  ///< 431, or a reset
  std::uint64_t refused = 0;            ///< REFUSED_STREAM: too many at once
  std::uint64_t resets_received = 0;
  std::uint64_t resets_sent = 0;  ///< without those of NO_ERROR
  std::uint64_t empty_frames = 0;
  std::uint64_t stalled_streams = 0;  ///< reset for a window of 0
  std::uint64_t floods = 0;           ///< 1 once a limit ended the connection
  std::uint64_t timeouts = 0;         ///< 1 once a deadline ended the connection
  std::uint64_t body_bytes_received = 0;
  std::uint64_t body_bytes_sent = 0;
};

}  // namespace camspan::h2
