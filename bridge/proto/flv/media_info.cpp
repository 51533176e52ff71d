#include "proto/flv/media_info.hpp"

#include <array>

#include "proto/flv/amf.hpp"
#include "proto/flv/tag.hpp"

namespace camspan::flv {
namespace {

constexpr std::uint8_t kAac = 10;
constexpr std::uint8_t kPcma = 7;
constexpr std::uint8_t kPcmu = 8;
constexpr std::uint8_t kMp3At8k = 14;

/// A number of onMetaData as one that makes sense for what it names, else 0.
unsigned within(std::optional<double> value, double most) {
  return value && *value >= 1 && *value <= most ? static_cast<unsigned>(*value) : 0;
}

/// Rate and channels of the AudioSpecificConfig (ISO 14496-3 section 1.6.2.1: 5 bits object type, 4 rate, 4 channels)
/// after the two bytes that say it is one.
void read_aac_config(ByteView data, AudioInfo& info) {
  constexpr std::array<unsigned, 13> rates{96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                           22050, 16000, 12000, 11025, 8000,  7350};
  if (data.size() < 4) return;
  const auto bits = static_cast<unsigned>(load_be<2>(&data[2]));
  const unsigned rate = bits >> 7 & 15;
  if (rate < rates.size()) info.rate = rates[rate];
  info.channels = bits >> 3 & 15;
}

/// Rate and channels in the first byte of the data (annex E.4.2.1). AAC always says 44 kHz stereo there.
void read_flags(unsigned flags, std::uint8_t codec, AudioInfo& info) {
  constexpr std::array<unsigned, 4> rates{5512, 11025, 22050, 44100};
  info.rate = codec == kPcma || codec == kPcmu || codec == kMp3At8k ? 8000 : rates[flags >> 2 & 3];
  info.channels = 1 + (flags & 1);
}

bool same(const AudioInfo& a, const AudioInfo& b) {
  return a.codec == b.codec && a.rate == b.rate && a.channels == b.channels;
}

}  // namespace

MediaInfo::News MediaInfo::take(const Unit& tag) {
  // Further tracks have more in the upper bits.
  if (tag.track == static_cast<std::uint8_t>(TagType::script)) return take_metadata(tag);
  if (tag.track == static_cast<std::uint8_t>(TagType::video)) return take_video(tag);
  if (tag.track == static_cast<std::uint8_t>(TagType::audio)) return take_audio(tag);
  return {};
}

MediaInfo::News MediaInfo::take_metadata(const Unit& tag) {
  const auto metadata = read_metadata(data_of(tag.bytes));
  if (!metadata) return {};
  // 16384 is the largest side that H.265 level 6.2 allows a picture of usual shape to have, 1000 frames per second is
  // past any camera.
  metadata_.width = within(metadata->width, 16384);
  metadata_.height = within(metadata->height, 16384);
  metadata_.fps =
      metadata->framerate && *metadata->framerate > 0 && *metadata->framerate <= 1000 ? *metadata->framerate : 0;
  metadata_rate_ = within(metadata->audio_rate, 384000);
  return {update_video(), false};
}

bool MediaInfo::update_video() {
  if (video_codec_.empty()) return false;
  const bool changed = !video_ || video_->codec != video_codec_ || video_->width != metadata_.width ||
                       video_->height != metadata_.height || video_->fps != metadata_.fps;
  if (changed) video_ = VideoInfo{video_codec_, metadata_.width, metadata_.height, metadata_.fps};
  return changed;
}

MediaInfo::News MediaInfo::take_video(const Unit& tag) {
  // Only where a picture can begin does the codec change.
  if (tag.kind == UnitKind::delta) return {};
  const auto info = inspect(tag.bytes);
  if (!info || codec_name(*info).empty()) return {};
  video_codec_ = codec_name(*info);
  return {update_video(), false};
}

MediaInfo::News MediaInfo::take_audio(const Unit& tag) {
  // Of most formats every tag says the same; AAC has its rate in the config.
  if (audio_ && tag.kind != UnitKind::config) return {};
  const auto info = inspect(tag.bytes);
  const ByteView data = data_of(tag.bytes);
  if (!info || codec_name(*info).empty() || data.empty()) return {};
  AudioInfo audio{std::string(codec_name(*info)), metadata_rate_, 0};
  if (info->codec == kAac && tag.kind == UnitKind::config)
    read_aac_config(data, audio);
  else if (info->codec != 0 && info->codec != kAac)
    read_flags(std::to_integer<unsigned>(data[0]), info->codec, audio);
  if (audio_ && same(*audio_, audio)) return {};
  audio_ = audio;
  return {false, true};
}

}  // namespace camspan::flv
