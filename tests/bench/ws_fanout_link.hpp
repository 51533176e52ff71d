/// A connection of the load of ws_fanout: plain or TLS, and what came by it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace camspan::bench {

/// Throws std::runtime_error for what should not happen.
class Link {
 public:
  /// @param tls  null = plain; certificates are not judged
  Link(int port, SSL_CTX* tls) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("cannot connect");
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), fd_);
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("no TLS");
  }
  ~Link() {
    if (fd_ >= 0) close(fd_);
  }
  Link(Link&& other) noexcept : fd_(std::exchange(other.fd_, -1)), ssl_(std::move(other.ssl_)) {}
  Link& operator=(Link&&) = delete;

  int descriptor() const { return fd_; }
  bool tls() const { return ssl_ != nullptr; }

  /// Sends a request and reads the head of its answer, which has to have `status`.
  void ask(const std::string& request, std::string_view status) {
    if (send(request.data(), request.size()) != static_cast<ssize_t>(request.size()))
      throw std::runtime_error("cannot ask");
    std::string head;
    for (char one = 0; !head.ends_with("\r\n\r\n"); head += one)
      if (receive(&one, 1) != 1) throw std::runtime_error("no answer");
    if (head.find(status) == std::string::npos) throw std::runtime_error("refused: " + head);
  }
  /// From now on what would wait returns -1.
  void do_not_wait() { fcntl(fd_, F_SETFL, O_NONBLOCK); }

  ssize_t send(const char* data, std::size_t size) {
    if (ssl_ != nullptr) return SSL_write(ssl_.get(), data, static_cast<int>(size));
    return ::send(fd_, data, size, MSG_NOSIGNAL);
  }
  ssize_t receive(char* into, std::size_t size) {
    if (ssl_ != nullptr) return SSL_read(ssl_.get(), into, static_cast<int>(size));
    return ::recv(fd_, into, size, 0);
  }
  /// Of plain links: throws away what is there.
  ssize_t discard(char* unused, std::size_t size) { return ::recv(fd_, unused, size, MSG_TRUNC); }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  int fd_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

/// Counts the body of an answer in chunks (RFC 9112 section 7.1).
class Chunks {
 public:
  /// What is to come of this chunk, with its line end; 0 = its head is next.
  std::size_t left() const { return left_; }
  /// Bytes of left() that nobody looked at. @return how many of them are of the body
  std::size_t skip(std::size_t bytes) {
    const std::size_t body = std::min(bytes, left_ - std::min<std::size_t>(left_, 2));
    left_ -= bytes;
    return body;
  }
  /// @return how many bytes of `piece` are of the body
  std::size_t count(std::string_view piece) {
    std::size_t body = 0;
    while (!piece.empty()) {
      if (left_ > 2) {  // the line end of a chunk is its last two bytes
        const std::size_t some = std::min(piece.size(), left_ - 2);
        body += some;
        left_ -= some;
        piece.remove_prefix(some);
      } else if (left_ > 0) {
        --left_;
        piece.remove_prefix(1);
      } else {
        take_size(piece.front());
        piece.remove_prefix(1);
      }
    }
    return body;
  }

 private:
  void take_size(char c) {
    if (c == '\n') {
      left_ = std::exchange(size_, 0) + 2;
    } else if (c != '\r') {
      size_ = size_ * 16 + static_cast<std::size_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
  }

  std::size_t left_ = 0;  // of the chunk, with its line end
  std::size_t size_ = 0;  // as far as it was read
};

}  // namespace camspan::bench
