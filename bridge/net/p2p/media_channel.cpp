#include "net/p2p/media_channel.hpp"

#include <algorithm>

namespace camspan::net {
namespace {

using std::chrono::milliseconds;

// camspan-wire.md section 5; also what every WebRTC library takes.
constexpr std::size_t kMaxBytesMessage = 16 << 10;

bool is_media(UnitKind kind) {
  return kind == UnitKind::key || kind == UnitKind::delta || kind == UnitKind::audio;
}

}  // namespace

MediaChannel::MediaChannel(Link& link, ChannelId id, MediaSettings settings, flv::FanOut& fan_out,
                           std::function<void()> wake, std::function<void()> gone)
    : link_(link), id_(id), settings_(settings), cursor_(std::move(wake), std::move(gone)) {
  flv::FanOut::Opening opening = fan_out.join(cursor_);
  for (SharedUnit& unit : opening.head) opening_.push_back(std::move(unit));
  for (SharedUnit& unit : opening.units) opening_.push_back(std::move(unit));
}

milliseconds MediaChannel::lifetime_of(UnitKind kind) const {
  return kind == UnitKind::key ? settings_.key_lifetime : settings_.delta_lifetime;
}

Delivery MediaChannel::delivery_of(UnitKind kind) const {
  if (!is_media(kind) || settings_.mode == P2pChannelMode::reliable) return Delivery::reliable;
  return settings_.mode == P2pChannelMode::timed ? Delivery::timed : Delivery::unordered;
}

/// A tag that nobody wants any more, and video that cannot be shown without it.
bool MediaChannel::too_old(const Unit& unit, std::chrono::nanoseconds waited) {
  if (delivery_of(unit.kind) != Delivery::timed) return false;
  const bool old = waited > lifetime_of(unit.kind);
  if (unit.kind == UnitKind::audio) return old;
  if (unit.kind == UnitKind::key) wait_for_key_ = false;
  wait_for_key_ = wait_for_key_ || old;
  return wait_for_key_;
}

/// @return false if nothing waits
bool MediaChannel::next_unit(TimePoint now) {
  milliseconds waited{0};
  if (!opening_.empty()) {
    unit_ = std::move(opening_.front());
    opening_.pop_front();
  } else {
    for (;;) {
      if (cursor_.empty()) return false;
      waited = std::chrono::duration_cast<milliseconds>(cursor_.queue_delay(now));
      unit_ = cursor_.take()->unit;
      if (!settings_.timed || !too_old(*unit_, waited)) break;
      cursor_.lost(flv::Loss::lifetime, *unit_);
    }
  }
  offset_ = 0;
  if (!settings_.timed) return true;
  tag_.emplace(*unit_, sequence_++, settings_.message_bytes);
  tag_->header().queue_delay_ms = static_cast<std::uint16_t>(std::min<std::int64_t>(waited.count(), UINT16_MAX));
  tag_->header().dropped_before = cursor_.skipped() != skipped_before_;
  skipped_before_ = cursor_.skipped();
  return true;
}

void MediaChannel::unit_done(TimePoint now) {
  ++frames_sent_;
  if (unit_->kind == UnitKind::key && !first_key_) first_key_ = now;
  unit_.reset();
  tag_.reset();
}

/// As much of the stream as one message takes, from the memory of the tag where it fills one or nothing else waits.
ByteView MediaChannel::next_bytes(TimePoint now) {
  if (!joined_.empty()) return joined_;
  if (!unit_ && !next_unit(now)) return {};
  const ByteView rest = unit_->bytes.subspan(offset_);
  if (rest.size() >= kMaxBytesMessage) return rest.first(kMaxBytesMessage);
  if (opening_.empty() && cursor_.empty()) return rest;
  join(now);
  return joined_;
}

void MediaChannel::join(TimePoint now) {
  while (joined_.size() < kMaxBytesMessage && (unit_ || next_unit(now))) {
    const ByteView rest = unit_->bytes.subspan(offset_);
    const ByteView more = rest.first(std::min(rest.size(), kMaxBytesMessage - joined_.size()));
    joined_.insert(joined_.end(), more.begin(), more.end());
    offset_ += more.size();
    if (offset_ == unit_->bytes.size()) unit_done(now);
  }
}

Result<> MediaChannel::hand_over(ByteView message, Delivery delivery, milliseconds lifetime) {
  if (!link_.has_room(message.size(), settings_.in_flight)) return fail(Errc::queue_full);
  return link_.send(id_, false, message, delivery, lifetime);
}

Result<> MediaChannel::send_bytes(TimePoint now) {
  const ByteView message = next_bytes(now);
  if (message.empty()) return fail(Errc::not_live);
  const std::size_t size = message.size();
  const Result<> sent = hand_over(message, Delivery::reliable, milliseconds(0));
  if (!sent) return sent;
  bytes_sent_ += size;
  if (!joined_.empty()) {
    joined_.clear();
    return {};
  }
  offset_ += size;
  if (offset_ == unit_->bytes.size()) unit_done(now);
  return {};
}

Result<> MediaChannel::send_timed(TimePoint now) {
  if (!unit_ && !next_unit(now)) return fail(Errc::not_live);
  if (joined_.empty()) joined_ = tag_->message();
  const Result<> sent = hand_over(joined_, delivery_of(unit_->kind), lifetime_of(unit_->kind));
  if (!sent) return sent;
  bytes_sent_ += joined_.size();
  joined_.clear();
  tag_->advance();
  if (tag_->done()) unit_done(now);
  return {};
}

Result<> MediaChannel::send_one(TimePoint now) {
  const Result<> sent = settings_.timed ? send_timed(now) : send_bytes(now);
  const bool full = !sent && sent.error() == make_error_code(Errc::queue_full);
  // The time that counts is that since it became full.
  if (full && !blocked_) cursor_.writing(now);
  if (!full) cursor_.written();
  blocked_ = full;
  return sent;
}

}  // namespace camspan::net
