/// A server that gives what a client writes to all of them: the WebSocket streams of the library, as a program.
///   ws_fanout PORT [CERT KEY]
#include <camspan/hal_tls.h>
#include <signal.h>
#include <sys/resource.h>
#include <cstdlib>
#include <iostream>

#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "net/ws_streams.hpp"

namespace {

using namespace camspan;

constexpr std::size_t kMaxClients = 20000;

class Relay final : public net::WsStreamsUser {
 public:
  explicit Relay(const asio::any_io_executor& executor) : streams_(executor, *this, settings()) {}

  asio::awaitable<void> serve(net::HttpExchange& exchange) { return streams_.serve(exchange); }

  asio::awaitable<bool> accept(const net::RequestHead&) override { co_return true; }
  void connected(net::ClientId) override {}
  void disconnected(net::ClientId) override {}
  void requested(net::StreamRequest request) override {
    const auto value = std::make_shared<const Bytes>(std::move(request.data));
    streams_.send_all(
        ws_message::frame(ws_message::request_head({{}, "write", request.stream, {}}), ByteView(*value), value));
    request.answer({ws_message::Code::success, {}, {}});
  }

 private:
  static net::WsStreamsSettings settings() {
    net::WsStreamsSettings settings;
    settings.max_clients = kMaxClients;
    return settings;
  }

  net::WsStreams streams_;
};

ssl_ctx_st* tls_context(int argc, char** argv) {
  if (argc < 4) return nullptr;
  const hal_tls_options options{nullptr, argv[2], argv[3], "http/1.1", 0};
  char why[256];
  ssl_ctx_st* const made = hal_tls_context(HAL_TLS_SERVER, &options, why, sizeof why);
  if (made == nullptr) throw std::runtime_error(why);
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const rlimit many{kMaxClients + 100, kMaxClients + 100};
  setrlimit(RLIMIT_NOFILE, &many);
  ssl_ctx_st* const tls = tls_context(argc, argv);
  net::IoThread thread;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<net::HttpServer> server;
  thread.run([&] {
    relay = std::make_unique<Relay>(thread.executor());
    net::HttpServerLimits limits;
    limits.max_connections = kMaxClients;
    limits.max_websocket_message_bytes = 1 << 20;
    server = std::make_unique<net::HttpServer>(
        thread.executor(), [&](net::HttpExchange& exchange) { return relay->serve(exchange); }, limits);
    const auto bound = server->listen("127.0.0.1", static_cast<std::uint16_t>(std::atoi(argv[1])), tls);
    if (!bound) std::cerr << bound.error().sentence << '\n';
  });
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  int number = 0;
  sigwait(&ends, &number);
  std::_Exit(0);
}
