/// TLS contexts: versions, ciphers, trust, certificate, key, ALPN.
#include <camspan/hal_tls.h>

#include "posix/posix.hpp"
#include "posix/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace camspan::posix {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* handle) const noexcept {
    kFree(handle);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using StorePtr = std::unique_ptr<OSSL_STORE_CTX, Free<OSSL_STORE_close>>;
using StoreInfoPtr = std::unique_ptr<OSSL_STORE_INFO, Free<OSSL_STORE_INFO_free>>;

/// The sentence for the user. Thrown in this file only; hal_tls_context() turns it into `why`.
using Refused = std::runtime_error;

constexpr hal_tls_options kDefaultOptions{nullptr, nullptr, nullptr, nullptr, 1};

bool given(const char* text) {
  return text != nullptr && *text != '\0';
}

/// What OpenSSL has to say of the call that just failed.
std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "no reason given";
}

void check_readable(const char* what, const std::string& path) {
  if (access(path.c_str(), R_OK) == 0) return;
  const int error = errno;
  throw Refused("cannot read " + std::string(what) + " " + path + ": " + strerror(error) +
                ". Name an existing one that this user may read.");
}

ContextPtr make_context(int role) {
  ContextPtr context(SSL_CTX_new(role == HAL_TLS_SERVER ? TLS_server_method() : TLS_client_method()));
  if (context == nullptr) throw Refused("cannot make a TLS context: " + openssl_reason() + ".");
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  // RFC 9113 section 9.2.1: neither compression nor renegotiation.
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Of TLS 1.2 those that RFC 9113 appendix A leaves. TLS 1.3 has no others.
  SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:!aNULL");
  // Written from queues that move; RELEASE_BUFFERS gives back 34 KB per idle connection.
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (role == HAL_TLS_CLIENT) {
    keep_sessions(ctx);
  } else {
    // Sessions live in tickets, which the clients keep. Resuming where client certificates are asked for needs an id.
    static constexpr unsigned char kSessionIdContext[] = "camspan";
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(ctx, kSessionIdContext, sizeof kSessionIdContext - 1);
  }
  return context;
}

