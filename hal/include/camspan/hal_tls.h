/// TLS contexts on OpenSSL, for client and server: TLS 1.2 or later, verification on unless switched off by name.
#ifndef CAMSPAN_HAL_TLS_H
#define CAMSPAN_HAL_TLS_H

#include <camspan/hal.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ssl_ctx_st;
struct ssl_st;

/// Strings are valid for the call only; "" is the same as NULL.
typedef struct hal_tls_options {
  const char* ca_file;   /**< PEM trust file or a folder of hashed certificates; NULL = the system's */
  const char* cert_file; /**< PEM chain, own certificate first; NULL = none (client), required (server) unless
                              hal()->tls_context sets one */
  const char* key;       /**< PEM file, or an OpenSSL provider URI such as "pkcs11:object=cam"; NULL = none */
  const char* alpn;      /**< comma separated, in order of preference: "h2,http/1.1"; NULL = no ALPN */
  int verify;            /**< client: 1 = verify chain and name (default elsewhere), 0 = off; server: 1 = ask for and
                              require a client certificate issued under ca_file */
} hal_tls_options;

/// Makes a context; hal()->tls_context had its say. Free with SSL_CTX_free. Its connections may run on any threads.
/// A server answers a client that offers none of its ALPN names with the alert no_application_protocol (RFC 7301); one
/// that offers no ALPN at all is let in.
/// @param options  NULL = a client that verifies against the system's trust
/// @param why  receives a sentence naming the file and the fix on failure; may be NULL
/// @return NULL on failure.
HAL_API struct ssl_ctx_st* hal_tls_context(int role, const hal_tls_options* options, char* why,
                                           size_t why_size) HAL_NOEXCEPT;

/// Prepares a client connection: SNI, the name (or address) to verify, and a session kept from an earlier connection
/// to the same host, port and context, if any. Call once per connection, before the handshake.
/// @return 0, EINVAL when `host` can be neither, ENODEV for an unknown IPv6 zone, or ENOMEM.
HAL_API int hal_tls_prepare_client(struct ssl_st* ssl, const char* host, uint16_t port) HAL_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
