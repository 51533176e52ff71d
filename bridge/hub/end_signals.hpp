/// SIGTERM and SIGINT: the first asks the program to end, the second ends it at once.
#pragma once

#include <future>

namespace camspan::hub {

/// One for the whole program, made on the main thread before any other thread runs: every later thread then leaves the
/// signals alone. Works from its construction on, so a start that takes long can be broken off too.
class EndSignals {
 public:
  EndSignals();
  /// Returns at the first signal, with its name. Call once.
  const char* wait() { return first_.get(); }

 private:
  std::future<const char*> first_;
};

}  // namespace camspan::hub
