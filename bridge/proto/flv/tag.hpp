/// FLV tags: what is in one, and how one is written. Adobe FLV 10.1 annex E, and Enhanced RTMP v1 (FourCC codecs).
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <cstdint>

namespace camspan::flv {

inline constexpr std::size_t kFileHeaderBytes = 13;  ///< "FLV", version, flags, offset, and previous-tag-size 0
inline constexpr std::size_t kTagHeaderBytes = 11;
inline constexpr std::size_t kTrailerBytes = 4;      ///< the previous-tag-size field after each tag

enum class TagType : std::uint8_t { audio = 8, video = 9, script = 18 };

enum class FourCc : std::uint32_t {};

/// What the bytes of a tag say. Unknown types and codecs are no error: they pass through.
struct TagInfo {
  std::uint8_t type = 0;           ///< TagType, or a number nobody knows
  UnitKind kind = UnitKind::other;
  std::uint32_t data_bytes = 0;
  std::uint32_t timestamp_ms = 0;  ///< decoding time, wraps at 2^32
  std::int32_t composition_ms = 0; ///< presentation minus decoding time
  std::uint8_t codec = 0;          ///< legacy CodecID or SoundFormat; 0 with `fourcc`
  FourCc fourcc{};                 ///< Enhanced FLV codec, 0 if legacy
  bool disposable = false;         ///< frame type 3
};

/// Reads the tag that begins `tag`; its header must be there whole, of the data the first bytes decide the kind.
/// @return Errc::malformed when the header breaks the format (reserved bits, stream id not 0)
Result<TagInfo> inspect(ByteView tag);

/// Sets the timestamp in a copy of the 11-byte header that begins `tag`.
void write_timestamp(std::byte* tag_header, std::uint32_t timestamp_ms);

/// The 13 bytes that begin a file or stream.
Bytes file_header(bool audio, bool video);

/// A whole tag with its trailer.
Bytes make_tag(TagType type, std::uint32_t timestamp_ms, ByteView data);

}  // namespace camspan::flv
