/// Where segments lie below the root, and what they are called (camspan-wire.md section 6). Free functions, any thread.
#pragma once

#include <camspan/unit.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace camspan::recordings {

struct SegmentPath {
  std::string device;
  unsigned channel = 0;
  UtcTime start;       ///< 1970 to 9999
  unsigned copy = 0;   ///< above 0: another segment has the same start
  bool part = false;   ///< it still grows
  std::string boot{};  ///< 16 hex digits, where the clock was not set: `start` is then the time since this boot

  bool operator==(const SegmentPath&) const = default;
};

/// True for `[A-Za-z0-9][A-Za-z0-9._-]{0,63}` that does not end in ".flv": safe as the name of a folder.
bool is_device_id(std::string_view text);

/// "<device>/<yyyy>/<mm>/<dd>/<hhmmss.mmm>Z.flv"; channel 1 and up: "<device>/ch<n>/<yyyy>/.."; copies
/// "<hhmmss.mmm>Z-1.flv"; ".part" behind it while it grows. With a boot "boot-<16 hex>/<seconds, 9 digits>.<ms>.flv" in
/// place of the date.
std::string format_segment_path(const SegmentPath& path);

/// Reads exactly what format_segment_path() writes; nothing for all other names.
std::optional<SegmentPath> parse_segment_path(std::string_view path);

/// The name of a segment in commands, where no slash may be: "<yyyymmdd>T<hhmmss.mmm>Z.flv" (copies "..Z-1.flv").
std::string format_flat_name(const SegmentPath& path);

/// Start and copy of a segment by that name; device and channel are left empty.
std::optional<SegmentPath> parse_flat_name(std::string_view name);

/// `path` without ".part": what a segment is known by.
std::string_view final_path(std::string_view path);

}  // namespace camspan::recordings
