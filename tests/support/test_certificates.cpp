#include "support/test_certificates.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace camspan::test {
namespace {

constexpr long kDay = 24 * 60 * 60;

void need(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("test certificates: ") + what);
}

std::shared_ptr<EVP_PKEY> make_key() {
  std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  need(key != nullptr, "no key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
  need(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

/// "DNS:hub.test,IP:127.0.0.1"
std::string subject_alt_name(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    std::array<unsigned char, 16> address{};
    const bool is_address =
        inet_pton(AF_INET, name.c_str(), address.data()) == 1 || inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
    list += (list.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  return list;
}

using File = std::unique_ptr<FILE, decltype(&fclose)>;

File open(const std::string& path) {
  File file(fopen(path.c_str(), "w"), fclose);
  need(file != nullptr, path.c_str());
  return file;
}

}  // namespace

struct TestCertificates::Request {
  std::string common_name;
  std::vector<std::string> names;
  std::string usage;  // extendedKeyUsage; empty for an authority
  long from_s = -kDay;
  long until_s = 30 * kDay;
};

TestCertificates::TestCertificates() : ca_key_(make_key()) {
  ca_ = make({.common_name = "Camspan test authority", .names = {}, .usage = {}}, ca_key_);
  need(PEM_write_X509(open(ca_file()).get(), ca_.get()) == 1, "cannot write the authority");
}

TestCertificates::~TestCertificates() = default;

TestCertificates::Pair TestCertificates::server(const std::vector<std::string>& names) {
  return issue({.common_name = names.at(0), .names = names, .usage = "serverAuth"});
}

TestCertificates::Pair TestCertificates::expired(const std::vector<std::string>& names) {
  return issue(
      {.common_name = names.at(0), .names = names, .usage = "serverAuth", .from_s = -2 * kDay, .until_s = -kDay});
}

TestCertificates::Pair TestCertificates::client(const std::string& common_name) {
  return issue({.common_name = common_name, .names = {}, .usage = "clientAuth"});
}

TestCertificates::Certificate TestCertificates::make(const Request& request, const Key& key) const {
  Certificate certificate(X509_new(), X509_free);
  X509* x = certificate.get();
  need(x != nullptr, "no certificate");
  X509_set_version(x, X509_VERSION_3);
  unsigned serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), uint64_t{serial} + 1);
  X509_gmtime_adj(X509_getm_notBefore(x), request.from_s);
  X509_gmtime_adj(X509_getm_notAfter(x), request.until_s);
  X509_set_pubkey(x, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.common_name.c_str()), -1, -1, 0);

  X509* issuer = ca_ != nullptr ? ca_.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(issuer));
  add_extension(x, issuer, NID_subject_key_identifier, "hash");
  if (request.usage.empty()) {
    add_extension(x, issuer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    add_extension(x, issuer, NID_authority_key_identifier, "keyid");
    add_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(x, issuer, NID_ext_key_usage, request.usage);
  }
  if (!request.names.empty()) add_extension(x, issuer, NID_subject_alt_name, subject_alt_name(request.names));
  need(X509_sign(x, ca_key_.get(), EVP_sha256()) > 0, "cannot sign");
  return certificate;
}

TestCertificates::Pair TestCertificates::issue(const Request& request) {
  const Key key = make_key();
  const Certificate certificate = make(request, key);
  const std::string stem = "issued-" + std::to_string(++issued_);
  const Pair pair{folder_.file(stem + ".pem"), folder_.file(stem + ".key")};
  need(PEM_write_X509(open(pair.cert_file).get(), certificate.get()) == 1, "cannot write a certificate");
  need(PEM_write_PrivateKey(open(pair.key_file).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "cannot write a key");
  return pair;
}

}  // namespace camspan::test
