/// Script data of FLV: a name and one object with flat values, in AMF0 (Adobe AMF0 specification of 2007). Free
/// functions: any thread, no state.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace camspan::flv {

using AmfValue = std::variant<double, bool, std::string>;

/// What a script tag says. Values in the order they came.
struct ScriptData {
  std::string name;  ///< "onMetaData", ...
  std::vector<std::pair<std::string, AmfValue>> values;

  std::optional<double> number(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
};

/// Reads the data of a script tag. Values that are not number, bool or string (dates, nested objects, ...) are skipped,
/// also nested ones up to 16 deep; of more than 256 the first are kept. RTMP's "@setDataFrame" before the name is left
/// out. A missing end marker of the object is no error.
/// @return Errc::malformed; Errc::too_large for deeper nesting
Result<ScriptData> read_script(ByteView data);

/// Data of a script tag: the name and an ECMA array. Names and strings are under 64 KiB.
Bytes write_script(const ScriptData& script);

/// The properties of onMetaData (annex E.5) that somebody asks for.
struct Metadata {
  std::optional<double> width;       ///< pixels
  std::optional<double> height;      ///< pixels
  std::optional<double> framerate;   ///< per second
  std::optional<double> audio_rate;  ///< samples per second
};

/// @return nothing when the data are no readable onMetaData
std::optional<Metadata> read_metadata(ByteView data);

}  // namespace camspan::flv
