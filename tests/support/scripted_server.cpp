#include "support/scripted_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace camspan::test {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr std::size_t kPrefaceBytes = 24;
constexpr std::size_t kFrameHeaderBytes = 9;

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, kPatienceMs) > 0;
}

}  // namespace

void ScriptedServer::Line::send(const H2Frames& frames) const {
  ByteView rest = frames.bytes();
  while (!rest.empty()) {
    const ssize_t count = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count <= 0) return;  // the client has gone: its side of the test tells why
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
}

bool ScriptedServer::Line::fill(std::size_t bytes) {
  std::array<std::byte, 16384> piece;
  while (buffer_.size() < bytes) {
    if (!readable(fd_)) return false;
    const ssize_t count = recv(fd_, piece.data(), piece.size(), 0);
    if (count <= 0) return false;
    buffer_.insert(buffer_.end(), piece.begin(), piece.begin() + count);
  }
  return true;
}

std::optional<H2Frame> ScriptedServer::Line::read() {
  if (!preface_read_) {
    if (!fill(kPrefaceBytes)) return std::nullopt;
    buffer_.erase(buffer_.begin(), buffer_.begin() + kPrefaceBytes);
    preface_read_ = true;
  }
  if (!fill(kFrameHeaderBytes)) return std::nullopt;
  const std::size_t size = kFrameHeaderBytes + static_cast<std::size_t>(load_be<3>(buffer_.data()));
  if (!fill(size)) return std::nullopt;
  H2Frame frame = parse_frames(ByteView(buffer_).first(size)).front();
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  return frame;
}

std::optional<H2Frame> ScriptedServer::Line::read_until(std::uint8_t type) {
  for (;;) {
    auto frame = read();
    if (!frame || frame->type == type) return frame;
  }
}

bool ScriptedServer::Line::read_byte() {
  std::byte byte;
  return readable(fd_) && recv(fd_, &byte, 1, 0) == 1;
}

bool ScriptedServer::Line::closed(std::chrono::milliseconds patience) const {
  pollfd wait{fd_, POLLRDHUP, 0};
  return poll(&wait, 1, static_cast<int>(patience.count())) > 0;
}

void ScriptedServer::Line::wait_for_close() const {
  closed(std::chrono::milliseconds(kPatienceMs));
}

void ScriptedServer::Line::end() {
  shutdown(fd_, SHUT_WR);
  while (read()) {
  }
}

void ScriptedServer::Line::greet(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings) {
  send(H2Frames().settings(settings).settings_ack());
}

Bytes ScriptedServer::Line::read_body() {
  Bytes body;
  for (;;) {
    const auto frame = read();
    if (!frame) return body;
    if (frame->type != H2Frames::data_type) continue;
    body.insert(body.end(), frame->payload.begin(), frame->payload.end());
    if ((frame->flags & H2Frames::kEndStream) != 0) return body;
    if (!frame->payload.empty()) send(H2Frames().window_update(0, static_cast<std::uint32_t>(frame->payload.size())));
  }
}

Bytes ScriptedServer::Line::accept_upload(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings) {
  greet(settings);
  Bytes body = read_body();
  send(H2Frames().headers(1, {{":status", "200"}}, true));
  wait_for_close();
  return body;
}

struct ScriptedServer::Impl {
  Script script;
  int listener = -1;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::condition_variable changed;
  struct Connection {
    int fd;  // -1 = served
    std::thread thread;
  };
  std::deque<Connection> connections;
  bool ending = false;
  std::thread thread;

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex);
      if (ending) {
        close(fd);
        return;
      }
      const std::size_t index = connections.size();
      connections.push_back({fd, std::thread([this, index, fd] { serve(index, fd); })});
    }
  }
  void serve(std::size_t index, int fd) {
    Line line(fd);
    script(index, line);
    const std::lock_guard lock(mutex);
    connections[index].fd = -1;
    close(fd);
    changed.notify_all();
  }
};

ScriptedServer::ScriptedServer(Script script) : impl_(std::make_unique<Impl>()) {
  impl_->script = std::move(script);
  impl_->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // Small, so that a script that does not read is noticed by its client soon.
  const int buffer = 16384;
  setsockopt(impl_->listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(impl_->listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(impl_->listener, 8) != 0 ||
      getsockname(impl_->listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen on the loopback");
  impl_->port = ntohs(address.sin_port);
  impl_->thread = std::thread([impl = impl_.get()] { impl->accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
    for (const Impl::Connection& connection : impl_->connections)
      if (connection.fd >= 0) shutdown(connection.fd, SHUT_RDWR);
  }
  shutdown(impl_->listener, SHUT_RDWR);
  impl_->thread.join();
  for (Impl::Connection& connection : impl_->connections) connection.thread.join();
  close(impl_->listener);
}

std::string ScriptedServer::address() const {
  return "127.0.0.1:" + std::to_string(impl_->port);
}
bool ScriptedServer::wait_served(std::size_t connection, std::chrono::milliseconds patience) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(
      lock, patience, [&] { return impl_->connections.size() > connection && impl_->connections[connection].fd < 0; });
}

}  // namespace camspan::test
