/// The clock of usrsctp. It reads the wall clock, and two things are wrong with that:
/// - a camera whose clock is set while viewers watch, from 1970 to today, would take all that is on its way for lost;
/// - its retransmission timer (T3-rtx) is not begun anew at each acknowledgement, so that it fires all the time while
///   something is on its way. Then it takes for lost what is older than the round trip and its variance, without the
///   least RTO that is set: on a steady path a hitch of milliseconds costs the window, though nothing is missing.
/// So the build gives it another archive of itself (cmake/usrsctp_clock.cmake): it reads usrsctp_clock(), and where it
/// looks for what is lost a time that lies back a little (UsrsctpStack::measure_patience).
#pragma once

#include <chrono>

namespace camspan::rtc {

/// Of a clock that nobody sets; never near 0, which means "not yet" to usrsctp. Tests have their own.
std::chrono::microseconds usrsctp_clock();

}  // namespace camspan::rtc
