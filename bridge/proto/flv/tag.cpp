#include "proto/flv/tag.hpp"

#include <algorithm>
#include <array>

namespace camspan::flv {
namespace {

constexpr std::uint8_t kKeyFrame = 1;
constexpr std::uint8_t kDisposableFrame = 3;
constexpr std::uint8_t kCommandFrame = 5;
constexpr std::uint8_t kExtendedSound = 9;  // SoundFormat 9 = a FourCC follows (Enhanced RTMP v2)
constexpr std::uint8_t kAac = 10;

// Extended packet types that video and audio share.
constexpr std::uint8_t kSequenceStart = 0;
constexpr std::uint8_t kCodedFrames = 1;
constexpr std::uint8_t kMetadata = 4;  // video: colour; audio: MultichannelConfig
constexpr std::uint8_t kMpeg2TsSequenceStart = 5;
constexpr std::uint8_t kModEx = 7;

/// Reads data from the front; past the end it gives 0 and remembers.
class Reader {
 public:
  explicit Reader(ByteView data) : rest_(data) {}

  template <std::size_t N>
  std::uint32_t take() {
    if (rest_.size() < N) {
      short_ = true;
      return 0;
    }
    const auto value = static_cast<std::uint32_t>(load_be<N>(rest_.data()));
    rest_ = rest_.subspan(N);
    return value;
  }
  void skip(std::size_t size) {
    short_ = short_ || size > rest_.size();
    rest_ = rest_.subspan(std::min(size, rest_.size()));
  }
  bool good() const { return !short_; }

