#include "hub/status_board.hpp"

#include <utility>

namespace camspan::hub {
namespace {

// The pace of the list's slow numbers; people read no faster.
constexpr std::chrono::seconds kTellEvery{5};

}  // namespace

std::int64_t RateMeter::second_of(TimePoint now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

void RateMeter::add(std::size_t bytes, TimePoint now) {
  const std::int64_t second = second_of(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(second % kSeconds)];
  if (bucket.second != second) bucket = {second, 0};
  bucket.bytes += bytes;
}

std::uint64_t RateMeter::bits_per_second(TimePoint now) const {
  // The second that runs counts for what has come so far, so the sum is over five whole seconds at most.
  const std::int64_t oldest = second_of(now) - kSeconds + 1;
  std::uint64_t bytes = 0;
  for (const Bucket& bucket : buckets_)
    if (bucket.second >= oldest) bytes += bucket.bytes;
  return bytes * 8 / kSeconds;
}

const DeviceStatus& StatusBoard::of(const DeviceId& id) const {
  static const DeviceStatus nothing;
  const auto entry = entries_.find(id);
  return entry == entries_.end() ? nothing : entry->second.status;
}

void StatusBoard::changed(const DeviceId& id, bool state_changed) {
  if (state_changed) entries_[id].status.since = clock_();
  if (on_device) on_device(id);
}

void StatusBoard::upload_began(const DeviceId& id) {
  DeviceStatus& status = entries_[id].status;
  status.last_seen = clock_();
  if (++status.uploads == 1) changed(id, true);
}

void StatusBoard::media_began(const DeviceId& id) {
  if (++entries_[id].status.flowing == 1) changed(id, true);
}

void StatusBoard::upload_ended(const DeviceId& id, bool flowing) {
  DeviceStatus& status = entries_[id].status;
  status.last_seen = clock_();
  const bool last = --status.uploads == 0;
  const bool last_flowing = flowing && --status.flowing == 0;
  if (last || last_flowing) changed(id, true);
}

void StatusBoard::bytes_came(const DeviceId& id, std::size_t bytes, TimePoint now) {
  Entry& entry = entries_[id];
  entry.rate.add(bytes, now);
  entry.status.received_bytes += bytes;
  entry.status.last_seen = clock_();
}

void StatusBoard::viewer_came(const DeviceId& id) {
  ++viewers_;
  ++entries_[id].status.viewers;
  changed(id, false);
}

void StatusBoard::viewer_left(const DeviceId& id) {
  --viewers_;
  --entries_[id].status.viewers;
  changed(id, false);
}

void StatusBoard::viewer_missed(const DeviceId& id, std::uint64_t skipped_tags, bool dropped) {
  DeviceStatus& status = entries_[id].status;
  status.skipped_tags += skipped_tags;
  status.dropped_viewers += dropped ? 1 : 0;
}

void StatusBoard::signal_came(const DeviceId& id) {
  DeviceStatus& status = entries_[id].status;
  status.last_seen = clock_();
  const bool online = status.online();
  status.signalling = true;
  changed(id, !online);
}

void StatusBoard::signal_left(const DeviceId& id) {
  DeviceStatus& status = entries_[id].status;
  status.last_seen = clock_();
  status.signalling = false;
  status.peer_viewers = 0;
  status.peer_bitrate = 0;
  changed(id, !status.online());
}

void StatusBoard::set_description(const DeviceId& id, const net::CameraDescription& camera,
                                  std::optional<std::int64_t> clock_offset_ms) {
  DeviceStatus& status = entries_[id].status;
  if (clock_offset_ms) status.clock_offset_ms = clock_offset_ms;
  if (status.camera == camera) return;
  status.camera = camera;
  changed(id, false);
}

void StatusBoard::set_signal_state(const DeviceId& id, unsigned viewers, std::uint64_t bitrate) {
  Entry& entry = entries_[id];
  DeviceStatus& status = entry.status;
  status.last_seen = clock_();
  entry.state_changed |= viewers != status.peer_viewers || bitrate != status.peer_bitrate;
  const bool live = status.live();
  status.peer_viewers = viewers;
  status.peer_bitrate = bitrate;
  if (live != status.live()) changed(id, true);
}

void StatusBoard::set_video(const DeviceId& id, const VideoInfo& video) {
  entries_[id].status.video = video;
  changed(id, false);
}

void StatusBoard::set_audio(const DeviceId& id, const AudioInfo& audio) {
  entries_[id].status.audio = audio;
  changed(id, false);
}

void StatusBoard::set_recorded(const DeviceId& id, const std::optional<RecordedRange>& range, TimePoint now) {
  Entry& entry = entries_[id];
  if (entry.status.recorded == range) return;
  const bool appears = entry.status.recorded.has_value() != range.has_value();
  entry.status.recorded = range;
  entry.recording_changed = true;
  // The first recording is news; its growth can wait.
  if (appears) entry.recording_told = now - kTellEvery;
}

void StatusBoard::recording_changed() {
  if (!on_recording) return;
  for (const auto& [id, entry] : entries_)
    if (entry.status.online() || entry.status.recorded) on_recording(id);
}

void StatusBoard::forget(const DeviceId& id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  // Uploads and viewers that still run count themselves out later.
  DeviceStatus kept;
  kept.uploads = entry->second.status.uploads;
  kept.flowing = entry->second.status.flowing;
  kept.viewers = entry->second.status.viewers;
  kept.signalling = entry->second.status.signalling;
  kept.recorded = entry->second.status.recorded;
  entry->second.status = kept;
}

void StatusBoard::measure(const DeviceId& id, Entry& entry, TimePoint now) {
  entry.status.bitrate = entry.rate.bits_per_second(now);
  if (entry.status.bitrate != entry.bitrate_told && now - entry.rate_told >= kTellEvery) {
    entry.rate_told = now;
    entry.bitrate_told = entry.status.bitrate;
    changed(id, false);
  }
  if (std::exchange(entry.state_changed, false)) changed(id, false);
  if (entry.recording_changed && now - entry.recording_told >= kTellEvery) {
    entry.recording_told = now;
    entry.recording_changed = false;
    if (on_recording) on_recording(id);
  }
}

void StatusBoard::tick(TimePoint now) {
  for (auto& [id, entry] : entries_) measure(id, entry, now);
}

}  // namespace camspan::hub
