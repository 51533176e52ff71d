#include "net/network_watch.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <span>

namespace camspan::net {
namespace {

/// @return a descriptor that hears of links, addresses and routes; -1 where there is none
int open_socket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

/// One of the messages says that something came; what goes is no reason to hurry.
bool tells_of_new(std::span<const char> bytes) {
  int size = static_cast<int>(bytes.size());
  for (auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data()); NLMSG_OK(message, static_cast<unsigned>(size));
       message = NLMSG_NEXT(message, size))
    if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_NEWROUTE || message->nlmsg_type == RTM_NEWLINK)
      return true;
  return false;
}

}  // namespace

struct NetworkWatch::State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& executor, std::function<void()> the_changed)
      : descriptor(executor), changed(std::move(the_changed)) {}

  void wait() {
    const auto ready = [self = shared_from_this()](const std::error_code& error) {
      if (error || !self->changed) return;
      const bool news = self->drain();
      if (news) self->changed();
      self->wait();
    };
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read, ready);
  }
  bool drain() {
    bool news = false;
    alignas(nlmsghdr) std::array<char, 8192> buffer;
    for (;;) {
      const ssize_t count = recv(descriptor.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      // More than the socket holds has come: that is news as well.
      if (count < 0 && errno == ENOBUFS) news = true;
      if (count <= 0) return news;
      news |= tells_of_new(std::span(buffer).first(static_cast<std::size_t>(count)));
    }
  }

  asio::posix::stream_descriptor descriptor;
  std::function<void()> changed;
};

NetworkWatch::NetworkWatch(const asio::any_io_executor& executor, std::function<void()> changed)
    : state_(std::make_shared<State>(executor, std::move(changed))) {
  const int fd = open_socket();
  if (fd < 0) return;
  state_->descriptor.assign(fd);
  state_->wait();
}

NetworkWatch::~NetworkWatch() {
  state_->changed = nullptr;
  std::error_code ignored;
  state_->descriptor.close(ignored);
}

std::set<std::string> own_addresses() {
  std::set<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  for (const ifaddrs* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const void* bytes = nullptr;
    if (entry->ifa_addr->sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    if (entry->ifa_addr->sa_family == AF_INET6)
      bytes = &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bytes != nullptr && inet_ntop(entry->ifa_addr->sa_family, bytes, text.data(), text.size()) != nullptr)
      addresses.emplace(text.data());
  }
  return addresses;
}

bool is_own_address(const std::string& address) {
  return own_addresses().contains(address.substr(0, address.find('%')));
}

}  // namespace camspan::net
