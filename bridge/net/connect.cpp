#include "net/connect.hpp"

#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "net/happy_eyeballs.hpp"
#include "net/lookup.hpp"
#include "net/plain_stream.hpp"
#include "net/tls_stream.hpp"
#include "net/tunnel.hpp"
#include "net/watchdog.hpp"

namespace camspan::net {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

asio::awaitable<tl::expected<std::unique_ptr<ByteStream>, Failure>> start_tls(asio::ip::tcp::socket socket,
                                                                              const ConnectOptions& options,
                                                                              Clock::time_point deadline) {
  const auto executor = socket.get_executor();
  auto stream = TlsStream::client(std::move(socket), options.tls, options.host, options.port);
  if (!stream) co_return tl::unexpected<Failure>(std::move(stream.error()));
  Watchdog watchdog(executor, **stream);
  watchdog.arm(std::max(std::chrono::milliseconds(0), -since(deadline)));
  auto shaken = co_await (*stream)->handshake();
  if (!shaken && watchdog.fired())
    co_return tl::unexpected<Failure>(
        {Errc::timed_out, options.host + ':' + std::to_string(options.port) +
                              " accepts connections, but did not finish the TLS handshake within " +
                              std::to_string(options.timeout.count()) +
                              " ms. Check that it is the TLS port and that the server is not overloaded."});
  if (!shaken) co_return tl::unexpected<Failure>(std::move(shaken.error()));
  co_return std::unique_ptr<ByteStream>(std::move(*stream));
}

}  // namespace

asio::awaitable<tl::expected<Connected, Failure>> connect(ConnectOptions options) {
  const auto start = Clock::now();
  const auto deadline = start + options.timeout;
  Connected connected;

  ConnectOptions first = options;  // where TCP goes
  if (options.proxy) {
    first.host = options.proxy->host;
    first.port = options.proxy->port;
  }
  auto addresses = co_await look_up(first, deadline);
  if (!addresses) co_return tl::unexpected<Failure>(std::move(addresses.error()));
  connected.times.resolve = since(start);

  const auto tcp_start = Clock::now();
  auto socket = co_await happy_eyeballs(*addresses, first, deadline);
  if (!socket) co_return tl::unexpected<Failure>(std::move(socket.error()));
  if (options.proxy) {
    auto tunnel = co_await open_tunnel(*socket, options, deadline);
    if (!tunnel) co_return tl::unexpected<Failure>(std::move(tunnel.error()));
  }
  connected.times.tcp = since(tcp_start);

  if (options.tls == nullptr) {
    connected.stream = std::make_unique<PlainStream>(std::move(*socket));
    co_return connected;
  }
  const auto tls_start = Clock::now();
  auto stream = co_await start_tls(std::move(*socket), options, deadline);
  if (!stream) co_return tl::unexpected<Failure>(std::move(stream.error()));
  connected.stream = std::move(*stream);
  connected.times.tls = since(tls_start);
  co_return connected;
}

}  // namespace camspan::net
