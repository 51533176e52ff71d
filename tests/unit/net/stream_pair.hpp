/// Two ends of one loopback connection, for tests of streams.
#pragma once

#include <camspan/hal_tls.h>
#include <openssl/ssl.h>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "net/plain_stream.hpp"
#include "net/tls_stream.hpp"
#include "support/io_run.hpp"
#include "support/test_certificates.hpp"

namespace camspan::test {

struct FreeContext {
  void operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeContext>;

inline TlsContext server_context(const TestCertificates::Pair& pair, const char* alpn = "h2,http/1.1") {
  hal_tls_options options{nullptr, pair.cert_file.c_str(), pair.key_file.c_str(), alpn, 0};
  char why[512] = "";
  TlsContext context(hal_tls_context(HAL_TLS_SERVER, &options, why, sizeof why));
  if (context == nullptr) throw std::runtime_error(why);
  return context;
}

inline TlsContext client_context(const std::string& ca_file, const char* alpn = "h2") {
  hal_tls_options options{ca_file.c_str(), nullptr, nullptr, alpn, 1};
  char why[512] = "";
  TlsContext context(hal_tls_context(HAL_TLS_CLIENT, &options, why, sizeof why));
  if (context == nullptr) throw std::runtime_error(why);
  return context;
}

/// A listening socket on 127.0.0.1 whose connections a test takes by hand.
class Listener {
 public:
  explicit Listener(net::IoThread& thread) : acceptor_(thread.executor()) {
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    acceptor_.open(any.protocol());
    acceptor_.bind(any);
    acceptor_.listen();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  asio::awaitable<asio::ip::tcp::socket> accept() { return acceptor_.async_accept(asio::use_awaitable); }

 private:
  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace camspan::test
