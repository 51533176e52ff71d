/// An HTTP proxy in the process of the test: makes one tunnel after the other, or refuses.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace camspan::test {

class HttpProxy {
 public:
  /// @param answer  to each CONNECT; a tunnel is made when it says 200
  explicit HttpProxy(std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n") : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(stop_.data()) != 0)
      throw std::runtime_error("no proxy");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpProxy() {
    ::close(stop_[1]);
    thread_.join();
    ::close(stop_[0]);
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// The head of the last CONNECT.
  std::string request() const {
    const std::lock_guard lock(mutex_);
    return request_;
  }
  int tunnels() const { return tunnels_; }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  /// @return false when the proxy ends
  bool wait(int one, int other, std::array<pollfd, 3>& ready) const {
    ready = {{{stop_[0], POLLIN, 0}, {one, POLLIN, 0}, {other, POLLIN, 0}}};
    return ::poll(ready.data(), other < 0 ? 2 : 3, -1) > 0 && ready[0].revents == 0;
  }
  void serve() {
    std::array<pollfd, 3> ready;
    while (wait(listener_, -1, ready)) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      tunnel(client);
      ::close(client);
    }
  }
  void tunnel(int client) {
    std::string head;
    std::array<pollfd, 3> ready;
    while (!head.ends_with("\r\n\r\n") && wait(client, -1, ready)) {
      char byte = 0;
      if (::recv(client, &byte, 1, 0) != 1) return;
      head += byte;
    }
    {
      const std::lock_guard lock(mutex_);
      request_ = head;
    }
    const std::size_t colon = head.find(':');
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = loopback(static_cast<std::uint16_t>(std::atoi(head.c_str() + colon + 1)));
    const bool open = answer_.find(" 200 ") != answer_.npos &&
                      ::connect(server, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    if (open) {
      ++tunnels_;
      while (wait(client, server, ready) && pass(ready[1], server) && pass(ready[2], client)) {
      }
    }
    ::close(server);
  }
  static bool pass(const pollfd& from, int to) {
    if (from.revents == 0) return true;
    std::array<char, 16384> bytes;
    const ssize_t count = ::recv(from.fd, bytes.data(), bytes.size(), 0);
    return count > 0 && ::send(to, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
  }

  const std::string answer_;
  int listener_ = -1;
  std::array<int, 2> stop_{};
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::string request_;
  std::atomic<int> tunnels_{0};
  std::thread thread_;
};

}  // namespace camspan::test
