#include "proto/rtc/sdp_text.hpp"

namespace camspan::rtc {

tl::expected<SdpFragment, SdpError> parse_fragment(std::string_view text) {
  using Kind = SdpError::Kind;
  const auto lines = split_sdp(text);
  if (!lines) return tl::unexpected(lines.error());
  SdpFragment fragment;
  std::string mid;
  std::size_t count = 0;
  for (const SdpLine& line : *lines) {
    if (line.type == 'm') mid.clear();
    if (line.type != 'a') continue;
    if (!take_ice(line, fragment.ice))
      return sdp_error(Kind::malformed, line.number, "It is no ICE user fragment or password (RFC 8839 section 5.4).");
    if (const auto name = line.attribute("mid")) mid = name->substr(0, 256);
    if (line.attribute("end-of-candidates")) fragment.end_of_candidates = true;
    if (!line.value.starts_with("candidate:")) continue;
    if (++count > kMaxCandidates)
      return sdp_error(Kind::too_many_candidates, line.number,
                       "There are more than " + std::to_string(kMaxCandidates) + " candidates. Send fewer.");
    if (auto candidate = candidate_of(line)) fragment.candidates.push_back({mid, std::move(*candidate)});
  }
  // One without the other: a plain fragment may name the ufrag alone.
  if (fragment.ice.ufrag.empty() && !fragment.ice.pwd.empty())
    return sdp_error(Kind::malformed, 0, "It has a=ice-pwd without a=ice-ufrag.");
  return fragment;
}

}  // namespace camspan::rtc
