/// What the hub knows of its devices at this moment: who is online, what flows, who watches. In memory only.
#pragma once

#include <array>
#include <camspan/unit.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/time.hpp"
#include "hub/device_id.hpp"
#include "net/p2p/signalling.hpp"
#include "proto/flv/media_info.hpp"

namespace camspan::hub {

/// Bits per second over the last five seconds. One thread; time comes in.
class RateMeter {
 public:
  void add(std::size_t bytes, TimePoint now);
  std::uint64_t bits_per_second(TimePoint now) const;

 private:
  static constexpr int kSeconds = 5;
  static std::int64_t second_of(TimePoint now);

  struct Bucket {
    std::int64_t second = -1;
    std::uint64_t bytes = 0;
  };
  std::array<Bucket, kSeconds> buckets_;
};

using flv::AudioInfo;
using flv::VideoInfo;

/// What is recorded of a device, all channels together.
struct RecordedRange {
  UtcTime from{};
  UtcTime to{};
  std::uint64_t bytes = 0;

  bool operator==(const RecordedRange&) const = default;
};

struct DeviceStatus {
  bool signalling = false;                       ///< its /signal is connected
  std::optional<net::CameraDescription> camera;  ///< what it said there last
  std::optional<std::int64_t> clock_offset_ms;   ///< its clock less ours, as of its last hello
  unsigned peer_viewers = 0;                     ///< that watch it peer to peer, by its own count
  std::uint64_t peer_bitrate = 0;                ///< of the media it has for them
  unsigned uploads = 0;                          ///< live uploads that run
  unsigned flowing = 0;                          ///< of these, that have brought a tag
  unsigned viewers = 0;
  std::uint64_t received_bytes = 0;   ///< of live uploads, since the hub began
  std::uint64_t skipped_tags = 0;     ///< that slow viewers did not get; as all counters since the hub began
  std::uint64_t dropped_viewers = 0;  ///< that took nothing any more
  std::optional<UtcTime> since;       ///< when `online` or `live` last changed, in this run of the hub
  std::optional<UtcTime> last_seen;
  std::uint64_t bitrate = 0;
  std::optional<VideoInfo> video;  ///< of channel 0, kept after the upload has ended
  std::optional<AudioInfo> audio;
  std::optional<RecordedRange> recorded;
  std::uint64_t lost_tags = 0;  ///< that the device had, and that are not stored

  bool online() const { return uploads > 0 || signalling; }
  bool live() const { return flowing > 0 || (signalling && peer_bitrate > 0); }
};

/// Lives on the I/O thread.
class StatusBoard {
 public:
  using UtcClock = std::function<UtcTime()>;

  explicit StatusBoard(UtcClock clock) : clock_(std::move(clock)) {}

  /// Called when something that viewers of the list see has changed. Set once, at start.
  std::function<void(const DeviceId&)> on_device;
  std::function<void(const DeviceId&)> on_recording;

  const DeviceStatus& of(const DeviceId& id) const;

  void upload_began(const DeviceId& id);
  void media_began(const DeviceId& id);
  /// @param flowing  media_began() was called for this upload
  void upload_ended(const DeviceId& id, bool flowing);
  void bytes_came(const DeviceId& id, std::size_t bytes, TimePoint now);
  void viewer_came(const DeviceId& id);
  void viewer_left(const DeviceId& id);
  void viewer_missed(const DeviceId& id, std::uint64_t skipped_tags, bool dropped);
  void signal_came(const DeviceId& id);
  void signal_left(const DeviceId& id);
  void set_description(const DeviceId& id, const net::CameraDescription& camera,
                       std::optional<std::int64_t> clock_offset_ms);
  /// What a device says of itself on /signal; told on by tick() but for the beginning and the end of media.
  void set_signal_state(const DeviceId& id, unsigned viewers, std::uint64_t bitrate);
  void set_video(const DeviceId& id, const VideoInfo& video);
  void set_audio(const DeviceId& id, const AudioInfo& audio);
  /// std::nullopt = nothing is recorded any more.
  void set_recorded(const DeviceId& id, const std::optional<RecordedRange>& range, TimePoint now);
  void set_lost_tags(const DeviceId& id, std::uint64_t tags) { entries_[id].status.lost_tags = tags; }
  /// Whether anything can be recorded has changed, which concerns every device.
  void recording_changed();
  void forget(const DeviceId& id);

  void each(const std::function<void(const DeviceId&, const DeviceStatus&)>& visit) const {
    for (const auto& [id, entry] : entries_) visit(id, entry.status);
  }
  std::size_t viewers() const { return viewers_; }
  /// Call about once a second: measures rates, and tells what changes slowly (at most every 5 s for one device).
  void tick(TimePoint now);

 private:
  struct Entry {
    DeviceStatus status;
    RateMeter rate;
    TimePoint rate_told{};
    TimePoint recording_told{};
    std::uint64_t bitrate_told = 0;
    bool recording_changed = false;
    bool state_changed = false;  ///< by set_signal_state()
  };

  void changed(const DeviceId& id, bool state_changed);
  void measure(const DeviceId& id, Entry& entry, TimePoint now);

  const UtcClock clock_;
  std::map<DeviceId, Entry> entries_;
  std::size_t viewers_ = 0;
};

}  // namespace camspan::hub
