#include "hub/signal_route.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/device_credentials.hpp"
#include "hub/signal_socket.hpp"
#include "net/http_exchange.hpp"

namespace camspan::hub {
namespace {

// RFC 6455 section 7.4.1.
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicy = 1008;

tl::expected<DeviceId, Problem> admit(Devices& devices, const net::HttpExchange& exchange) {
  auto device = verify_device(devices, exchange.request().headers);
  if (device && !exchange.wants_websocket())
    return tl::unexpected(
        Problem{Cause::bad_request, "Devices open this address as a WebSocket (HTTP/1.1, RFC 6455).", {}, {}});
  if (!device && device.error().cause == Cause::bad_credentials)
    log::info("hub", "a device at ", exchange.request().peer, " had no valid credentials for /signal");
  return device;
}

}  // namespace

asio::awaitable<void> SignalRoute::handle(net::HttpExchange& exchange) {
  using namespace asio::experimental::awaitable_operators;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto device = admit(devices_, exchange);
  if (!device) {
    co_await send_problem(exchange, std::move(device.error()));
    co_return;
  }
  const auto link = co_await exchange.accept_websocket();
  if (!link) co_return;  // it has been answered
  exchange.connection().admit();
  SignalSocket socket(std::move(*device), **link, executor);
  if (ended_) socket.end(kGoingAway, "the hub is stopping");
  co_await (socket.send(steady_now() + times_.hello) && receive(socket));
  gone(socket);
}

asio::awaitable<void> SignalRoute::receive(SignalSocket& socket) {
  for (;;) {
    const auto message = co_await socket.read();
    if (!message) break;
    if (socket.ending()) continue;  // until it has closed as well
    const bool good = message->text && take(socket, as_text(message->data));
    if (!good) socket.end(kPolicy, "a message could not be understood");
  }
  socket.lost();
}

/// @return false for what no device of ours sends
bool SignalRoute::take(SignalSocket& socket, std::string_view text) {
  auto message = net::signal::parse(text);
  if (!message) {
    log::info("hub", socket.device.str(), " sent a message on /signal that is broken: ", message.error().message());
    return false;
  }
  if (const auto* hello = std::get_if<net::signal::Hello>(&*message)) {
    const auto named = DeviceId::parse(hello->device);
    if (!named || *named != socket.device) return false;
    greet(socket, *hello);
    return true;
  }
  if (!socket.greeted) return false;
  if (const auto* state = std::get_if<net::signal::State>(&*message))
    board_.set_signal_state(socket.device, state->viewers, state->bitrate);
  else
    sessions_.take(socket.device, std::move(*message));
  return true;
}

void SignalRoute::greet(SignalSocket& socket, const net::signal::Hello& hello) {
  std::optional<std::int64_t> clock_offset;
  if (const auto time = parse_utc(hello.time)) clock_offset = (*time - utc_now()).count();
  if (!std::exchange(socket.greeted, true)) {
    SignalSocket*& listed = sockets_[socket.device];
    if (listed != nullptr)
      listed->end(kNormal, "replaced by a newer connection of this device");
    else
      board_.signal_came(socket.device);
    listed = &socket;
    sessions_.keep_only(socket.device, hello.sessions);
    net::signal::Ready ready;
    ready.ice_servers = ice_(socket.device);
    ready.keepalive_ms = static_cast<unsigned>(times_.keepalive.count());
    socket.tell(ready);
    log::info("hub", socket.device.str(), " can be joined peer to peer (", hello.agent, ")");
  }
  board_.set_description(socket.device, hello.camera, clock_offset);
}

void SignalRoute::gone(SignalSocket& socket) {
  const auto listed = sockets_.find(socket.device);
  if (listed == sockets_.end() || listed->second != &socket) return;  // a newer one has its place
  sockets_.erase(listed);
  sessions_.camera_lost(socket.device);
  board_.signal_left(socket.device);
  log::info("hub", socket.device.str(), " has left /signal");
}

WhepCamera* SignalRoute::camera(const DeviceId& device) const {
  const auto listed = sockets_.find(device);
  return listed == sockets_.end() ? nullptr : listed->second;
}

void SignalRoute::end_of(const DeviceId& device) {
  const auto listed = sockets_.find(device);
  if (listed != sockets_.end()) listed->second->end(kPolicy, "the device was removed from this hub");
}

void SignalRoute::end_all() {
  ended_ = true;
  for (const auto& [device, socket] : sockets_) socket->end(kGoingAway, "the hub is stopping");
}

}  // namespace camspan::hub
