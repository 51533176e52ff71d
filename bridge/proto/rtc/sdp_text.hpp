/// What is common to reading descriptions and fragments: lines, and attributes as they stand in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/rtc/sdp.hpp"

namespace camspan::rtc {

/// One line, "a=candidate:...": its letter, and what follows "=".
struct SdpLine {
  std::size_t number = 0;  ///< from 1
  char type = 0;
  std::string_view value;

  /// The value of attribute `name` ("a=name:value"; "" for "a=name"), if this line is that.
  std::optional<std::string_view> attribute(std::string_view name) const;
};

/// Takes a text apart. Lines end in CRLF or LF; empty ones are passed over; bytes below blank may not be there.
/// @return SdpError::Kind::too_large over kMaxSdpBytes or kMaxSdpLines, malformed for a line that is not "x=..."
tl::expected<std::vector<SdpLine>, SdpError> split_sdp(std::string_view text);

tl::unexpected<SdpError> sdp_error(SdpError::Kind kind, std::size_t line, std::string sentence);

/// The fields of a line between blanks.
std::vector<std::string_view> split_words(std::string_view text);

/// ice-char, RFC 8839 section 5.4. @param least  of its length
bool is_ice_text(std::string_view text, std::size_t least);

/// Puts a=ice-ufrag or a=ice-pwd of `line` into `ice`. @return false when it is one of them and cannot be
bool take_ice(const SdpLine& line, IceCredentials& ice);

/// "candidate:..." of a candidate line, if it is one and no longer than one can be.
std::optional<std::string> candidate_of(const SdpLine& line);

}  // namespace camspan::rtc