 private:
  ByteView rest_;
  bool short_ = false;
};

std::int32_t signed_24(std::uint32_t value) {
  return static_cast<std::int32_t>(value << 8) >> 8;
}

/// CodecIDs whose data begins with AVCPacketType and a composition time. 12 is what encoders without FourCC write for
/// H.265.
bool has_packet_type(std::uint8_t codec) {
  return codec == 7 || codec == 12;
}

bool has_composition(FourCc codec) {
  return codec == four_cc("avc1") || codec == four_cc("hvc1") || codec == four_cc("vvc1");
}

/// The extended header after its first byte: modifiers, multitrack, FourCC. @return the packet type in force
std::uint8_t read_extended_head(Reader& in, std::uint8_t packet, std::uint8_t multitrack, TagInfo& info) {
  // One modifier is defined (a nanosecond offset); more than a few are no media.
  for (int modifiers = 0; packet == kModEx && in.good() && modifiers < 8; ++modifiers) {
    std::uint32_t size = in.take<1>() + 1;
    if (size == 256) size = in.take<2>() + 1;
    in.skip(size);
    packet = in.take<1>() & 0x0f;
  }
  if (packet != multitrack) {
    info.fourcc = FourCc{in.take<4>()};
    return packet;
  }
  constexpr std::uint32_t kOneTrack = 0;
  constexpr std::uint32_t kManyTracksManyCodecs = 2;
  const std::uint32_t kinds = in.take<1>();
  if (kinds >> 4 != kManyTracksManyCodecs) info.fourcc = FourCc{in.take<4>()};
  if (kinds >> 4 == kOneTrack) info.track = static_cast<std::uint8_t>(info.type + 32 * (in.take<1>() & 7));
  return kinds & 0x0f;
}

void read_extended_video(Reader& in, std::uint8_t frame, std::uint8_t packet, TagInfo& info) {
  constexpr std::uint8_t kMultitrack = 6;
  constexpr std::uint8_t kCodedFramesX = 3;
  if (frame == kCommandFrame && packet != kMetadata) return;  // a command byte follows, no codec
  packet = read_extended_head(in, packet, kMultitrack, info);
  if (!in.good()) return;
  switch (packet) {
    case kSequenceStart:
    case kMpeg2TsSequenceStart:
      info.kind = UnitKind::config;
      return;
    case kMetadata:
      info.kind = UnitKind::script;
      return;
    case kCodedFrames:
      if (has_composition(info.fourcc)) info.composition_ms = signed_24(in.take<3>());
      [[fallthrough]];
    case kCodedFramesX:
      if (frame == kKeyFrame) info.kind = UnitKind::key;
      return;
    default:  // end of sequence, and what later versions add
      return;
  }
}

void read_video(ByteView data, TagInfo& info) {
  info.kind = UnitKind::delta;
  if (data.empty()) return;
  Reader in(data);
  const auto first = static_cast<std::uint8_t>(in.take<1>());
  const auto frame = static_cast<std::uint8_t>(first >> 4 & 7);
  if ((first & 0x80) != 0) {
    read_extended_video(in, frame, first & 0x0f, info);
  } else {
    info.codec = first & 0x0f;
    const bool frames = !has_packet_type(info.codec);
    const std::uint32_t packet = frames || frame == kCommandFrame ? kCodedFrames : in.take<1>();
    if (!frames && frame != kCommandFrame) info.composition_ms = signed_24(in.take<3>());
    if (!in.good()) info.composition_ms = 0;
    const bool decided = data.size() > 1 || frames;
    if (decided && packet == kSequenceStart) info.kind = UnitKind::config;
    if (decided && packet == kCodedFrames && frame == kKeyFrame) info.kind = UnitKind::key;
  }
  info.disposable = info.kind == UnitKind::delta && frame == kDisposableFrame;
}

void read_audio(ByteView data, TagInfo& info) {
  constexpr std::uint8_t kMultitrack = 5;
  info.kind = UnitKind::audio;
  if (data.empty()) return;
  Reader in(data);
  const std::uint32_t first = in.take<1>();
  if (first >> 4 == kExtendedSound) {
    const std::uint8_t packet = read_extended_head(in, first & 0x0f, kMultitrack, info);
    if (in.good() && packet == kSequenceStart) info.kind = UnitKind::config;
    if (in.good() && packet == kMetadata) info.kind = UnitKind::script;
    return;
  }
  info.codec = static_cast<std::uint8_t>(first >> 4);
  if (info.codec == kAac && in.take<1>() == kSequenceStart && in.good()) info.kind = UnitKind::config;
}

}  // namespace

Result<TagInfo> inspect(ByteView tag) {
  if (tag.size() < kTagHeaderBytes) return fail(Errc::malformed);
  const auto first = std::to_integer<std::uint8_t>(tag[0]);
  // Bit 5 says that the data is encrypted; the first bytes, which we look at, never are (annex F).
  if ((first & 0xc0) != 0 || load_be<3>(&tag[8]) != 0) return fail(Errc::malformed);
  TagInfo info;
  info.type = info.track = first & 0x1f;
  info.data_bytes = static_cast<std::uint32_t>(load_be<3>(&tag[1]));
  info.timestamp_ms = static_cast<std::uint32_t>(load_be<3>(&tag[4]) | load_be<1>(&tag[7]) << 24);
  const ByteView data = data_of(tag);
  if (info.type == static_cast<std::uint8_t>(TagType::audio)) read_audio(data, info);
  if (info.type == static_cast<std::uint8_t>(TagType::video)) read_video(data, info);
  if (info.type == static_cast<std::uint8_t>(TagType::script)) info.kind = UnitKind::script;
  return info;
}

ByteView data_of(ByteView tag) {
  const auto size = static_cast<std::size_t>(load_be<3>(&tag[1]));
  return tag.subspan(kTagHeaderBytes).first(std::min(size, tag.size() - kTagHeaderBytes));
}

bool is_metadata(ByteView tag) {
  using namespace std::literals;
  if (tag.size() < kTagHeaderBytes) return false;
  if ((std::to_integer<unsigned>(tag[0]) & 0x1f) != static_cast<unsigned>(TagType::script)) return false;
  const std::string_view data = as_text(data_of(tag));
  return data.starts_with("\2\0\12onMetaData"sv) || data.starts_with("\2\0\15@setDataFrame"sv);
}

std::string_view codec_name(const TagInfo& info) {
  struct Name {
    TagType type;
    FourCc fourcc;
    std::uint8_t codec;
    std::string_view text;
  };
  using enum TagType;
  static constexpr std::array kNames{
      Name{video, {}, 2, "h263"},
      Name{video, {}, 4, "vp6"},
      Name{video, {}, 7, "h264"},
      Name{video, {}, 12, "h265"},
      Name{video, four_cc("avc1"), 0, "h264"},
      Name{video, four_cc("hvc1"), 0, "h265"},
      Name{video, four_cc("vvc1"), 0, "h266"},
      Name{video, four_cc("av01"), 0, "av1"},
      Name{video, four_cc("vp08"), 0, "vp8"},
      Name{video, four_cc("vp09"), 0, "vp9"},
      Name{audio, {}, 2, "mp3"},
      Name{audio, {}, 3, "pcm"},
      Name{audio, {}, 7, "pcma"},
      Name{audio, {}, 8, "pcmu"},
      Name{audio, {}, 10, "aac"},
      Name{audio, {}, 11, "speex"},
      Name{audio, {}, 14, "mp3"},
      Name{audio, four_cc("mp4a"), 0, "aac"},
      Name{audio, four_cc("Opus"), 0, "opus"},
      Name{audio, four_cc("fLaC"), 0, "flac"},
      Name{audio, four_cc(".mp3"), 0, "mp3"},
      Name{audio, four_cc("ac-3"), 0, "ac3"},
      Name{audio, four_cc("ec-3"), 0, "eac3"},
  };
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const Name& name) {
    return static_cast<std::uint8_t>(name.type) == info.type && name.fourcc == info.fourcc && name.codec == info.codec;
  });
  return found == kNames.end() ? std::string_view() : found->text;
}

