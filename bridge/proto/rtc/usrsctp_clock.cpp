#include "proto/rtc/usrsctp_clock.hpp"

namespace camspan::rtc {
namespace {

constexpr std::chrono::hours kOffset{24};

}  // namespace

std::chrono::microseconds usrsctp_clock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()) +
         kOffset;
}

}  // namespace camspan::rtc
