/// An HTTP/2 client and a server link over loopback TCP, on one thread.
#pragma once

#include <gtest/gtest.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <string>

#include "net/h2_client.hpp"
#include "net/h2_link.hpp"
#include "net/plain_stream.hpp"

namespace camspan::test {

class H2Loopback {
 public:
  asio::io_context io{1};
  net::HttpServer::Handler handler;
  net::HttpServerLimits limits;
  net::H2ClientOptions options;
  net::H2ServerControl control;
  std::unique_ptr<net::H2Client> client;
  bool server_done = false;

  /// Both ends of a TCP connection on 127.0.0.1.
  std::pair<asio::ip::tcp::socket, asio::ip::tcp::socket> connect() {
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket from(io);
    asio::ip::tcp::socket to(io);
    from.connect(acceptor.local_endpoint());
    acceptor.accept(to);
    return {std::move(from), std::move(to)};
  }
  void start_server(asio::ip::tcp::socket socket) {
    asio::co_spawn(io, serve(std::make_unique<net::PlainStream>(std::move(socket))), asio::detached);
  }
  void start() {
    auto [from, to] = connect();
    start_server(std::move(to));
    client = net::H2Client::create(std::make_unique<net::PlainStream>(std::move(from)), options);
  }
  /// Runs `test` to its end, at most 20 s; then lets the rest end.
  void run(asio::awaitable<void> test) {
    bool done = false;
    asio::co_spawn(io, finish(std::move(test), done), asio::detached);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done && std::chrono::steady_clock::now() < limit && io.run_one_for(std::chrono::seconds(1)) != 0) {
    }
    EXPECT_TRUE(done) << "the test did not come to its end";
    client.reset();
    control.abort();
    io.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(server_done);
  }

 private:
  asio::awaitable<void> serve(std::unique_ptr<net::ByteStream> stream) {
    co_await net::H2ServerLink::run(std::move(stream), {}, handler, limits, control);
    server_done = true;
  }
  static asio::awaitable<void> finish(asio::awaitable<void> test, bool& done) {
    try {
      co_await std::move(test);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    done = true;
  }
};

}  // namespace camspan::test