void write_timestamp(std::byte* tag_header, std::uint32_t timestamp_ms) {
  store_be<3>(tag_header + 4, timestamp_ms);
  store_be<1>(tag_header + 7, timestamp_ms >> 24);
}

Bytes file_header(bool audio, bool video) {
  Bytes header(kFileHeaderBytes);
  std::copy_n(as_bytes("FLV\1").begin(), 4, header.begin());
  header[4] = static_cast<std::byte>((audio ? 4 : 0) | (video ? 1 : 0));
  store_be<4>(&header[5], 9);
  return header;
}

Bytes make_tag(TagType type, std::uint32_t timestamp_ms, ByteView data) {
  Bytes tag;
  tag.reserve(kTagHeaderBytes + data.size() + kTrailerBytes);
  tag.resize(kTagHeaderBytes);
  tag[0] = static_cast<std::byte>(type);
  store_be<3>(&tag[1], data.size());
  write_timestamp(tag.data(), timestamp_ms);
  tag.insert(tag.end(), data.begin(), data.end());
  tag.resize(tag.size() + kTrailerBytes);
  store_be<4>(&tag[kTagHeaderBytes + data.size()], kTagHeaderBytes + data.size());
  return tag;
}

SharedUnit make_tag_unit(ByteView tag, std::shared_ptr<const void> owner, const TagInfo& info,
                         std::optional<UtcTime> captured) {
  auto unit = std::make_shared<Unit>();
  unit->bytes = tag;
  unit->owner = std::move(owner);
  unit->kind = info.kind;
  unit->track = info.track;
  unit->captured = captured;
  unit->disposable = info.disposable;
  unit->dts = std::chrono::milliseconds(info.timestamp_ms);
  unit->pts = std::chrono::milliseconds(std::int64_t{info.timestamp_ms} + info.composition_ms);
  return unit;
}

SharedUnit copy_with_timestamp(const Unit& tag, std::uint32_t timestamp_ms) {
  auto memory = std::make_shared<Bytes>(tag.bytes.begin(), tag.bytes.end());
  write_timestamp(memory->data(), timestamp_ms);
  auto copy = std::make_shared<Unit>(tag);
  const std::chrono::nanoseconds dts = std::chrono::milliseconds(timestamp_ms);
  if (tag.pts && tag.dts) copy->pts = dts + (*tag.pts - *tag.dts);
  copy->dts = dts;
  copy->bytes = *memory;
  copy->owner = std::move(memory);
  return copy;
}

}  // namespace camspan::flv
