#include "net/local_server.hpp"

#include <camspan/hal_tls.h>
#include <openssl/ssl.h>

#include <array>
#include <charconv>

#include "net/responses.hpp"

namespace camspan::net {
namespace {

tl::expected<ssl_ctx_st*, Failure> make_context(const LocalServerSettings& settings) {
  if (settings.cert_file.empty() != settings.key_file.empty())
    return tl::unexpected<Failure>(
        {Errc::bad_setting, "tls-cert-file and tls-key-file belong together: set both for TLS, or none."});
  if (settings.cert_file.empty()) return nullptr;
  hal_tls_options options{};
  options.cert_file = settings.cert_file.c_str();
  options.key = settings.key_file.c_str();
  options.alpn = "h2,http/1.1";
  std::array<char, 512> why{};
  ssl_ctx_st* const context = hal_tls_context(HAL_TLS_SERVER, &options, why.data(), why.size());
  if (!context) return tl::unexpected<Failure>({Errc::bad_setting, why.data()});
  return context;
}

std::uint16_t port_of(std::string_view bound) {
  std::uint16_t port = 0;
  const std::string_view digits = bound.substr(bound.rfind(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

}  // namespace

void LocalServer::FreeContext::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

LocalServer::~LocalServer() = default;

tl::expected<std::unique_ptr<LocalServer>, Failure> LocalServer::start(asio::any_io_executor executor,
                                                                       LocalServerSettings settings,
                                                                       HttpServer::Handler handler) {
  auto context = make_context(settings);
  if (!context) return tl::unexpected<Failure>(std::move(context.error()));
  std::unique_ptr<LocalServer> local(new LocalServer());
  local->context_.reset(*context);
  local->token_ = SharedToken(settings.token);
  local->allow_origins_ = std::move(settings.allow_origins);
  local->server_ = std::make_unique<HttpServer>(std::move(executor), std::move(handler), std::move(settings.limits));
  auto bound = local->server_->listen(settings.host, settings.port, *context,
                                      {settings.interface.c_str(), settings.dscp, settings.max_unsent_bytes});
  if (!bound) return tl::unexpected<Failure>(std::move(bound.error()));
  local->port_ = port_of(*bound);
  return local;
}

std::optional<LocalServer::Refusal> LocalServer::refuse(const RequestHead& request) const {
  if (!token_.matches(request))
    return Refusal{401, "missing-token", "Token needed",
                   "Send the token of this camera as \"Authorization: Bearer ...\" or ?token=."};
  if (is_foreign_origin(request, allow_origins_))
    return Refusal{403, "foreign-origin", "Page of another site",
                   "Pages of this site may not use this camera. allow-origins names those that may."};
  return std::nullopt;
}

}  // namespace camspan::net
