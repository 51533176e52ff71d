/// Opens a connection: name lookup, Happy Eyeballs (RFC 8305), TLS, with one deadline for all of it.
#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "net/byte_stream.hpp"

struct ssl_ctx_st;

namespace camspan::net {

/// An HTTP proxy that makes tunnels.
struct ProxyOptions {
  std::string host;  ///< bare name or address
  std::uint16_t port = 0;
  std::string authorization;  ///< value of Proxy-Authorization; "" = none
};

struct ConnectOptions {
  std::string host;  ///< bare name or address
  std::uint16_t port = 0;
  ssl_ctx_st* tls = nullptr;  ///< null = plain TCP; the context outlives the connection
  std::chrono::milliseconds timeout{5000};
  std::string interface;  ///< bind to this network interface; "" = any
  int dscp = -1;
  std::optional<ProxyOptions> proxy{};  ///< which then looks up `host`
};

struct ConnectTimes {
  std::chrono::milliseconds resolve{0};
  std::chrono::milliseconds tcp{0};
  std::chrono::milliseconds tls{0};
};

struct Connected {
  std::unique_ptr<ByteStream> stream;
  ConnectTimes times;
};

/// The failure's sentence names host and port, the cause and the fix, for a user to read, e.g. "hub.example:8443: the
/// certificate is for other.example, not hub.example. Connect by the name in the certificate, or have one issued."
asio::awaitable<tl::expected<Connected, Failure>> connect(ConnectOptions options);

}  // namespace camspan::net
