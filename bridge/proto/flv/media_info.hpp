/// Reads from the tags of a stream what lists of devices say of it.
#pragma once

#include <camspan/unit.hpp>
#include <optional>
#include <string>

namespace camspan::flv {

struct VideoInfo {
  std::string codec;  ///< "h264", "h265", ... (codec_name())
  unsigned width = 0;
  unsigned height = 0;
  double fps = 0;  ///< 0 = not known, as width and height
};

struct AudioInfo {
  std::string codec;  ///< "aac", ...
  unsigned rate = 0;  ///< samples per second, 0 = not known
  unsigned channels = 0;
};

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

}  // namespace camspan::flv
