/// What OpenSSL calls, for certificate.cpp and dtls.cpp alone.
#pragma once

#include "proto/rtc/sdp.hpp"

struct x509_store_ctx_st;

namespace camspan::rtc {

/// Hangs on a connection as its app data.
struct FingerprintCheck {
  Fingerprint remote;
  bool failed = false;
};

/// The peer's certificate is the one whose fingerprint its description has; nothing else about it counts.
/// @return 1 = it is, 0 = not: the handshake ends with an alert
int verify_by_fingerprint(x509_store_ctx_st* store, void* unused) noexcept;

}  // namespace camspan::rtc
