#include "hub/serve.hpp"

#include <camspan/hal.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "core/log.hpp"
#include "hub/end_signals.hpp"
#include "hub/hub.hpp"

namespace camspan::hub {
namespace {

void log_by_hal(log::Level level, const char* category, const char* message) {
  hal()->log(static_cast<int>(level), category, message);
}

/// Each viewer is a descriptor; the soft limit of 1024 that many systems start with is for programs with select().
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool write_ready(int fd, const Hub::Addresses& addresses) {
  const std::string line = "listen=" + addresses.listen + " plain=" + addresses.plain + "\n";
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd > STDERR_FILENO) ::close(fd);
  return written;
}

void announce(const Hub::Addresses& addresses) {
  log::info("hub", "listening on ", addresses.listen, " (TLS: HTTP/2, HTTP/1.1, WebSocket)");
  if (!addresses.plain.empty()) log::info("hub", "listening on ", addresses.plain, " (not encrypted)");
  log::info("hub", "viewer page: https://", addresses.listen,
            "/?token=...  A token: camspan-hub token --device '*' --allow live,playback");
}

}  // namespace

Exit complain(const std::string& sentence, Exit code) {
  std::cerr << "camspan-hub: " << sentence << std::endl;
  return code;
}

Exit exit_of(const Failure& failure) {
  return failure.code == Errc::bad_setting ? Exit::configuration : Exit::failed;
}

Exit serve(const Config& config, int ready_fd) {
  log::set_sink(log_by_hal);
  log::set_level(config.log_level);
  // A peer that closes is an error of that write, not the end of the hub.
  signal(SIGPIPE, SIG_IGN);
  EndSignals signals;
  allow_many_descriptors();
  auto hub = Hub::start(config);
  if (!hub) return complain(hub.error().sentence, exit_of(hub.error()));
  announce((*hub)->addresses());
  if (ready_fd >= 0 && !write_ready(ready_fd, (*hub)->addresses()))
    return complain(
        "cannot write to descriptor " + std::to_string(ready_fd) + " of --ready-fd: " + std::strerror(errno) + ".",
        Exit::failed);
  const char* const name = signals.wait();
  log::info("hub", "stopping (", name, "); once more ends at once");
  (*hub)->stop();
  return Exit::fine;
}

}  // namespace camspan::hub
