/// FLV tags: what is in one, and how one is written. Adobe FLV 10.1 annex E, and Enhanced RTMP v1 and v2 (FourCC
/// codecs, extended packet types, multitrack). Free functions: any thread, no state.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <cstdint>
#include <string_view>

namespace camspan::flv {

inline constexpr std::size_t kFileHeaderBytes = 13;  ///< "FLV", version, flags, offset, and previous-tag-size 0
inline constexpr std::size_t kTagHeaderBytes = 11;
inline constexpr std::size_t kTrailerBytes = 4;  ///< the previous-tag-size field after each tag

enum class TagType : std::uint8_t { audio = 8, video = 9, script = 18 };

enum class FourCc : std::uint32_t {};

constexpr FourCc four_cc(const char (&text)[5]) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(text[i]);
  return FourCc{value};
}

/// What the bytes of a tag say. Unknown types and codecs are no error: they pass through.
struct TagInfo {
  std::uint8_t type = 0;            ///< TagType, or a number nobody knows
  std::uint8_t track = 0;           ///< for Unit::track: the tag type, plus 32 x track id (its low 3 bits) where a
                                    ///< multitrack tag carries one further track
  UnitKind kind = UnitKind::other;  ///< script also for HDR metadata of video and channel maps of audio, which stay in
                                    ///< force like onMetaData
  std::uint32_t data_bytes = 0;
  std::uint32_t timestamp_ms = 0;   ///< decoding time, wraps at 2^32
  std::int32_t composition_ms = 0;  ///< presentation minus decoding time
  std::uint8_t codec = 0;           ///< legacy CodecID or SoundFormat; 0 with `fourcc`
  FourCc fourcc{};                  ///< Enhanced FLV codec, 0 if legacy
  bool disposable = false;          ///< frame type 3
};

/// Reads the tag that begins `tag`; its header must be there whole, of the data the first bytes decide the kind.
/// @return Errc::malformed when the header breaks the format (reserved bits, stream id not 0)
Result<TagInfo> inspect(ByteView tag);

/// Of a whole tag that inspect() takes: its data, without header and trailer; cut short if `tag` is.
ByteView data_of(ByteView tag);

/// Header, data and trailer together.
constexpr std::size_t tag_bytes(std::uint32_t data_bytes) {
  return kTagHeaderBytes + data_bytes + kTrailerBytes;
}

/// True for a script tag with onMetaData (also as RTMP's "@setDataFrame"); other script tags are events.
bool is_metadata(ByteView tag);

/// "h264", "h265", "aac", "opus", ...; empty if the codec is not known or the tag is neither video nor audio.
std::string_view codec_name(const TagInfo& info);

/// Sets the timestamp in a copy of the 11-byte header that begins `tag`.
void write_timestamp(std::byte* tag_header, std::uint32_t timestamp_ms);

/// The 13 bytes that begin a file or stream.
Bytes file_header(bool audio, bool video);

/// A whole tag with its trailer. `data` is under 16 MiB (its length has 24 bits).
Bytes make_tag(TagType type, std::uint32_t timestamp_ms, ByteView data);

/// A unit over a whole tag (header, data, trailer), all its fields filled from `info`, which inspect() gave for it.
SharedUnit make_tag_unit(ByteView tag, std::shared_ptr<const void> owner, const TagInfo& info,
                         std::optional<UtcTime> captured = {});

/// The same tag with another timestamp; its data is copied.
SharedUnit copy_with_timestamp(const Unit& tag, std::uint32_t timestamp_ms);

}  // namespace camspan::flv
