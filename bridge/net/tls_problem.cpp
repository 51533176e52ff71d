#include "net/tls_problem.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <asio/ip/address.hpp>
#include <memory>
#include <span>

#include "core/time.hpp"

namespace camspan::net {
namespace {

// More names of a certificate than these tell a user nothing.
constexpr int kMaxNames = 3;

/// Only printable ASCII: the text comes from a peer and goes to logs and terminals.
std::string printable(const ASN1_STRING* text) {
  if (text == nullptr) return {};
  std::string out;
  const auto* data = ASN1_STRING_get0_data(text);
  for (int i = 0; i < ASN1_STRING_length(text) && out.size() < 128; ++i)
    out += data[i] >= 0x20 && data[i] < 0x7f ? static_cast<char>(data[i]) : '?';
  return out;
}

std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  return at < 0 ? std::string{} : printable(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  const std::span bytes(ASN1_STRING_get0_data(address), static_cast<std::size_t>(ASN1_STRING_length(address)));
  asio::ip::address_v4::bytes_type four;
  asio::ip::address_v6::bytes_type sixteen;
  if (bytes.size() == four.size()) {
    std::copy(bytes.begin(), bytes.end(), four.begin());
    return asio::ip::address_v4(four).to_string();
  }
  if (bytes.size() != sixteen.size()) return "?";
  std::copy(bytes.begin(), bytes.end(), sixteen.begin());
  return asio::ip::address_v6(sixteen).to_string();
}

std::string names_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  std::string out;
  const int count = alternatives != nullptr ? sk_GENERAL_NAME_num(alternatives.get()) : 0;
  for (int i = 0, listed = 0; i < count && listed <= kMaxNames; ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (entry->type != GEN_DNS && entry->type != GEN_IPADD) continue;
    if (++listed > kMaxNames)
      out += ", ...";
    else
      out += (out.empty() ? "" : ", ") +
             (entry->type == GEN_DNS ? printable(entry->d.dNSName) : address_text(entry->d.iPAddress));
  }
  return out.empty() ? common_name(X509_get_subject_name(certificate)) : out;
}

std::string date_of(const ASN1_TIME* time) {
  tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown date";
  const auto seconds = std::chrono::seconds(timegm(&parts));
  return format_utc(UtcTime(seconds)).substr(0, 10);
}

std::string today() {
  return format_utc(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())).substr(0, 10);
}

int problem_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_verify(int accepted, X509_STORE_CTX* store) noexcept {
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* problem = static_cast<CertificateProblem*>(SSL_get_ex_data(ssl, problem_index()));
  if (accepted == 1 || problem == nullptr || problem->code != 0) return accepted;
  try {
    X509* leaf = X509_STORE_CTX_get0_cert(store);
    X509* at_fault = X509_STORE_CTX_get_current_cert(store);
    if (at_fault == nullptr) at_fault = leaf;
    problem->code = X509_STORE_CTX_get_error(store);
    problem->names = names_of(leaf);
    problem->issuer = common_name(X509_get_issuer_name(at_fault));
    problem->date = date_of(problem->code == X509_V_ERR_CERT_NOT_YET_VALID ? X509_get0_notBefore(at_fault)
                                                                           : X509_get0_notAfter(at_fault));
  } catch (const std::bad_alloc&) {
    // The code alone then has to do.
  }
  return accepted;
}

Failure certificate_failure(const std::string& name, const std::string& host, const CertificateProblem& problem) {
  const std::string start = name + ": the certificate ";
  switch (problem.code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Errc::tls_wrong_name, start + "is for " + (problem.names.empty() ? "no name" : problem.names) + ", not " +
                                        host + ". Connect by the name in the certificate, or have one issued for " +
                                        host + "."};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {Errc::tls_expired, start + "expired on " + problem.date + ", and this machine's clock says " + today() +
                                     ". Renew it on the server, or set the clock."};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Errc::tls_expired, start + "is valid from " + problem.date + ", and this machine's clock says " +
                                     today() + ". Set the clock."};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {Errc::tls_untrusted, start +
                                       "is issued by itself and is not among the trusted ones. Name it as trust "
                                       "file (ca-file), or have one issued by an authority."};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA:
      return {Errc::tls_untrusted, start + "is issued by \"" + problem.issuer +
                                       "\", which is not trusted here. Name that authority's certificate as trust "
                                       "file (ca-file)."};
    case X509_V_ERR_CERT_REVOKED:
      return {Errc::tls_untrusted, start + "was revoked by its authority. Install a new one on the server."};
    default:
      return {Errc::tls_failed,
              start + "is refused: " + X509_verify_cert_error_string(problem.code) + ". Install a correct one."};
  }
}

std::string openssl_reason(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "no reason given";
}

}  // namespace

void note_certificate_problem(SSL* ssl, CertificateProblem* problem) {
  SSL_set_ex_data(ssl, problem_index(), problem);
  SSL_set_verify(ssl, SSL_get_verify_mode(ssl), on_verify);
}

Failure client_handshake_failure(const std::string& name, const std::string& host, const CertificateProblem& problem,
                                 bool ended) {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (problem.code != 0) return certificate_failure(name, host, problem);
  if (ended)
    return {Errc::tls_failed, name +
                                  " ended the connection during the TLS handshake. Check that this is the TLS port "
                                  "and what the server logs."};
  switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return {Errc::tls_failed, name +
                                    " answers, but not with TLS. Use the server's TLS port, or http (h2c) on this "
                                    "one."};
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return {Errc::tls_failed, name +
                                    " speaks TLS, but none of the protocols asked for (ALPN). Use a port that "
                                    "serves HTTP/2."};
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return {Errc::tls_failed, name +
                                    " has no TLS version or cipher in common with us. It needs TLS 1.2 with AES-GCM "
                                    "or ChaCha20, or TLS 1.3."};
    default:
      return {Errc::tls_failed, name + ": the TLS handshake failed (" + openssl_reason(error) + ")."};
  }
}

Failure server_handshake_failure(const std::string& peer, const CertificateProblem& problem, bool ended) {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (problem.code != 0)
    return {Errc::tls_untrusted, peer + ": client certificate refused: " + X509_verify_cert_error_string(problem.code)};
  if (ended) return {Errc::tls_failed, peer + " ended the connection during the TLS handshake"};
  return {Errc::tls_failed, peer + ": the TLS handshake failed (" + openssl_reason(error) + ")"};
}

}  // namespace camspan::net
