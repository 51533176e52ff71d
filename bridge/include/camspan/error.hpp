/// Errors of Camspan: one enum, one category, and `Result`. Asio's, OpenSSL's and the system's errors travel in the
/// same std::error_code.
#pragma once

#include <string>
#include <system_error>
#include <tl/expected.hpp>

namespace camspan {

enum class Errc {
  closed = 1,         ///< the object was closed by its owner, or the peer ended it in good order
  cancelled,          ///< the operation was given up by its caller
  timed_out,          ///< the peer did not answer in the time allowed
  queue_full,         ///< a bounded queue has no room; the piece was not taken
  no_space,           ///< disk or quota is used up
  malformed,          ///< bytes of a peer or a file break their format
  too_large,          ///< a length is over the limit named by the object
  wrong_type,         ///< well-formed, but not the kind of content asked for
  gap,                ///< pieces are missing before this one
  not_found,          ///< no such device, recording, file
  not_authenticated,  ///< no credential, or one that does not verify (401)
  not_authorized,     ///< a good credential without the right (403)
  not_live,           ///< known, but nothing to show now (503)
  busy,               ///< at a limit for now, try later (503, 429)
  refused,            ///< the peer refuses the request for another reason
  unsupported,        ///< this object cannot do that
  bad_setting,        ///< a setting is missing or wrong
  name_not_found,     ///< DNS: no such host
  name_unresolved,    ///< DNS: no answer
  unreachable,        ///< no route, connection refused, network down
  tls_failed,         ///< TLS handshake failed for another reason than the following
  tls_untrusted,      ///< certificate not issued by a trusted authority
  tls_wrong_name,     ///< certificate is for another host
  tls_expired,        ///< certificate expired or not yet valid
  connection_lost,    ///< an open connection ended unexpectedly
  stream_reset,       ///< the peer reset this stream or request
  protocol_error,     ///< the peer broke the protocol
  io_error,           ///< reading or writing storage failed
};

const std::error_category& error_category() noexcept;
std::error_code make_error_code(Errc e) noexcept;

template <class T = void>
using Result = tl::expected<T, std::error_code>;

/// Shorthand for returning an error: `return fail(Errc::malformed);`
inline tl::unexpected<std::error_code> fail(std::error_code e) {
  return tl::unexpected<std::error_code>(e);
}

/// An error with the sentence a user reads: it names the host or file, the cause and the fix. No secrets in it.
struct Failure {
  std::error_code code;
  std::string sentence;
  int http_status = 0;  ///< status of the peer's answer, 0 if it gave none
};

}  // namespace camspan

template <>
struct std::is_error_code_enum<camspan::Errc> : std::true_type {};
