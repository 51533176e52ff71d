/// Reads from the tags of a stream what the list of devices says of it.
#pragma once

#include <camspan/unit.hpp>
#include <optional>

#include "hub/status_board.hpp"

namespace camspan::hub {

/// One stream. Cheap for tags that tell nothing new. One thread.
class MediaInfo {
 public:
  struct News {
    bool video = false;
    bool audio = false;
  };
  /// Takes the next tag. @return which of video() and audio() it has changed
  News take(const Unit& tag);

  const std::optional<VideoInfo>& video() const { return video_; }
  const std::optional<AudioInfo>& audio() const { return audio_; }

 private:
  News take_metadata(const Unit& tag);
  News take_video(const Unit& tag);
  News take_audio(const Unit& tag);
  bool update_video();

  VideoInfo metadata_;  ///< size and rate that onMetaData gave
  std::string video_codec_;
  std::optional<VideoInfo> video_;
  std::optional<AudioInfo> audio_;
  unsigned metadata_rate_ = 0;
};

}  // namespace camspan::hub
