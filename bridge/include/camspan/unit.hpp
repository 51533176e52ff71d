/// Unit: one piece of media on its way through Camspan.
#pragma once

#include <camspan/bytes.hpp>
#include <chrono>
#include <memory>
#include <optional>

namespace camspan {

/// What a unit is, which decides what may be dropped: never config or script, a delta only with the rest of its GOP.
enum class UnitKind : std::uint8_t {
  config,  ///< decoder configuration (sequence header), or the FLV file header
  key,     ///< video that decoding can start at
  delta,   ///< video that needs earlier video
  audio,
  script,  ///< metadata
  other,   ///< bytes of no known structure
};

using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Immutable once shared. `bytes` lies in memory kept alive by `owner` (a GstBuffer, a vector, ...): sharing a unit
/// copies nothing. For FLV a unit is one whole tag with the previous-tag-size field that follows it.
struct Unit {
  ByteView bytes;
  std::shared_ptr<const void> owner;
  UnitKind kind = UnitKind::other;
  std::uint8_t track = 0;   ///< a config or script unit replaces the last one of its kind and track (FLV: tag type)
  bool disposable = false;  ///< video that no other video needs
  std::optional<std::chrono::nanoseconds> pts;  ///< running time
  std::optional<std::chrono::nanoseconds> dts;  ///< running time
  std::optional<UtcTime> captured;              ///< wall clock at capture, where the sender knows it
};

using SharedUnit = std::shared_ptr<const Unit>;

/// A unit over its own copy of `bytes`.
SharedUnit make_unit(Bytes bytes, UnitKind kind);

}  // namespace camspan
