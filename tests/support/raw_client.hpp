/// A TCP client that says exactly what a test tells it to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace camspan::test {

/// Blocking, with 10 s for each operation. Throws std::runtime_error when something takes longer.
class RawClient {
 public:
  /// @param address  "127.0.0.1:41234"
  explicit RawClient(const std::string& address, int receive_buffer = 0) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("cannot connect to " + address);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error("the server takes no more");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  int descriptor() const { return fd_; }
  void end() { ::shutdown(fd_, SHUT_WR); }

  /// What is there, at least one byte; "" = the end, or a reset.
  std::string read_some() {
    char buffer[4096];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count < 0 && errno != ECONNRESET) throw std::runtime_error("the server says nothing");
    return {buffer, count > 0 ? static_cast<std::size_t>(count) : 0};
  }
  /// Everything up to the end of the connection.
  std::string read_all() {
    std::string all;
    for (std::string part; !(part = read_some()).empty();) all += part;
    return all;
  }
  /// Everything up to and with `mark`, and what came with it.
  std::string read_until(std::string_view mark) {
    std::string all;
    while (all.find(mark) == std::string::npos) {
      const std::string part = read_some();
      if (part.empty()) throw std::runtime_error("the connection ended after: " + all);
      all += part;
    }
    return all;
  }

 private:
  int fd_;
};

}  // namespace camspan::test
