/// DTLS 1.2 on OpenSSL. No socket, no thread: datagrams come in, datagrams to send lie in output().
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "core/time.hpp"
#include "proto/rtc/certificate.hpp"
#include "proto/rtc/datagrams.hpp"

namespace camspan::rtc {

/// Of a datagram without IP (20) and UDP (8) headers, for a path MTU of 1200, which every path of the Internet carries
/// (RFC 8831 section 5 asks for that when there is no path MTU discovery).
inline constexpr std::size_t kMaxDatagram = 1200 - 28;
/// What DTLS 1.2 with AES-GCM adds to a record: header 13, explicit nonce 8, tag 16.
inline constexpr std::size_t kDtlsOverhead = 37;

/// One connection. After start(), feed() and on_timeout() send what output() has. OpenSSL measures its retransmissions
/// by gettimeofday().
class Dtls {
 public:
  enum class Role : std::uint8_t { client, server };
  /// Gets the content of one record. Valid for the call; may call send().
  using Received = std::function<void(ByteView content)>;

  /// @param remote  the peer's fingerprint; another certificate fails the handshake with Errc::tls_untrusted
  /// @param max_datagram  bytes that output() keeps to, in the handshake and after it
  Dtls(std::shared_ptr<const Certificate> certificate, Role role, const Fingerprint& remote,
       std::size_t max_datagram = kMaxDatagram);
  ~Dtls();
  Dtls(const Dtls&) = delete;
  Dtls& operator=(const Dtls&) = delete;

  /// Begins the handshake: the client has its first flight then.
  Result<> start();
  /// One datagram of the peer. What is no valid record is passed over, as RFC 6347 section 4.1.2.7 asks.
  /// @return the connection is over: Errc::closed (the peer said so), tls_untrusted, tls_failed
  Result<> feed(ByteView datagram, const Received& received);
  /// @param content  one record, at most kDtlsOverhead bytes less than a datagram may have
  /// @return Errc::closed before the handshake is done, and after the end
  Result<> send(ByteView content);
  /// Tells the peer that nothing follows.
  void close();

  /// The handshake is done and the certificate was the right one.
  bool connected() const;
  /// When on_timeout() is due: only while the handshake waits for the peer.
  std::optional<TimePoint> next_timeout(TimePoint now) const;
  /// @return Errc::timed_out when the peer did not answer a dozen retransmissions
  Result<> on_timeout();

  Datagrams& output();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::rtc
