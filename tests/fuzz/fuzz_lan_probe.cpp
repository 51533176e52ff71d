/// A datagram of somebody on the local network.
#include <cstdlib>

#include "vendor/iv/lan_probe.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace camspan;
  const iv::LanName who{"P", "d"};
  const auto probe = iv::read_lan_probe(std::as_bytes(std::span(data, size)), who);
  if (!probe) return 0;
  const Bytes answer = iv::lan_answer(*probe, who, "192.0.2.1", 1, 0);
  // What is repeated of it is short, whatever it was.
  if (answer.size() > iv::kLanHeadBytes + iv::kMaxLanBytes) std::abort();
  return 0;
}
