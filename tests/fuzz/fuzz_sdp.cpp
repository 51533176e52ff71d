// Offers, answers and fragments of WebRTC. What can be read can be answered, and the answer can be read.
#include <cstdlib>

#include "proto/rtc/sdp.hpp"

namespace rtc = camspan::rtc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto offer = rtc::parse_data_offer(text)) {
    rtc::LocalTransport local;
    local.ice = {"abcd", "0123456789abcdef012345"};
    const auto answer = rtc::parse_data_offer(rtc::write_answer(*offer, local));
    if (!answer || answer->media.size() != offer->media.size()) std::abort();
    const std::string candidate = "candidate:1 1 UDP 1 192.0.2.1 1 typ host";
    const auto later = rtc::parse_data_offer(rtc::with_candidates(text, {candidate}, true));
    if (offer->candidates.size() < rtc::kMaxCandidates && text.size() + 100 < rtc::kMaxSdpBytes && !later &&
        later.error().kind != rtc::SdpError::Kind::too_many_candidates &&
        later.error().kind != rtc::SdpError::Kind::too_large)
      std::abort();
  }
  if (const auto fragment = rtc::parse_fragment(text)) {
    const auto again = rtc::parse_fragment(rtc::write_fragment(*fragment));
    if (text.size() < rtc::kMaxSdpBytes / 2 && (!again || again->candidates.size() != fragment->candidates.size()))
      std::abort();
  }
  return 0;
}
