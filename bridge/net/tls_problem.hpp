/// Why a TLS handshake failed, in words.
#pragma once

#include <openssl/ssl.h>
#include <camspan/error.hpp>
#include <string>

namespace camspan::net {

/// What verification found wrong with the peer's certificate. OpenSSL forgets the certificate when it refuses it.
struct CertificateProblem {
  int code = 0;        ///< X509_V_ERR_...; 0 = none
  std::string names;   ///< what the certificate is for, e.g. "a.example, b.example"
  std::string issuer;  ///< common name of the issuer
  std::string date;    ///< the limit that was passed, "2026-11-21"
};

/// Makes the verification of `ssl` note the first problem in `*problem`, which must live as long as `ssl`.
void note_certificate_problem(SSL* ssl, CertificateProblem* problem);

/// @param name  "host:port" of the server we connected to
/// @param host  the name we asked for
/// @param ended  the peer closed the connection, or it broke, before the handshake was done
/// Reads the calling thread's OpenSSL error queue.
Failure client_handshake_failure(const std::string& name, const std::string& host, const CertificateProblem& problem,
                                 bool ended);

/// For the log of a server. Reads the calling thread's OpenSSL error queue.
Failure server_handshake_failure(const std::string& peer, const CertificateProblem& problem, bool ended);

}  // namespace camspan::net
