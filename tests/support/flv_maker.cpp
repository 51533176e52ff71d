#include "support/flv_maker.hpp"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

#include "proto/flv/amf.hpp"
#include "proto/flv/parser.hpp"
#include "proto/flv/tag.hpp"

namespace camspan::test {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

}  // namespace

Bytes FlvMaker::payload(std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random_() & 0xff);
  return bytes;
}

Bytes FlvMaker::metadata(double width, double height, double framerate, std::uint32_t timestamp) {
  const Bytes data = flv::write_script({"onMetaData",
                                        {{"width", width},
                                         {"height", height},
                                         {"framerate", framerate},
                                         {"videocodecid", 7.0},
                                         {"audiocodecid", 10.0},
                                         {"stereo", false},
                                         {"encoder", std::string("flv_maker")}}});
  return flv::make_tag(flv::TagType::script, timestamp, data);
}

Bytes FlvMaker::avc_config(std::uint32_t timestamp, std::uint8_t variant) {
  // Key frame, AVC, sequence header; then an AVCDecoderConfigurationRecord with one SPS and one PPS.
  const Bytes data = bytes_of({0x17, 0,    0,    0,    0,  1,       0x42, 0xc0, 30, 0xff, 0xe1, 0,
                               5,    0x67, 0x42, 0xc0, 30, variant, 1,    0,    3,  0x68, 0xce, 0x3c});
  return flv::make_tag(flv::TagType::video, timestamp, data);
}

Bytes FlvMaker::aac_config(std::uint32_t timestamp, std::uint8_t variant) {
  return flv::make_tag(flv::TagType::audio, timestamp, bytes_of({0xaf, 0, 0x12, 0x08 | variant}));
}

Bytes FlvMaker::video(std::uint8_t first, std::uint8_t nal, std::uint32_t timestamp, std::size_t size,
                      std::int32_t composition) {
  Bytes data(10);
  data[0] = std::byte{first};
  data[1] = std::byte{1};
  store_be<3>(&data[2], static_cast<std::uint64_t>(composition));
  store_be<4>(&data[5], size + 1);
  data[9] = std::byte{nal};
  const Bytes slice = payload(size);
  data.insert(data.end(), slice.begin(), slice.end());
  return flv::make_tag(flv::TagType::video, timestamp, data);
}

Bytes FlvMaker::key(std::uint32_t timestamp, std::size_t size, std::int32_t composition) {
  return video(0x17, 0x65, timestamp, size, composition);
}

Bytes FlvMaker::delta(std::uint32_t timestamp, std::size_t size, std::int32_t composition) {
  return video(0x27, 0x41, timestamp, size, composition);
}

Bytes FlvMaker::disposable(std::uint32_t timestamp, std::size_t size) {
  return video(0x37, 0x01, timestamp, size, 0);
}

Bytes FlvMaker::audio(std::uint32_t timestamp, std::size_t size) {
  Bytes data = bytes_of({0xaf, 1});
  const Bytes frame = payload(size);
  data.insert(data.end(), frame.begin(), frame.end());
  return flv::make_tag(flv::TagType::audio, timestamp, data);
}

std::vector<Bytes> FlvMaker::stream(const Shape& shape) {
  std::vector<Bytes> tags;
  if (shape.head) {
    tags.push_back(metadata(640, 360, 25, shape.first_ms));
    if (shape.frame_ms != 0) tags.push_back(avc_config(shape.first_ms));
    if (shape.audio_ms != 0) tags.push_back(aac_config(shape.first_ms));
  }
  std::uint32_t frame = 0;
  std::uint32_t sample = 0;
  const auto due = [&](std::uint32_t count, std::uint32_t each, std::uint32_t now) {
    return each != 0 && count * each <= now;
  };
  for (std::uint32_t now = 0; now < shape.duration_ms; ++now) {
    const std::uint32_t timestamp = shape.first_ms + now;
    if (due(frame, shape.frame_ms, now)) {
      tags.push_back(frame % shape.gop == 0 ? key(timestamp, shape.key_bytes) : delta(timestamp, shape.delta_bytes));
      ++frame;
    }
    if (due(sample, shape.audio_ms, now)) {
      tags.push_back(audio(timestamp, shape.audio_bytes));
      ++sample;
    }
  }
  return tags;
}

Bytes flv_file(std::span<const Bytes> tags) {
  Bytes file = flv::file_header(true, true);
  for (const Bytes& tag : tags) file.insert(file.end(), tag.begin(), tag.end());
  return file;
}

SharedUnit tag_unit(Bytes tag) {
  const auto info = flv::inspect(tag).value();
  auto memory = std::make_shared<const Bytes>(std::move(tag));
  const ByteView view = *memory;
  return flv::make_tag_unit(view, std::move(memory), info);
}

std::vector<SharedUnit> tag_units(std::span<const Bytes> tags) {
  std::vector<SharedUnit> units;
  for (const Bytes& tag : tags) units.push_back(tag_unit(tag));
  return units;
}

std::vector<SharedUnit> parse_flv(ByteView file) {
  flv::Parser parser;
  if (const auto fed = parser.feed(file); !fed) throw std::runtime_error("not FLV: " + fed.error().message());
  if (!parser.at_boundary()) throw std::runtime_error("the end of the FLV is cut");
  std::vector<SharedUnit> units;
  while (auto unit = parser.poll()) units.push_back(std::move(*unit));
  return units;
}

TagContent content_of(const Unit& tag) {
  const auto info = flv::inspect(tag.bytes).value();
  const ByteView data = flv::data_of(tag.bytes);
  return {info.type, info.timestamp_ms, Bytes(data.begin(), data.end())};
}

}  // namespace camspan::test
