#include "proto/rtc/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "proto/rtc/dtls_callbacks.hpp"

namespace camspan::rtc {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;

constexpr long kDay = 24 * 60 * 60;
// What browsers offer, of these the fastest for the processors of cameras first. RSA is for peers whose key is one.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

X509Ptr self_signed(EVP_PKEY* key) {
  X509Ptr certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  // A camera's clock may never have been set, so the dates reach far in both directions.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3650 * kDay);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>("camspan");
  if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) != 1) return nullptr;
  if (X509_set_issuer_name(certificate.get(), name) != 1 || X509_set_pubkey(certificate.get(), key) != 1)
    return nullptr;
  if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

bool set_up(SSL_CTX* context, X509* certificate, EVP_PKEY* key) {
  SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
  // The path's MTU is set by us; tickets and sessions would be memory that nobody comes back to.
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &verify_by_fingerprint, nullptr);
  // GStreamer's webrtcbin ends a handshake that leaves the keys of media out, though there is none. The profile is the
  // one that RFC 8827 section 6.5 makes everybody support. 0 is success.
  if (SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80") != 0) return false;
  return SSL_CTX_set_cipher_list(context, kCiphers) == 1 && SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
         SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

bool is_p256(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
}

}  // namespace

Certificate::~Certificate() = default;

void Certificate::FreeContext::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

Result<std::shared_ptr<const Certificate>> Certificate::from(x509_st* certificate, evp_pkey_st* key) {
  std::shared_ptr<Certificate> made(new Certificate);
  made->context_.reset(SSL_CTX_new(DTLS_method()));
  if (made->context_ == nullptr || !set_up(made->context_.get(), certificate, key)) return fail(Errc::tls_failed);
  auto* digest = reinterpret_cast<unsigned char*>(made->fingerprint_.sha256.data());
  if (X509_digest(certificate, EVP_sha256(), digest, nullptr) != 1) return fail(Errc::tls_failed);
  return made;
}

Result<std::shared_ptr<const Certificate>> Certificate::make() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return fail(Errc::tls_failed);
  const X509Ptr certificate = self_signed(key.get());
  if (certificate == nullptr) return fail(Errc::tls_failed);
  return from(certificate.get(), key.get());
}

Result<std::shared_ptr<const Certificate>> Certificate::from_pem(std::string_view pem) {
  const auto size = static_cast<int>(pem.size());
  const std::unique_ptr<BIO, Free> first(BIO_new_mem_buf(pem.data(), size));
  const std::unique_ptr<BIO, Free> second(BIO_new_mem_buf(pem.data(), size));
  if (first == nullptr || second == nullptr) return fail(Errc::tls_failed);
  const X509Ptr certificate(PEM_read_bio_X509(first.get(), nullptr, nullptr, nullptr));
  const KeyPtr key(PEM_read_bio_PrivateKey(second.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr || key == nullptr || !is_p256(key.get())) return fail(Errc::bad_setting);
  auto made = from(certificate.get(), key.get());
  if (!made) return fail(Errc::bad_setting);
  return made;
}

void RenewedCertificate::renew(TimePoint now) {
  if (now - since_ < kLife) return;
  since_ = now;
  if (auto made = Certificate::make()) current_ = std::move(*made);
}

}  // namespace camspan::rtc
