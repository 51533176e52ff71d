/// Client connections: the name to ask for and to verify, and sessions resumed.
#include "posix/tls_session.hpp"

#include <camspan/hal_tls.h>

#include <openssl/x509v3.h>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

namespace camspan::posix {
namespace {

constexpr size_t kMaxSessions = 32;
// Servers give two tickets per TLS 1.3 connection (OpenSSL's default); more of one peer would only push out others.
constexpr ptrdiff_t kMaxSessionsPerPeer = 2;

template <class T>
void free_data(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(data);
}

int state_index() noexcept {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_data<ContextState>);
  return index;
}

/// Of the peer's name, a std::string, in an SSL.
int peer_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_data<std::string>);
  return index;
}

/// OpenSSL's callback; 0 = it keeps the reference it offers. The store gets a copy, because OpenSSL spoils the session
/// of a connection that ends without a TLS close, and a lost link is when resuming matters most.
int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept try {
  const auto* peer = static_cast<const std::string*>(SSL_get_ex_data(ssl, peer_index()));
  ContextState* state = state_of(SSL_get_SSL_CTX(ssl));
  SessionPtr copy(peer != nullptr && state != nullptr ? SSL_SESSION_dup(session) : nullptr);
  if (copy != nullptr) state->sessions.put(*peer, std::move(copy));
  return 0;
} catch (const std::bad_alloc&) {
  return 0;
}

/// Sets what the certificate must be issued for, and SNI, which is for names only (RFC 6066 section 3).
int expect_peer(SSL* ssl, std::string name) {
  hal_address numeric;
  const int parsed = hal_address_parse(name.c_str(), 0, &numeric);
  if (parsed != 0 && parsed != EINVAL) return parsed;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (parsed == 0)
    return X509_VERIFY_PARAM_set1_ip(param, numeric.bytes, numeric.family == 4 ? 4 : 16) == 1 ? 0 : ENOMEM;
  if (name.ends_with('.')) name.pop_back();  // the root's dot is in neither SNI nor certificates
  // An empty name would switch the check off. 253 bytes: RFC 1035 section 2.3.4, less the lengths on the wire.
  if (name.empty() || name.size() > 253) return EINVAL;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set =
      X509_VERIFY_PARAM_set1_host(param, name.c_str(), 0) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
  return set ? 0 : ENOMEM;
}

}  // namespace

void SessionStore::put(const std::string& peer, SessionPtr session) {
  std::list<Kept> fresh;
  fresh.push_back({peer, std::move(session)});
  const std::lock_guard lock(mutex_);
  kept_.splice(kept_.begin(), fresh);
  const auto same = [&peer](const Kept& kept) { return kept.peer == peer; };
  if (std::count_if(kept_.begin(), kept_.end(), same) > kMaxSessionsPerPeer)
    kept_.erase(std::prev(std::find_if(kept_.rbegin(), kept_.rend(), same).base()));
  if (kept_.size() > kMaxSessions) kept_.pop_back();
}

SessionPtr SessionStore::take(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.peer == peer; });
  if (found == kept_.end()) return nullptr;
  SessionPtr session = std::move(found->session);
  kept_.erase(found);
  return session;
}

ContextState* add_state(SSL_CTX* context) {
  auto state = std::make_unique<ContextState>();
  if (SSL_CTX_set_ex_data(context, state_index(), state.get()) != 1) return nullptr;
  return state.release();
}

ContextState* state_of(const SSL_CTX* context) noexcept {
  return static_cast<ContextState*>(SSL_CTX_get_ex_data(context, state_index()));
}

void keep_sessions(SSL_CTX* context) noexcept {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
}

}  // namespace camspan::posix

int hal_tls_prepare_client(ssl_st* ssl, const char* host, uint16_t port) noexcept try {
  using namespace camspan::posix;
  if (ssl == nullptr || host == nullptr) return EINVAL;
  SSL_set_connect_state(ssl);
  if (const int error = expect_peer(ssl, host)) return error;

  ContextState* state = state_of(SSL_get_SSL_CTX(ssl));
  if (state == nullptr) return 0;
  auto peer = std::make_unique<std::string>(std::string(host) + ':' + std::to_string(port));
  if (const SessionPtr session = state->sessions.take(*peer)) SSL_set_session(ssl, session.get());
  if (SSL_set_ex_data(ssl, peer_index(), peer.get()) != 1) return ENOMEM;
  static_cast<void>(peer.release());  // freed with the connection
  return 0;
} catch (const std::bad_alloc&) {
  return ENOMEM;
}
