#include "net/network_watch.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstring>
#include <future>
#include <thread>

#include "support/io_run.hpp"

namespace camspan::net {
namespace {

/// Runs `work` on a thread in a network namespace of its own, where loopback is down. @return false without the right
bool in_own_network(const std::function<void()>& work) {
  bool entered = false;
  std::thread thread([&] {
    entered = unshare(CLONE_NEWNET) == 0;
    if (entered) work();
  });
  thread.join();
  return entered;
}

void bring_loopback_up() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  EXPECT_EQ(ioctl(fd, SIOCSIFFLAGS, &request), 0);
  close(fd);
}

TEST(NetworkWatchTest, TellsThatANetworkHasCome) {
  const bool done = in_own_network([] {
    // The loop's thread takes the namespace over from this one.
    IoThread io("watched");
    std::promise<void> told;
    bool once = false;
    std::unique_ptr<NetworkWatch> watch;
    io.run([&] {
      watch = std::make_unique<NetworkWatch>(io.executor(), [&] {
        if (!std::exchange(once, true)) told.set_value();
      });
    });
    bring_loopback_up();
    EXPECT_EQ(told.get_future().wait_for(test::kPatience), std::future_status::ready);
    io.run([&] { watch.reset(); });
  });
  if (!done) GTEST_SKIP() << "a network namespace needs root";
}

TEST(NetworkWatchTest, CanGoAtAnyTime) {
  IoThread io("watched");
  for (int i = 0; i < 100; ++i) io.run([&] { NetworkWatch(io.executor(), [] {}); });
}

}  // namespace
}  // namespace camspan::net
