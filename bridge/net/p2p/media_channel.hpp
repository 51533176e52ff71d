/// One data channel that carries the live stream. P2P thread only.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <deque>
#include <functional>
#include <optional>

#include "net/p2p/p2p_link.hpp"
#include "proto/flv/fan_out.hpp"
#include "proto/rtc/timed_header.hpp"

namespace camspan::net {

/// How the messages of a stream go.
struct MediaSettings {
  bool timed = false;                              ///< protocol camspan-flv-timed; else the bytes of camspan-flv
  P2pChannelMode mode = P2pChannelMode::timed;     ///< of camspan-flv-timed
  std::chrono::milliseconds delta_lifetime{1000};  ///< also of sound
  std::chrono::milliseconds key_lifetime{3000};
  std::size_t message_bytes = 16384;
  std::chrono::milliseconds in_flight{1000};  ///< what is handed to the link should arrive within it
};

/// Takes tags from the fan-out and hands them to the link as long as it has room: between the queue of references and
/// SCTP there is one message and nothing else.
class MediaChannel {
 public:
  /// @param wake  there is something to pump
  /// @param gone  this viewer takes nothing, or is over a bound that it may not pass
  MediaChannel(Link& link, ChannelId id, MediaSettings settings, flv::FanOut& fan_out, std::function<void()> wake,
               std::function<void()> gone);

  /// Sends one message. @return Errc::queue_full when the link has no room, Errc::not_live when nothing waits, or what
  /// else the link says
  Result<> send_one(TimePoint now);

  const flv::Viewer& cursor() const { return cursor_; }
  std::uint64_t frames_sent() const { return frames_sent_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// A first key frame was handed over whole.
  std::optional<TimePoint> first_key() const { return first_key_; }

 private:
  bool next_unit(TimePoint now);
  bool too_old(const Unit& unit, std::chrono::nanoseconds waited);
  std::chrono::milliseconds lifetime_of(UnitKind kind) const;
  Delivery delivery_of(UnitKind kind) const;
  ByteView next_bytes(TimePoint now);
  void join(TimePoint now);
  void unit_done(TimePoint now);
  Result<> hand_over(ByteView message, Delivery delivery, std::chrono::milliseconds lifetime);
  Result<> send_bytes(TimePoint now);
  Result<> send_timed(TimePoint now);

  Link& link_;
  const ChannelId id_;
  const MediaSettings settings_;
  flv::Viewer cursor_;
  std::deque<SharedUnit> opening_;  ///< goes before what the cursor has
  SharedUnit unit_;                 ///< being sent
  std::size_t offset_ = 0;          ///< of it, what is sent; not with `timed`
  std::optional<rtc::TimedTag> tag_;
  Bytes joined_;  ///< a message of several small tags, or a timed one, that waits for room
  std::uint32_t sequence_ = 0;
  std::uint64_t skipped_before_ = 0;
  bool blocked_ = false;       ///< the link had no room
  bool wait_for_key_ = false;  ///< the tag before was too old
  std::uint64_t frames_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::optional<TimePoint> first_key_;
};

}  // namespace camspan::net