/// Names the authorities to clients, so that one with several certificates can choose.
void ask_for_certificate(SSL_CTX* ctx, const char* ca_file, bool is_folder) {
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  if (is_folder)
    SSL_add_dir_cert_subjects_to_stack(names, ca_file);
  else
    SSL_add_file_cert_subjects_to_stack(names, ca_file);
  SSL_CTX_set_client_CA_list(ctx, names);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

void set_trust(SSL_CTX* ctx, int role, const hal_tls_options& options) {
  if (role == HAL_TLS_SERVER && options.verify == 0) return;
  if (role == HAL_TLS_SERVER && !given(options.ca_file))
    throw Refused("no trust file to verify clients with. Name a PEM file with the authority that issues theirs.");

  if (role == HAL_TLS_CLIENT && options.verify != 0) SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (!given(options.ca_file)) {
    SSL_CTX_set_default_verify_paths(ctx);
    return;
  }
  check_readable("trusted certificates", options.ca_file);
  struct stat info {};
  const bool is_folder = stat(options.ca_file, &info) == 0 && S_ISDIR(info.st_mode);
  const int loaded =
      is_folder ? SSL_CTX_load_verify_dir(ctx, options.ca_file) : SSL_CTX_load_verify_file(ctx, options.ca_file);
  if (loaded != 1)
    throw Refused("cannot use trusted certificates " + std::string(options.ca_file) + ": " + openssl_reason() +
                  ". Name a PEM file of certificates, or a folder made with `openssl rehash`.");
  // Whoever names an intermediate, or a hub's own certificate, means to trust just that.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
  if (role == HAL_TLS_SERVER) ask_for_certificate(ctx, options.ca_file, is_folder);
}

/// A scheme of two characters or more before the colon, as in RFC 3986 section 3.1, and no file of that name.
bool is_uri(const std::string& key) {
  const auto colon = key.find(':');
  if (colon == std::string::npos || colon < 2 || access(key.c_str(), F_OK) == 0) return false;
  for (const char c : std::string_view(key).substr(0, colon)) {
    if (isalnum(static_cast<unsigned char>(c)) == 0 && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

KeyPtr load_key_uri(const std::string& uri) {
  // The query may hold a PIN (RFC 7512 section 2.4), which must not reach a log.
  const std::string shown = uri.substr(0, uri.find('?'));
  // UI_null: a missing PIN is an error here, never a question on a terminal that nobody watches.
  const StorePtr store(OSSL_STORE_open(uri.c_str(), UI_null(), nullptr, nullptr, nullptr));
  if (store != nullptr) OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY);
  while (store != nullptr && OSSL_STORE_eof(store.get()) == 0) {
    const StoreInfoPtr info(OSSL_STORE_load(store.get()));
    if (info == nullptr) {
      if (OSSL_STORE_error(store.get()) != 0) break;
      continue;
    }
    if (OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY)
      return KeyPtr(OSSL_STORE_INFO_get1_PKEY(info.get()));
  }
  throw Refused("no private key at " + shown + ": " + openssl_reason() +
                ". Check the URI, and that openssl.cnf loads the provider for it.");
}

/// PEM's question for a passphrase: never asked, but remembered.
int refuse_passphrase(char*, int, int, void* asked) noexcept {
  *static_cast<bool*>(asked) = true;
  return -1;
}

KeyPtr load_key_file(const std::string& path) {
  check_readable("TLS key", path);
  const BioPtr file(BIO_new_file(path.c_str(), "r"));
  bool encrypted = false;
  KeyPtr key(file ? PEM_read_bio_PrivateKey(file.get(), nullptr, refuse_passphrase, &encrypted) : nullptr);
  if (encrypted)
    throw Refused("TLS key " + path + " is encrypted. Store it without a passphrase, readable by this user only.");
  if (key == nullptr)
    throw Refused("cannot use TLS key " + path + ": " + openssl_reason() + ". Name a PEM file with a private key.");
  return key;
}

void set_certificate(SSL_CTX* ctx, const hal_tls_options& options) {
  if (given(options.cert_file)) {
    check_readable("TLS certificate", options.cert_file);
    if (SSL_CTX_use_certificate_chain_file(ctx, options.cert_file) != 1)
      throw Refused("cannot use TLS certificate " + std::string(options.cert_file) + ": " + openssl_reason() +
                    ". Name a PEM file with the certificate, then those of the authorities above it.");
  }
  if (!given(options.key)) return;
  const KeyPtr key = is_uri(options.key) ? load_key_uri(options.key) : load_key_file(options.key);
  const X509* certificate = SSL_CTX_get0_certificate(ctx);
  if (certificate != nullptr && X509_check_private_key(certificate, key.get()) != 1)
    throw Refused("the TLS key does not belong to certificate " + std::string(options.cert_file) +
                  ". Give the key that the certificate was requested with.");
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1)
    throw Refused("cannot use the TLS key: " + openssl_reason() + ". Use an EC or RSA key.");
}

std::vector<unsigned char> alpn_names(std::string_view list) {
  std::vector<unsigned char> wire;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    if (name.empty() || name.size() > 255) throw Refused("an ALPN name has 1 to 255 bytes.");  // RFC 7301 section 3.1
    wire.push_back(static_cast<unsigned char>(name.size()));
    wire.insert(wire.end(), name.begin(), name.end());
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return wire;
}

int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                unsigned offered_length, void*) noexcept {
  const auto& ours = state_of(SSL_get_SSL_CTX(ssl))->alpn;
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_length, ours.data(), static_cast<unsigned>(ours.size()), offered,
                                          offered_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_alpn(SSL_CTX* ctx, int role, const hal_tls_options& options, ContextState& state) {
  if (!given(options.alpn)) return;
  state.alpn = alpn_names(options.alpn);
  if (role == HAL_TLS_SERVER)
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
  else if (SSL_CTX_set_alpn_protos(ctx, state.alpn.data(), static_cast<unsigned>(state.alpn.size())) != 0)
    throw std::bad_alloc();
}

ContextPtr build(int role, const hal_tls_options& options) {
  ContextPtr context = make_context(role);
  SSL_CTX* ctx = context.get();
  ContextState* state = add_state(ctx);
  if (state == nullptr) throw std::bad_alloc();
  set_trust(ctx, role, options);
  set_certificate(ctx, options);
  set_alpn(ctx, role, options, *state);
  if (const int error = hal()->tls_context(ctx, role))
    throw Refused(std::string("the board's part of the TLS set-up failed: ") + strerror(error) + ".");

  const bool has_certificate = SSL_CTX_get0_certificate(ctx) != nullptr;
  if (role == HAL_TLS_SERVER && !has_certificate)
    throw Refused("a TLS server needs a certificate. Name a PEM file with one, and its key.");
  if (has_certificate && SSL_CTX_check_private_key(ctx) != 1)
    throw Refused("the TLS certificate has no key that belongs to it. Name the key's PEM file or provider URI.");
  return context;
}

}  // namespace
}  // namespace camspan::posix

ssl_ctx_st* hal_tls_context(int role, const hal_tls_options* options, char* why, size_t why_size) noexcept {
  using namespace camspan::posix;
  ERR_clear_error();
  SSL_CTX* context = nullptr;
  try {
    context = build(role, options != nullptr ? *options : kDefaultOptions).release();
  } catch (const Refused& refused) {
    put_why(refused.what(), why, why_size);
  } catch (const std::bad_alloc&) {
    put_why("out of memory for a TLS context.", why, why_size);
  }
  ERR_clear_error();  // or the next SSL_get_error() on this thread would find our leftovers
  return context;
}
