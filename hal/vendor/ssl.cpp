/// HAL_SSL_*: TLS on a socket of HAL_TCP_*, certificates verified.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include "camspan/hal_tls.h"
#include "defaults.hpp"
#include "iot_import.h"
#include "wait.hpp"

namespace camspan::linkkit {
namespace {

constexpr int kHandshakeMs = 10000;
constexpr int kClosed = -1;
constexpr int kBroken = -2;

struct Free {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

/// OpenSSL writes to the socket as to a file: a peer that is gone would end the program.
class QuietPipe {
 public:
  QuietPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~QuietPipe() {
    const timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  QuietPipe(const QuietPipe&) = delete;
  QuietPipe& operator=(const QuietPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

struct Connection {
  std::unique_ptr<SSL_CTX, Free> context;
  std::unique_ptr<SSL, Free> ssl;
  int fd = -1;

  ~Connection() {
    if (fd >= 0) camspan_hal_tcp_destroy(static_cast<std::uintptr_t>(fd));
  }
};

/// Trusts what is in the PEM text, and nothing else. @return false if there is no certificate in it
bool trust_only(SSL_CTX* context, const char* pem, std::size_t size) {
  const std::unique_ptr<BIO, Free> text(BIO_new_mem_buf(pem, static_cast<int>(size)));
  X509_STORE* const store = X509_STORE_new();
  if (!text || store == nullptr) return false;
  int count = 0;
  for (;;) {
    const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    count += X509_STORE_add_cert(store, certificate.get());
  }
  ERR_clear_error();
  SSL_CTX_set_cert_store(context, store);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return count > 0;
}

std::unique_ptr<SSL_CTX, Free> make_context(const char* ca, std::size_t ca_size) {
  hal_identity device{};
  static_cast<void>(hal()->identity(&device));
  hal_tls_options options{};
  options.ca_file = ca == nullptr ? device.ca_file : nullptr;
  options.alpn = "h2";
  options.verify = 1;
  std::array<char, 512> why{};
  std::unique_ptr<SSL_CTX, Free> context(hal_tls_context(HAL_TLS_CLIENT, &options, why.data(), why.size()));
  if (!context) hal()->log(HAL_LOG_ERROR, "linkkit", why.data());
  if (context && ca != nullptr && !trust_only(context.get(), ca, ca_size > 0 ? ca_size - 1 : 0)) return nullptr;
  return context;
}

/// What an operation of OpenSSL that did not succeed asks for. @return true to try again, false at the deadline or end
bool wait_as_asked(Connection& connection, int result, const Deadline& deadline, int& reason) {
  reason = SSL_get_error(connection.ssl.get(), result);
  if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return false;
  const bool ready = wait_for(connection.fd, reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline);
  if (!ready) reason = SSL_ERROR_NONE;  // time is up, nothing is wrong
  return ready;
}

int over(int reason) {
  return reason == SSL_ERROR_ZERO_RETURN ? kClosed : kBroken;
}

bool shake_hands(Connection& connection) {
  const Deadline deadline(kHandshakeMs);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(connection.ssl.get());
    if (result == 1) return true;
    int reason = 0;
    if (!wait_as_asked(connection, result, deadline, reason)) return false;
  }
}

std::unique_ptr<Connection> establish(const char* host, std::uint16_t port, const char* ca, std::size_t ca_size) {
  auto connection = std::make_unique<Connection>();
  connection->context = make_context(ca, ca_size);
  if (!connection->context) return nullptr;
  const std::uintptr_t fd = camspan_hal_tcp_establish(host, port);
  if (fd == static_cast<std::uintptr_t>(-1)) return nullptr;
  connection->fd = static_cast<int>(fd);
  connection->ssl.reset(SSL_new(connection->context.get()));
  if (!connection->ssl || SSL_set_fd(connection->ssl.get(), connection->fd) != 1 ||
      hal_tls_prepare_client(connection->ssl.get(), host, port) != 0 || !shake_hands(*connection))
    return nullptr;
  return connection;
}

}  // namespace
}  // namespace camspan::linkkit

using camspan::linkkit::Connection;
using camspan::linkkit::Deadline;

std::uintptr_t camspan_hal_ssl_establish(const char* host, std::uint16_t port, const char* ca,
                                         std::size_t ca_size) noexcept try {
  if (host == nullptr) return 0;
  const camspan::linkkit::QuietPipe quiet;
  return reinterpret_cast<std::uintptr_t>(camspan::linkkit::establish(host, port, ca, ca_size).release());
} catch (const std::exception&) {
  return 0;
}

std::int32_t camspan_hal_ssl_destroy(std::uintptr_t handle) noexcept {
  const std::unique_ptr<Connection> connection(reinterpret_cast<Connection*>(handle));
  if (!connection) return -1;
  const camspan::linkkit::QuietPipe quiet;
  ERR_clear_error();
  SSL_shutdown(connection->ssl.get());
  return 0;
}

std::int32_t camspan_hal_ssl_write(std::uintptr_t handle, const char* data, int size, int timeout_ms) noexcept {
  auto& connection = *reinterpret_cast<Connection*>(handle);
  const camspan::linkkit::QuietPipe quiet;
  const Deadline deadline(timeout_ms);
  int sent = 0;
  while (sent < size) {
    ERR_clear_error();
    const int count = SSL_write(connection.ssl.get(), data + sent, size - sent);
    int reason = SSL_ERROR_NONE;
    if (count > 0)
      sent += count;
    else if (!camspan::linkkit::wait_as_asked(connection, count, deadline, reason))
      return sent > 0 || reason == SSL_ERROR_NONE ? sent : camspan::linkkit::over(reason);
  }
  return sent;
}

std::int32_t camspan_hal_ssl_read(std::uintptr_t handle, char* data, int size, int timeout_ms) noexcept {
  auto& connection = *reinterpret_cast<Connection*>(handle);
  const Deadline deadline(timeout_ms);
  int got = 0;
  while (got < size) {
    ERR_clear_error();
    const int count = SSL_read(connection.ssl.get(), data + got, size - got);
    int reason = SSL_ERROR_NONE;
    if (count > 0)
      got += count;
    else if (!camspan::linkkit::wait_as_asked(connection, count, deadline, reason))
      return got > 0 || reason == SSL_ERROR_NONE ? got : camspan::linkkit::over(reason);
  }
  return got;
}

extern "C" {
std::uintptr_t HAL_SSL_Establish(const char*, std::uint16_t, const char*, std::size_t)
    __attribute__((weak, alias("camspan_hal_ssl_establish")));
std::int32_t HAL_SSL_Destroy(std::uintptr_t) __attribute__((weak, alias("camspan_hal_ssl_destroy")));
std::int32_t HAL_SSL_Write(std::uintptr_t, const char*, int, int) __attribute__((weak, alias("camspan_hal_ssl_write")));
std::int32_t HAL_SSL_Read(std::uintptr_t, char*, int, int) __attribute__((weak, alias("camspan_hal_ssl_read")));
}
