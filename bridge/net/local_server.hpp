/// An HTTP server inside an element: its address, its certificate, who may come.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/bearer_token.hpp"
#include "net/http_server.hpp"

struct ssl_ctx_st;

namespace camspan::net {

struct LocalServerSettings {
  std::string host = "127.0.0.1";          ///< numeric, or "localhost"
  std::uint16_t port = 8080;               ///< 0 = any free one
  std::string cert_file;                   ///< PEM chain; "" = no TLS
  std::string key_file;                    ///< its key: PEM file or OpenSSL provider URI
  std::string token;                       ///< that all have to show; "" = none
  std::vector<std::string> allow_origins;  ///< pages of other sites that may open WebSockets; "*" = any
  std::string interface;                   ///< listen on this network interface alone; "" = any
  int dscp = -1;                           ///< 0..63
  int max_unsent_bytes = 0;                ///< as in ListenOptions
  HttpServerLimits limits;
};

/// Lives on one I/O thread; all members are called there.
class LocalServer {
 public:
  /// Binds and begins to accept. The failure names the setting and the fix.
  static tl::expected<std::unique_ptr<LocalServer>, Failure> start(asio::any_io_executor executor,
                                                                   LocalServerSettings settings,
                                                                   HttpServer::Handler handler);
  /// Ends every connection at once; what HttpServer's destructor says holds.
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::uint16_t port() const { return port_; }
  bool tls() const { return context_ != nullptr; }

  /// Why a request may not come in; `status` is 401 or 403.
  struct Refusal {
    int status;
    std::string cause;
    std::string title;
    std::string detail;
  };
  /// Judges token and origin. Routes that everybody may see (the player's page) do not ask.
  std::optional<Refusal> refuse(const RequestHead& request) const;

  HttpServer& http() { return *server_; }

 private:
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const;
  };

  LocalServer() = default;

  SharedToken token_{""};
  std::vector<std::string> allow_origins_;
  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace camspan::net
