#pragma once

#include <openssl/ssl.h>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace camspan::posix {

struct FreeSession {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSession>;

/// Sessions a client may resume, by peer ("host:port"). Any thread: one context serves connections on several.
class SessionStore {
 public:
  /// Takes `session` for the next connection to `peer`.
  void put(const std::string& peer, SessionPtr session);
  /// Takes out the newest session of `peer`, or gives null. Each is used once: a second use of a ticket tells an
  /// observer that two connections are of one client (RFC 8446 appendix C.4), and one that a server chokes on is gone.
  SessionPtr take(const std::string& peer);

 private:
  struct Kept {
    std::string peer;
    SessionPtr session;
  };
  std::mutex mutex_;
  std::list<Kept> kept_;  // newest first
};

/// What a context of ours carries. Freed with it.
struct ContextState {
  std::vector<unsigned char> alpn;  // names as on the wire, each after its length; a server's order of preference
  SessionStore sessions;
};

/// Gives `context` an empty state. @return null when out of memory.
ContextState* add_state(SSL_CTX* context);
/// The state, or null for a context of someone else.
ContextState* state_of(const SSL_CTX* context) noexcept;
/// Makes a client context hand its new sessions to the state's store.
void keep_sessions(SSL_CTX* context) noexcept;

}  // namespace camspan::posix
