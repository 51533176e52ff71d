#include "support/virtual_time.hpp"

#include <sys/time.h>

#include "proto/rtc/usrsctp_clock.hpp"

namespace camspan::test {
namespace {

constexpr std::int64_t kEpoch_us = 1'795'219'200'000'000;  // 2026-11-21
std::int64_t elapsed_us = 1'000'000;

}  // namespace

TimePoint VirtualTime::now() {
  return TimePoint(std::chrono::microseconds(elapsed_us));
}

void VirtualTime::advance_to(TimePoint when) {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(when.time_since_epoch()).count();
  if (us > elapsed_us) elapsed_us = us;
}

}  // namespace camspan::test

namespace camspan::rtc {

std::chrono::microseconds usrsctp_clock() {
  return std::chrono::microseconds(test::kEpoch_us + test::elapsed_us);
}

}  // namespace camspan::rtc

// Takes the place of the C library's for everything in the program.
extern "C" __attribute__((visibility("default"))) int gettimeofday(timeval* time, void* /*zone*/) noexcept {
  const auto us = camspan::test::kEpoch_us + camspan::test::elapsed_us;
  time->tv_sec = us / 1'000'000;
  time->tv_usec = us % 1'000'000;
  return 0;
}
