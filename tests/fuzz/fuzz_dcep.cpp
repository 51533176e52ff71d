// What opens a data channel (RFC 8832), and the first byte of datagrams.
#include <cstdlib>

#include "proto/rtc/dcep.hpp"
#include "proto/rtc/demux.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace camspan;
  const ByteView input = std::as_bytes(std::span(data, size));
  (void)rtc::kind_of(input);
  (void)rtc::is_channel_ack(input);
  const auto open = rtc::parse_channel_open(input);
  if (!open) return 0;
  // What was read is written again as what is read the same.
  const auto again = rtc::parse_channel_open(rtc::write_channel_open(*open));
  if (!again || again->label != open->label || again->protocol != open->protocol || again->ordered != open->ordered)
    std::abort();
  return 0;
}
