/// Makes FLV streams for tests: the shape of camera media, payloads decided by a seed. Nothing in them is copied from a
/// real recording; the video payloads are NAL units by their lengths and types only.
#pragma once

#include <camspan/unit.hpp>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace camspan::test {

class FlvMaker {
 public:
  explicit FlvMaker(std::uint32_t seed = 1) : random_(seed) {}

  /// Whole tags, with trailer. Sizes are those of the media payload; timestamps are ms.
  Bytes metadata(double width = 640, double height = 360, double framerate = 25, std::uint32_t timestamp = 0);
  /// Two configs with different `variant` differ.
  Bytes avc_config(std::uint32_t timestamp = 0, std::uint8_t variant = 0);
  Bytes aac_config(std::uint32_t timestamp = 0, std::uint8_t variant = 0);
  Bytes key(std::uint32_t timestamp, std::size_t size = 2000, std::int32_t composition = 0);
  Bytes delta(std::uint32_t timestamp, std::size_t size = 400, std::int32_t composition = 0);
  Bytes disposable(std::uint32_t timestamp, std::size_t size = 200);
  Bytes audio(std::uint32_t timestamp, std::size_t size = 100);

  struct Shape {
    std::uint32_t duration_ms = 2000;
    std::uint32_t first_ms = 0;   ///< timestamp of the first tag; wraps
    std::uint32_t frame_ms = 40;  ///< 0 = no video
    std::uint32_t gop = 25;       ///< frames from key to key
    std::uint32_t audio_ms = 20;  ///< 0 = no audio
    std::size_t key_bytes = 2000;
    std::size_t delta_bytes = 400;
    std::size_t audio_bytes = 100;
    bool head = true;  ///< metadata and configs first
  };
  /// A stream in order of time: one element a tag, without the file header.
  std::vector<Bytes> stream(const Shape& shape);

 private:
  Bytes payload(std::size_t size);
  Bytes video(std::uint8_t first, std::uint8_t nal, std::uint32_t timestamp, std::size_t size,
              std::int32_t composition);

  std::mt19937 random_;
};

/// File header and tags as one run of bytes.
Bytes flv_file(std::span<const Bytes> tags);

/// A tag as the parser would give it.
SharedUnit tag_unit(Bytes tag);
std::vector<SharedUnit> tag_units(std::span<const Bytes> tags);

/// The whole tags of a file. The test fails if it is no FLV or its end is cut.
std::vector<SharedUnit> parse_flv(ByteView file);

/// What must survive storage: type, timestamp and a copy of the data of a tag.
struct TagContent {
  std::uint8_t type = 0;
  std::uint32_t timestamp = 0;
  Bytes data;

  bool operator==(const TagContent&) const = default;
};
TagContent content_of(const Unit& tag);

}  // namespace camspan::test
