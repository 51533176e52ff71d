#include <camspan/hal.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>

namespace {

constexpr hal_socket_options kPlain{nullptr, -1, 0, 0};

/// A descriptor, closed at the end of its scope.
struct Fd {
  int fd = -1;
  ~Fd() {
    if (fd >= 0) close(fd);
  }
};

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0) << errno;
  return value;
}

uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

/// Waits for the end of a connect and gives its result.
int connected(int fd) {
  pollfd waited{fd, POLLOUT, 0};
  if (poll(&waited, 1, 10'000) != 1) return ETIMEDOUT;
  return option(fd, SOL_SOCKET, SO_ERROR);
}

class NetTest : public testing::TestWithParam<const char*> {
 protected:
  /// Listens on the loopback address of the family under test.
  void SetUp() override {
    ASSERT_EQ(hal_address_parse(GetParam(), 0, &at_), 0);
    const int error = hal()->listen(&at_, &kPlain, 8, &listener_.fd);
    if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) GTEST_SKIP() << "this machine has no " << GetParam();
    ASSERT_EQ(error, 0);
    at_.port = port_of(listener_.fd);
  }

  hal_address at_{};
  Fd listener_;
};

TEST_P(NetTest, ConnectsToAListeningSocket) {
  Fd client;
  ASSERT_EQ(hal()->connect_start(&at_, &kPlain, &client.fd), 0);
  EXPECT_EQ(connected(client.fd), 0);
  const Fd accepted{accept(listener_.fd, nullptr, nullptr)};
  EXPECT_GE(accepted.fd, 0);
}

TEST_P(NetTest, SocketsAreNonBlockingAndCloseOnExec) {
  Fd client;
  ASSERT_EQ(hal()->connect_start(&at_, nullptr, &client.fd), 0);
  for (const int fd : {client.fd, listener_.fd}) {
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(option(listener_.fd, SOL_SOCKET, SO_REUSEADDR), 1);
}

TEST_P(NetTest, AppliesEveryOption) {
  const hal_socket_options options{"lo", 34, 25, 1};
  Fd client;
  const int error = hal()->connect_start(&at_, &options, &client.fd);
  if (error == EPERM) GTEST_SKIP() << "this kernel lets only root bind to an interface";
  ASSERT_EQ(error, 0);
  EXPECT_EQ(connected(client.fd), 0);
  const bool v4 = at_.family == 4;
  EXPECT_EQ(option(client.fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS) >> 2, 34);
  EXPECT_EQ(option(client.fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(client.fd, IPPROTO_TCP, TCP_KEEPIDLE), 25);
  EXPECT_EQ(option(client.fd, IPPROTO_TCP, TCP_KEEPINTVL), 25);
  EXPECT_EQ(option(client.fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(option(client.fd, IPPROTO_TCP, TCP_NODELAY), 1);
  std::array<char, 16> name{};
  socklen_t size = name.size();
  ASSERT_EQ(getsockopt(client.fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), &size), 0);
  EXPECT_STREQ(name.data(), "lo");
}

TEST_P(NetTest, AcceptedSocketsInheritTheOptions) {
  const hal_socket_options options{nullptr, 34, 25, 1};
  hal_address any_port = at_;
  any_port.port = 0;
  Fd listener;
  ASSERT_EQ(hal()->listen(&any_port, &options, 8, &listener.fd), 0);
  any_port.port = port_of(listener.fd);
  Fd client;
  ASSERT_EQ(hal()->connect_start(&any_port, &kPlain, &client.fd), 0);
  ASSERT_EQ(connected(client.fd), 0);
  const Fd accepted{accept(listener.fd, nullptr, nullptr)};
  ASSERT_GE(accepted.fd, 0);
  EXPECT_EQ(option(accepted.fd, IPPROTO_TCP, TCP_KEEPIDLE), 25);
  EXPECT_EQ(option(accepted.fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_P(NetTest, ReportsARefusedConnection) {
  close(listener_.fd);
  listener_.fd = -1;
  Fd client;
  const int error = hal()->connect_start(&at_, &kPlain, &client.fd);
  EXPECT_EQ(error != 0 ? error : connected(client.fd), ECONNREFUSED);
}

TEST_P(NetTest, GivesNoDescriptorWhenAnOptionFails) {
  for (const auto& options : {hal_socket_options{"nosuchif0", -1, 0, 0}, hal_socket_options{nullptr, 64, 0, 0},
                              hal_socket_options{nullptr, -1, 1'000'000, 0}}) {
    int fd = 7;
    EXPECT_NE(hal()->connect_start(&at_, &options, &fd), 0);
    EXPECT_EQ(fd, -1);
  }
}

TEST_P(NetTest, ReportsAPortInUse) {
  int fd = -1;
  EXPECT_EQ(hal()->listen(&at_, &kPlain, 8, &fd), EADDRINUSE);
  EXPECT_EQ(fd, -1);
}

INSTANTIATE_TEST_SUITE_P(Families, NetTest, testing::Values("127.0.0.1", "::1"),
                         [](const auto& info) { return info.index == 0 ? "Ipv4" : "Ipv6"; });

TEST(NetAddressTest, Ipv6ListenersLeaveIpv4Alone) {
  hal_address any;
  ASSERT_EQ(hal_address_parse("::", 0, &any), 0);
  Fd listener;
  if (hal()->listen(&any, &kPlain, 8, &listener.fd) != 0) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_EQ(option(listener.fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(NetAddressTest, RefusesAnAddressOfNoFamily) {
  const hal_address nowhere{};
  int fd = 7;
  EXPECT_EQ(hal()->connect_start(&nowhere, &kPlain, &fd), EINVAL);
  EXPECT_EQ(hal()->listen(&nowhere, &kPlain, 8, &fd), EINVAL);
}

}  // namespace
