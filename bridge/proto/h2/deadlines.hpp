/// The clocks of one HTTP/2 connection: preface, SETTINGS acknowledgement, header block, idle PING and its answer.
#pragma once

#include <optional>

#include "core/time.hpp"
#include "proto/h2/limits.hpp"

namespace camspan::h2 {

class Deadlines {
 public:
  enum class Due : std::uint8_t {
    nothing,
    ping,              ///< send a PING, then call ping_sent()
    settings_timeout,  ///< the peer did not acknowledge our SETTINGS
    ping_timeout,      ///< the peer did not answer our PING
    preface,           ///< the peer's SETTINGS did not come
    header_block,      ///< the rest of a header block did not come
    second_go_away,    ///< the notice period of shutdown() is over
  };

  /// Our SETTINGS go out at `now`.
  Deadlines(const Limits& limits, TimePoint now);

  /// Bytes came: the idle time, and the wait for the answer to a PING, begin anew.
  void input(TimePoint now);
  /// The transport has taken output. An answer to a PING that had to wait behind it may take that much longer.
  void output(TimePoint now) { extend_ping(now); }
  /// We do not read: neither silence nor a missing answer is the peer's fault.
  void input_withheld(TimePoint now);
  void peer_settings() { preface_.reset(); }
  void settings_acknowledged() { settings_ack_.reset(); }
  void ping_sent(TimePoint now) { ping_ack_ = now + limits_.ping_timeout; }
  void ping_acknowledged() { ping_ack_.reset(); }
  void header_block_begins(TimePoint now) { header_block_ = now + limits_.header_block; }
  void header_block_ends() { header_block_.reset(); }
  void shutdown_begins(TimePoint now) { second_go_away_ = now + limits_.shutdown_notice; }
  void shutdown_notice_ends() { second_go_away_.reset(); }

  bool shutdown_notice() const { return second_go_away_.has_value(); }
  bool ping_outstanding() const { return ping_ack_.has_value(); }
  std::optional<TimePoint> next() const;
  Due due(TimePoint now) const;

 private:
  std::optional<TimePoint> ping_due() const;
  void extend_ping(TimePoint now);

  Limits limits_;
  TimePoint last_input_;
  std::optional<TimePoint> preface_;
  std::optional<TimePoint> settings_ack_;
  std::optional<TimePoint> header_block_;
  std::optional<TimePoint> ping_ack_;
  std::optional<TimePoint> second_go_away_;
};

}  // namespace camspan::h2
