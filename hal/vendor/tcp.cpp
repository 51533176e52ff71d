/// HAL_TCP_*: a blocking socket with timeouts.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "camspan/hal.h"
#include "defaults.hpp"
#include "iot_import.h"
#include "wait.hpp"

namespace camspan::linkkit {
namespace {

constexpr auto kFailed = static_cast<std::uintptr_t>(-1);
// Name and connection together, for an address each.
constexpr int kConnectMs = 10000;
constexpr int kKeepaliveSeconds = 30;

/// What hal_resolve() fills; it may outlive us when the name servers are slow.
struct Lookup {
  std::mutex mutex;
  std::condition_variable done;
  bool is_done = false;
  std::vector<hal_address> addresses;
};

void looked_up(void* user, int, const hal_address* addresses, std::size_t count) {
  const std::unique_ptr<std::shared_ptr<Lookup>> lookup(static_cast<std::shared_ptr<Lookup>*>(user));
  const std::lock_guard lock((*lookup)->mutex);
  (*lookup)->addresses.assign(addresses, addresses + count);
  (*lookup)->is_done = true;
  (*lookup)->done.notify_all();
}

std::vector<hal_address> look_up(const char* host, std::uint16_t port) {
  const auto lookup = std::make_shared<Lookup>();
  hal_resolve(host, port, looked_up, new std::shared_ptr<Lookup>(lookup));
  std::unique_lock lock(lookup->mutex);
  lookup->done.wait_for(lock, std::chrono::milliseconds(kConnectMs), [&] { return lookup->is_done; });
  return lookup->addresses;
}

int connect_to(const hal_address& address) {
  const hal_socket_options options{nullptr, -1, kKeepaliveSeconds, 1};
  int fd = -1;
  if (hal()->connect_start(&address, &options, &fd) != 0) return -1;
  int error = 0;
  socklen_t size = sizeof error;
  if (wait_for(fd, POLLOUT, Deadline(kConnectMs)) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error == 0)
    return fd;
  close(fd);
  return -1;
}

}  // namespace
}  // namespace camspan::linkkit

using camspan::linkkit::Deadline;
using camspan::linkkit::wait_for;

std::uintptr_t camspan_hal_tcp_establish(const char* host, std::uint16_t port) noexcept try {
  if (host == nullptr) return camspan::linkkit::kFailed;
  for (const hal_address& address : camspan::linkkit::look_up(host, port)) {
    const int fd = camspan::linkkit::connect_to(address);
    if (fd >= 0) return static_cast<std::uintptr_t>(fd);
  }
  return camspan::linkkit::kFailed;
} catch (const std::exception&) {
  return camspan::linkkit::kFailed;
}

std::int32_t camspan_hal_tcp_destroy(std::uintptr_t fd) noexcept {
  return close(static_cast<int>(fd)) == 0 ? 0 : -1;
}

std::int32_t camspan_hal_tcp_write(std::uintptr_t fd, const char* data, std::uint32_t size,
                                   std::uint32_t timeout_ms) noexcept {
  const Deadline deadline(static_cast<int>(timeout_ms));
  std::uint32_t sent = 0;
  while (sent < size) {
    const ssize_t count = send(static_cast<int>(fd), data + sent, size - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::uint32_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(static_cast<int>(fd), POLLOUT, deadline)) break;
    } else if (errno != EINTR) {
      return sent > 0 ? static_cast<std::int32_t>(sent) : -1;
    }
  }
  return static_cast<std::int32_t>(sent);
}

std::int32_t camspan_hal_tcp_read(std::uintptr_t fd, char* data, std::uint32_t size,
                                  std::uint32_t timeout_ms) noexcept {
  const Deadline deadline(static_cast<int>(timeout_ms));
  std::uint32_t got = 0;
  while (got < size) {
    const ssize_t count = recv(static_cast<int>(fd), data + got, size - got, 0);
    if (count > 0) {
      got += static_cast<std::uint32_t>(count);
    } else if (count == 0) {
      return got > 0 ? static_cast<std::int32_t>(got) : -1;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(static_cast<int>(fd), POLLIN, deadline)) break;
    } else if (errno != EINTR) {
      return got > 0 ? static_cast<std::int32_t>(got) : -2;
    }
  }
  return static_cast<std::int32_t>(got);
}

extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"
std::uintptr_t HAL_TCP_Establish(const char*, std::uint16_t) __attribute__((weak, alias("camspan_hal_tcp_establish")));
std::int32_t HAL_TCP_Destroy(std::uintptr_t) __attribute__((weak, alias("camspan_hal_tcp_destroy")));
std::int32_t HAL_TCP_Write(std::uintptr_t, const char*, std::uint32_t, std::uint32_t)
    __attribute__((weak, alias("camspan_hal_tcp_write")));
std::int32_t HAL_TCP_Read(std::uintptr_t, char*, std::uint32_t, std::uint32_t)
    __attribute__((weak, alias("camspan_hal_tcp_read")));
#pragma GCC diagnostic pop
}
