#include "proto/rtc/dtls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>
#include <algorithm>
#include <array>

#include "proto/rtc/dtls_callbacks.hpp"

namespace camspan::rtc {
namespace {

// A lost flight costs this much, not the second that RFC 6347 begins with: a ClientHello is often lost because the
// other side has no path yet.
constexpr unsigned kFirstTimeout_us = 100'000;
constexpr unsigned kLongestTimeout_us = 3'000'000;
constexpr std::size_t kMaxRecord = 16384;  // RFC 6347 section 4.1: 2^14

unsigned longer_timeout(SSL* /*ssl*/, unsigned timeout_us) noexcept {
  return timeout_us == 0 ? kFirstTimeout_us : std::min(timeout_us * 2, kLongestTimeout_us);
}

struct FreeSsl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

}  // namespace

struct Dtls::Impl {
  Result<> handshake();
  Result<> read(const Received& received);
  std::error_code why_over(int result);

  std::shared_ptr<const Certificate> certificate;
  FingerprintCheck check;
  std::unique_ptr<SSL, FreeSsl> ssl;
  ByteView input;  // the datagram being fed, until OpenSSL has read it
  Datagrams output;
  bool connected = false;
  bool over = false;
};

namespace {

// One read is one datagram, one write is one datagram.
int bio_read(BIO* bio, char* into, int size) noexcept {
  auto& input = *static_cast<ByteView*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t taken = std::min(input.size(), static_cast<std::size_t>(size));
  std::copy_n(input.data(), taken, reinterpret_cast<std::byte*>(into));
  input = {};
  return static_cast<int>(taken);
}

int bio_write(BIO* bio, const char* data, int size) noexcept {
  auto& output = *static_cast<Datagrams*>(BIO_get_data(bio));
  output.append(ByteView(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)));
  return size;
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    default:
      return 0;
  }
}

BIO_METHOD* bio_method(const char* name) {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, name);
  BIO_meth_set_read(method, &bio_read);
  BIO_meth_set_write(method, &bio_write);
  BIO_meth_set_ctrl(method, &bio_control);
  return method;
}

BIO* make_bio(void* data) {
  static BIO_METHOD* const method = bio_method("camspan datagrams");
  BIO* bio = BIO_new(method);
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, data);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace

int verify_by_fingerprint(x509_store_ctx_st* store, void* /*unused*/) noexcept {
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& check = *static_cast<FingerprintCheck*>(SSL_get_app_data(ssl));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const X509* certificate = X509_STORE_CTX_get0_cert(store);
  const bool same = certificate != nullptr && X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1 &&
                    size == check.remote.sha256.size() &&
                    std::ranges::equal(std::as_bytes(std::span(digest).first(size)), check.remote.sha256);
  check.failed = !same;
  X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return same ? 1 : 0;
}

std::error_code Dtls::Impl::why_over(int result) {
  over = true;
  if (check.failed) return Errc::tls_untrusted;
  return SSL_get_error(ssl.get(), result) == SSL_ERROR_ZERO_RETURN ? Errc::closed : Errc::tls_failed;
}

Result<> Dtls::Impl::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl.get());
  if (result == 1) {
    connected = true;
    return {};
  }
  if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) return {};
  return fail(why_over(result));
}

Result<> Dtls::Impl::read(const Received& received) {
  std::array<std::byte, kMaxRecord> content;
  for (;;) {
    ERR_clear_error();
    const int result = SSL_read(ssl.get(), content.data(), static_cast<int>(content.size()));
    if (result > 0) {
      received(ByteView(content).first(static_cast<std::size_t>(result)));
      continue;
    }
    if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) return {};
    return fail(why_over(result));
  }
}

Dtls::Dtls(std::shared_ptr<const Certificate> certificate, Role role, const Fingerprint& remote,
           std::size_t max_datagram)
    : impl_(std::make_unique<Impl>()) {
  impl_->certificate = std::move(certificate);
  impl_->check.remote = remote;
  impl_->ssl.reset(SSL_new(impl_->certificate->context()));
  SSL* ssl = impl_->ssl.get();
  if (ssl == nullptr) throw std::bad_alloc();
  SSL_set_app_data(ssl, &impl_->check);
  SSL_set0_rbio(ssl, make_bio(&impl_->input));
  SSL_set0_wbio(ssl, make_bio(&impl_->output));
  SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(ssl, static_cast<long>(max_datagram));
  DTLS_set_timer_cb(ssl, &longer_timeout);
  if (role == Role::client)
    SSL_set_connect_state(ssl);
  else
    SSL_set_accept_state(ssl);
}

Dtls::~Dtls() = default;

Result<> Dtls::start() {
  return impl_->handshake();
}

Result<> Dtls::feed(ByteView datagram, const Received& received) {
  if (impl_->over) return fail(Errc::closed);
  impl_->input = datagram;
  Result<> result;
  if (!impl_->connected) result = impl_->handshake();
  if (result && impl_->connected) result = impl_->read(received);
  impl_->input = {};
  return result;
}

Result<> Dtls::send(ByteView content) {
  if (!impl_->connected || impl_->over) return fail(Errc::closed);
  ERR_clear_error();
  const int result = SSL_write(impl_->ssl.get(), content.data(), static_cast<int>(content.size()));
  if (result > 0) return {};
  return fail(impl_->why_over(result));
}

void Dtls::close() {
  if (!impl_->connected || impl_->over) return;
  impl_->over = true;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
}

bool Dtls::connected() const {
  return impl_->connected;
}

std::optional<TimePoint> Dtls::next_timeout(TimePoint now) const {
  timeval left{};
  if (impl_->over || DTLSv1_get_timeout(impl_->ssl.get(), &left) != 1) return std::nullopt;
  return now + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

Result<> Dtls::on_timeout() {
  if (impl_->over) return {};
  ERR_clear_error();
  if (DTLSv1_handle_timeout(impl_->ssl.get()) >= 0) return {};
  impl_->over = true;
  return fail(Errc::timed_out);
}

Datagrams& Dtls::output() {
  return impl_->output;
}

}  // namespace camspan::rtc
