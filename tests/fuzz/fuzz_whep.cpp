// The query of a viewer's POST, and its fragments: nothing of a token goes on to the camera, and an event has no line
// that its data did not have.
#include <cstdlib>

#include "hub/whep_route.hpp"
#include "proto/rtc/sdp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = camspan::hub::parse_whep_request(text)) {
    const std::string params = "&" + request->params;
    if (params.find("&token=") != std::string::npos || params.find("&_") != std::string::npos) std::abort();
    if (request->params.size() > text.size()) std::abort();
  }
  if (const auto fragment = camspan::rtc::parse_fragment(text)) {
    for (const auto& candidate : fragment->candidates)
      if (candidate.line.find_first_of("\r\n") != std::string::npos) std::abort();
  }
  return 0;
}
