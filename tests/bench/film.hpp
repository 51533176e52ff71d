/// The film that the benches of live streams push: FLV of 25 frames a second, a key frame every 2 s.
#pragma once

#include <camspan/unit.hpp>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "proto/flv/tag.hpp"

namespace camspan::bench {

constexpr unsigned kFramesPerSecond = 25;
constexpr unsigned kFramesPerGop = 50;

inline Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// The file header and an AVC sequence header of 1280x720.
inline SharedUnit head() {
  Bytes head = flv::file_header(false, true);
  const Bytes config =
      bytes_of({0x17, 0,    0,    0,    0,    1,    0x42, 0xc0, 0x1f, 0xff, 0xe1, 0,    9,    0x67, 0x42,
                0xc0, 0x1f, 0x95, 0xa0, 0x14, 0x01, 0x6e, 0x40, 1,    0,    4,    0x68, 0xce, 0x3c, 0x80});
  const Bytes tag = flv::make_tag(flv::TagType::video, 0, config);
  head.insert(head.end(), tag.begin(), tag.end());
  return make_unit(std::move(head), UnitKind::other);
}

/// A frame of `size` bytes (64 at least); the first 8 of its picture say when it was made (steady clock, ns, as the
/// machine writes it).
inline SharedUnit frame(unsigned number, std::size_t size) {
  const bool key = number % kFramesPerGop == 0;
  Bytes data = bytes_of({key ? 0x17 : 0x27, 1, 0, 0, 0});
  const std::size_t nal = size - 9;
  for (const unsigned shift : {24u, 16u, 8u, 0u}) data.push_back(static_cast<std::byte>(nal >> shift));
  data.push_back(static_cast<std::byte>(key ? 0x65 : 0x41));
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::size_t at = data.size();
  data.resize(size, std::byte{0x5a});
  std::memcpy(data.data() + at, &now, sizeof now);
  return make_unit(flv::make_tag(flv::TagType::video, number * 1000 / kFramesPerSecond, data), UnitKind::other);
}

}  // namespace camspan::bench
