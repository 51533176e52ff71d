/// The live streams of all devices, by device and channel.
#pragma once

#include <map>
#include <utility>

#include "hub/device_id.hpp"
#include "hub/live_stream.hpp"

namespace camspan::hub {

/// Lives on the I/O thread.
class LiveDirectory {
 public:
  explicit LiveDirectory(flv::FanOut::Limits limits) : limits_(limits) {}

  /// The stream, made if it is not there. The reference is good while an upload of it or a viewer of it is there.
  LiveStream& get(const DeviceId& id, unsigned channel) {
    return streams_.try_emplace({id, channel}, limits_).first->second;
  }
  /// nullptr when nothing of that channel was uploaded lately.
  LiveStream* find(const DeviceId& id, unsigned channel) {
    const auto stream = streams_.find({id, channel});
    return stream == streams_.end() ? nullptr : &stream->second;
  }

  void tick(TimePoint now) {
    for (auto stream = streams_.begin(); stream != streams_.end();) {
      stream->second.tick(now);
      stream = stream->second.idle() ? streams_.erase(stream) : std::next(stream);
    }
  }
  void end_viewers() {
    for (auto& [key, stream] : streams_) stream.end_viewers();
  }

 private:
  const flv::FanOut::Limits limits_;
  std::map<std::pair<DeviceId, unsigned>, LiveStream> streams_;
};

}  // namespace camspan::hub
