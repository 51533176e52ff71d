/// The certificate of this process for DTLS: self-signed, ECDSA P-256. Peers know it by its fingerprint in the
/// description, so who signed it, its name and its dates mean nothing.
#pragma once

#include <camspan/error.hpp>
#include <chrono>
#include <memory>
#include <string_view>

#include "core/time.hpp"
#include "proto/rtc/sdp.hpp"

struct ssl_ctx_st;
struct x509_st;
struct evp_pkey_st;

namespace camspan::rtc {

/// Immutable; one is shared by all connections. Making it takes about a millisecond on a PC and tens of them on a small
/// board, so a process makes it once.
class Certificate {
 public:
  /// @return Errc::tls_failed when OpenSSL cannot make a key
  static Result<std::shared_ptr<const Certificate>> make();
  /// From PEM: a certificate and its private key, ECDSA P-256. @return Errc::bad_setting for anything else
  static Result<std::shared_ptr<const Certificate>> from_pem(std::string_view pem);

  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  const Fingerprint& fingerprint() const { return fingerprint_; }
  /// Settings of every DTLS connection with this certificate. Owned by this object.
  ssl_ctx_st* context() const { return context_.get(); }

 private:
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  Certificate() = default;
  static Result<std::shared_ptr<const Certificate>> from(x509_st* certificate, evp_pkey_st* key);

  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
  Fingerprint fingerprint_;
};

/// One that is replaced each day, so that its fingerprint does not tell for good who this is. Connections keep theirs.
class RenewedCertificate {
 public:
  static constexpr std::chrono::hours kLife{24};

  RenewedCertificate(std::shared_ptr<const Certificate> first, TimePoint now)
      : current_(std::move(first)), since_(now) {}

  const std::shared_ptr<const Certificate>& current() const { return current_; }
  /// Makes another one when it is time; to be called while nobody would have to wait for that.
  void renew(TimePoint now);

 private:
  std::shared_ptr<const Certificate> current_;
  TimePoint since_;
};

}  // namespace camspan::rtc
