#include "lan_discovery.hpp"

#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/udp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>

#include "core/log.hpp"

namespace camspan::iv {
namespace {

using asio::ip::udp;

/// The address of this host that goes out to `there`; nothing is sent.
std::string own_address_towards(const udp::endpoint& there, const asio::any_io_executor& executor) {
  asio::error_code error;
  udp::socket probe(executor);
  probe.connect(there, error);
  const auto own = probe.local_endpoint(error);
  return error ? std::string() : own.address().to_string();
}

}  // namespace

/// I/O thread only.
class LanDiscovery::Socket {
 public:
  Socket(const asio::any_io_executor& executor, LanName who, Place place)
      : socket_(executor), who_(std::move(who)), place_(std::move(place)) {}

  asio::error_code bind(std::uint16_t port) {
    // Broadcasts come to a socket of all addresses alone.
    const bool here = place_.address.starts_with("127.");
    const auto address = here ? asio::ip::address_v4::loopback() : asio::ip::address_v4::any();
    asio::error_code error;
    socket_.open(udp::v4(), error);
    if (!error) socket_.bind({address, port}, error);
    return error;
  }
  void close() {
    asio::error_code ignored;
    socket_.close(ignored);
  }

  static asio::awaitable<void> serve(std::shared_ptr<Socket> self) {
    std::array<std::byte, kLanHeadBytes + kMaxLanBytes + 1> datagram{};
    udp::endpoint from;
    for (;;) {
      asio::error_code error;
      const auto buffer = asio::buffer(datagram.data(), datagram.size());
      auto token = asio::redirect_error(asio::use_awaitable, error);
      const std::size_t size = co_await self->socket_.async_receive_from(buffer, from, std::move(token));
      // An ICMP error of an earlier answer may come here; only a closed socket ends it.
      if (!self->socket_.is_open()) co_return;
      if (!error) self->answer(ByteView(datagram).first(size), from);
    }
  }

 private:
  void answer(ByteView datagram, const udp::endpoint& from) {
    const auto probe = read_lan_probe(datagram, who_);
    if (!probe) return;
    const std::string address =
        place_.address.empty() ? own_address_towards(from, socket_.get_executor()) : place_.address;
    if (address.empty()) return;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const Bytes answer = lan_answer(*probe, who_, address, place_.port,
                                    std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    asio::error_code ignored;  // it asks again
    socket_.send_to(asio::buffer(answer.data(), answer.size()), from, 0, ignored);
  }

  udp::socket socket_;
  const LanName who_;
  const Place place_;
};

std::unique_ptr<LanDiscovery> LanDiscovery::start(LanName who, Place place, std::uint16_t port) {
  auto io = net::IoThread::shared();
  std::shared_ptr<Socket> socket;
  asio::error_code error;
  io->run([&] {
    socket = std::make_shared<Socket>(io->executor(), std::move(who), std::move(place));
    error = socket->bind(port);
    if (!error) asio::co_spawn(io->executor(), Socket::serve(socket), asio::detached);
  });
  if (error) {
    log::error("iv", "LAN discovery cannot listen on UDP port ", port, ": ", error.message());
    io->run([&] { socket.reset(); });
    return nullptr;
  }
  return std::unique_ptr<LanDiscovery>(new LanDiscovery(std::move(io), std::move(socket)));
}

LanDiscovery::LanDiscovery(std::shared_ptr<net::IoThread> io, std::shared_ptr<Socket> socket)
    : io_(std::move(io)), socket_(std::move(socket)) {}

LanDiscovery::~LanDiscovery() {
  io_->run([this] {
    socket_->close();
    socket_.reset();
  });
}

}  // namespace camspan::iv
