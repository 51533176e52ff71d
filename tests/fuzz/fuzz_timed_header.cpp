/// Messages of a camspan-flv-timed channel: length, then bytes, over and over.
#include <cstdlib>

#include "proto/rtc/timed_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace camspan;
  rtc::TimedReader reader(rtc::TimedReader::Limits{4096, std::chrono::milliseconds(8)});
  TimePoint now{};
  for (ByteView rest = std::as_bytes(std::span(data, size)); !rest.empty();) {
    const auto length = std::min<std::size_t>(std::to_integer<std::size_t>(rest[0]), rest.size() - 1);
    const ByteView message = rest.subspan(1, length);
    if (reader.feed(message, now) && rtc::parse_timed_header(message)) {
      Bytes again(message.begin(), message.end());
      rtc::write_timed_header(again.data(), *rtc::parse_timed_header(message));
      if (!rtc::parse_timed_header(again)) std::abort();
    }
    rest = rest.subspan(1 + length);
    now += std::chrono::milliseconds(1);
    while (const auto piece = reader.poll())
      if (piece->size() < 4) std::abort();
  }
  if (const auto at = reader.next_timeout()) reader.on_timeout(*at);
  return 0;
}
