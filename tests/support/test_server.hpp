/// An HTTP server on its own I/O thread.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "support/io_run.hpp"

namespace camspan::test {

/// Listens on 127.0.0.1 at a free port until it is destroyed.
class TestServer {
 public:
  explicit TestServer(net::HttpServer::Handler handler, net::HttpServerLimits limits = {}, ssl_ctx_st* tls = nullptr) {
    thread_.run([&] {
      server_ = std::make_unique<net::HttpServer>(thread_.executor(), std::move(handler), limits);
      auto bound = server_->listen("127.0.0.1", 0, tls);
      if (!bound) throw std::runtime_error(bound.error().sentence);
      address_ = *bound;
    });
  }
  ~TestServer() {
    thread_.run([this] { server_.reset(); });
  }

  const std::string& address() const { return address_; }
  std::uint16_t port() const { return static_cast<std::uint16_t>(std::stoi(address_.substr(address_.rfind(':') + 1))); }
  net::IoThread& thread() { return thread_; }
  /// On thread() only.
  net::HttpServer& server() { return *server_; }
  net::HttpServerStats stats() {
    net::HttpServerStats stats;
    thread_.run([&] { stats = server_->stats(); });
    return stats;
  }
  /// Waits until `condition` holds for the statistics. @return whether it does
  template <class Condition>
  bool wait_for(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition(stats())) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  net::IoThread thread_{"test-server"};
  std::unique_ptr<net::HttpServer> server_;
  std::string address_;
};

}  // namespace camspan::test
