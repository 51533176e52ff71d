#pragma once

#include <camspan/hal_tls.h>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

namespace camspan::test {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

/// A context, or an exception with the sentence.
inline ContextPtr make_context(int role, const hal_tls_options& options) {
  std::array<char, 1024> why{};
  ContextPtr context(hal_tls_context(role, &options, why.data(), why.size()), SSL_CTX_free);
  if (context == nullptr) throw std::runtime_error(why.data());
  return context;
}

/// A client and a server on the two ends of a socket pair, driven by turns on one thread.
class TlsPair {
 public:
  TlsPair(SSL_CTX* client, SSL_CTX* server, const char* host, uint16_t port = 443) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()) != 0)
      throw std::runtime_error("no socket pair");
    client_.reset(SSL_new(client));
    server_.reset(SSL_new(server));
    SSL_set_fd(client_.get(), fds_[0]);
    SSL_set_fd(server_.get(), fds_[1]);
    SSL_set_accept_state(server_.get());
    if (hal_tls_prepare_client(client_.get(), host, port) != 0) throw std::runtime_error("not prepared");
  }
  ~TlsPair() {
    for (const int fd : fds_) close(fd);
  }
  TlsPair(const TlsPair&) = delete;
  TlsPair& operator=(const TlsPair&) = delete;

  /// Shakes hands, then sends a byte each way, which also carries the TLS 1.3 tickets and the server's late refusal of
  /// a client certificate. @return "" or the first error.
  std::string run() {
    drive([](SSL* ssl) { return SSL_do_handshake(ssl); });
    if (error_.empty()) drive([](SSL* ssl) { return SSL_write(ssl, "x", 1); });
    char byte = 0;
    if (error_.empty()) drive([&byte](SSL* ssl) { return SSL_read(ssl, &byte, 1); });
    return error_;
  }

  SSL* client() const { return client_.get(); }
  SSL* server() const { return server_.get(); }
  bool resumed() const { return SSL_session_reused(client()) == 1 && SSL_session_reused(server()) == 1; }
  std::string verify_result() const { return X509_verify_cert_error_string(SSL_get_verify_result(client())); }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  template <class Step>
  void drive(Step step) {
    bool client_done = false;
    bool server_done = false;
    // A handshake takes three flights; each turn moves at least one.
    for (int turn = 0; turn < 20 && !(client_done && server_done); ++turn) {
      client_done = client_done || done(client(), step);
      server_done = server_done || done(server(), step);
      if (!error_.empty()) return;
    }
    if (!(client_done && server_done)) error_ = "stuck";
  }

  template <class Step>
  bool done(SSL* ssl, Step step) {
    ERR_clear_error();
    const int result = step(ssl);
    if (result > 0) return true;
    const int error = SSL_get_error(ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    if (error_.empty()) error_ = reason != nullptr ? reason : "no reason";
    return false;
  }

  std::array<int, 2> fds_{-1, -1};
  std::unique_ptr<SSL, FreeSsl> client_;
  std::unique_ptr<SSL, FreeSsl> server_;
  std::string error_;
};

}  // namespace camspan::test
