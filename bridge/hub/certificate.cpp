#include "hub/certificate.hpp"

#include <camspan/hal_tls.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <vector>

#include "core/log.hpp"
#include "hub/private_file.hpp"

namespace camspan::hub {
namespace {

template <auto Free>
struct Deleter {
  template <class Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

// As long as the longest that was ever allowed for public ones; browsers ask about a self-signed one in any case.
constexpr int kValidDays = 825;
constexpr int kRenewDays = 30;

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  // What may not stand in a DNS name does not go into the certificate.
  const std::string text(name.data());
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == std::string::npos
             ? text
             : "";
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate make_certificate(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  if (!certificate) return nullptr;
  X509* const raw = certificate.get();
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), serial.size()) != 1) return nullptr;
  serial[0] &= 0x7f;  // positive (RFC 5280 section 4.1.2.2)
  BIGNUM* const number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(raw));
  BN_free(number);
  X509_set_version(raw, 2);                          // version 3
  X509_gmtime_adj(X509_getm_notBefore(raw), -3600);  // a browser's clock may be behind
  X509_time_adj_ex(X509_getm_notAfter(raw), kValidDays, 0, nullptr);
  X509_set_pubkey(raw, key);
  X509_NAME* const name = X509_get_subject_name(raw);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(raw, name);
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (const std::string host = host_name(); !host.empty() && host != "localhost") names += ",DNS:" + host;
  const bool complete = add_extension(raw, NID_subject_alt_name, names) &&
                        add_extension(raw, NID_basic_constraints, "critical,CA:FALSE") &&
                        add_extension(raw, NID_ext_key_usage, "serverAuth") && X509_sign(raw, key, EVP_sha256()) > 0;
  return complete ? std::move(certificate) : nullptr;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

tl::expected<void, Failure> make_self_signed(const DataFolder& folder) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? make_certificate(key.get()) : nullptr;
  const Bio cert_pem(BIO_new(BIO_s_mem()));
  const Bio key_pem(BIO_new(BIO_s_mem()));
  if (!certificate || !cert_pem || !key_pem || PEM_write_bio_X509(cert_pem.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return tl::unexpected(
        Failure{Errc::tls_failed, "OpenSSL could not make a certificate: give one with --tls-cert and --tls-key."});
  std::error_code ignored;
  std::filesystem::remove(folder.certificate(), ignored);
  std::filesystem::remove(folder.certificate_key(), ignored);
  if (auto written = write_private_file(folder.certificate_key(), text_of(key_pem.get())); !written) return written;
  return write_private_file(folder.certificate(), text_of(cert_pem.get()));
}

Certificate read_certificate(const std::filesystem::path& file) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  return Certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

bool lasts(const X509* certificate) {
  int days = 0;
  int seconds = 0;
  return certificate && ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)) == 1 &&
         days >= kRenewDays;
}

}  // namespace

void FreeContext::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

Result<std::string> fingerprint(const std::filesystem::path& file) {
  const Certificate certificate = read_certificate(file);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1)
    return fail(Errc::malformed);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 4> hex{};
    std::snprintf(hex.data(), hex.size(), "%02X", digest[i]);
    text += (i == 0 ? "" : ":") + std::string(hex.data());
  }
  return text;
}

tl::expected<TlsContext, Failure> make_tls_context(const Config::Tls& config, const DataFolder& folder) {
  std::filesystem::path cert = config.cert;
  std::filesystem::path key = config.key;
  if (cert.empty()) {
    cert = folder.certificate();
    key = folder.certificate_key();
    std::error_code error;
    if (!lasts(read_certificate(cert).get()) || !std::filesystem::exists(key, error))
      if (auto made = make_self_signed(folder); !made) return tl::unexpected(made.error());
    if (const auto print = fingerprint(cert))
      log::info("hub", "self-signed certificate ", cert.string(), ", SHA-256 fingerprint ", *print,
                ". Browsers will ask about it once; give a real one with --tls-cert and --tls-key.");
  }
  const std::string cert_file = cert.string();
  const std::string key_file = key.string();
  const std::string ca_file = config.client_ca.string();
  hal_tls_options options{};
  options.cert_file = cert_file.c_str();
  options.key = key_file.c_str();
  options.alpn = "h2,http/1.1";
  options.ca_file = ca_file.c_str();
  options.verify = ca_file.empty() ? 0 : 1;
  std::array<char, 512> why{};
  TlsContext context(hal_tls_context(HAL_TLS_SERVER, &options, why.data(), why.size()));
  if (!context) return tl::unexpected(Failure{Errc::bad_setting, why.data()});
  // Devices may show a certificate; viewers have none.
  if (!ca_file.empty()) SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, SSL_CTX_get_verify_callback(context.get()));
  return context;
}

}  // namespace camspan::hub
