#include "hub/end_signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <thread>
#include <utility>

namespace camspan::hub {
namespace {

int next_signal(const sigset_t& set) {
  int number = 0;
  while (sigwait(&set, &number) != 0) {
  }
  return number;
}

}  // namespace

EndSignals::EndSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::promise<const char*> first;
  first_ = first.get_future();
  std::thread([set, first = std::move(first)]() mutable {
    first.set_value(next_signal(set) == SIGINT ? "SIGINT" : "SIGTERM");
    // The status by which a shell tells that a signal ended a program.
    _exit(128 + next_signal(set));
  }).detach();  // ends with the program
}

}  // namespace camspan::hub
