/// The clock of tests of SCTP and DTLS: usrsctp and OpenSSL ask gettimeofday(), which virtual_time.cpp answers. Linked
/// into programs whose tests run in virtual time only.
#pragma once

#include "core/time.hpp"

namespace camspan::test {

/// One for the process, since usrsctp's state is; it never goes back.
class VirtualTime {
 public:
  static TimePoint now();
  static void advance_to(TimePoint when);
};

}  // namespace camspan::test
