#include "api/p2p_signaller.hpp"

#include <fstream>

#include "api/signal_client.hpp"
#include "api/triple.hpp"
#include "local/local_signaller.hpp"

namespace camspan {
namespace {

tl::expected<Triple, Failure> triple_of(const P2pCameraConfig& config) {
  H2PushConfig who;
  who.product_key = config.product_key;
  who.device_name = config.device_name;
  who.device_id = config.device_id;
  who.device_secret = config.device_secret;
  who.device_secret_file = config.device_secret_file;
  return read_triple(who);
}

tl::expected<P2pSignaller, Failure> hub_signaller(const P2pCameraConfig& config, net::SignallingEvents& events,
                                                  net::PostToP2p post) {
  auto triple = triple_of(config);
  if (!triple) return tl::unexpected<Failure>(std::move(triple.error()));
  SignalClientConfig settings;
  settings.uri = config.hub_uri;
  for (const auto& [name, value] : config.hub_headers) settings.headers.append(name, value, true);
  settings.triple = std::move(*triple);
  settings.ca_file = config.hub_ca_file;
  settings.tls_verify = config.hub_verify;
  settings.agent = config.user_agent.empty() ? "camspan/" CAMSPAN_VERSION : config.user_agent;
  auto client = SignalClient::make(std::move(settings), events, std::move(post));
  if (!client) return tl::unexpected<Failure>(std::move(client.error()));
  return P2pSignaller{std::move(*client), {}, {}};
}

/// The first line of a file.
tl::expected<std::string, Failure> first_line(const std::string& path, const char* setting) {
  std::ifstream in(path);
  std::string line;
  if (in && std::getline(in, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) return line;
  }
  return tl::unexpected<Failure>(
      Failure{Errc::bad_setting, std::string("cannot read ") + setting + " " + path + ": it has no first line.", 0});
}

tl::expected<P2pSignaller, Failure> local_signaller(const P2pCameraConfig& config,
                                                    const std::vector<net::IceServer>& servers,
                                                    net::SignallingEvents& events, net::PostToP2p post) {
  LocalSignallerConfig settings;
  settings.device_id = config.device_id.empty() ? config.product_key + "." + config.device_name : config.device_id;
  settings.server.host = config.local_host;
  settings.server.port = config.local_port;
  settings.server.cert_file = config.local_cert_file;
  settings.server.key_file = config.local_key_file;
  settings.server.token = config.local_token;
  settings.server.interface = config.interface;
  settings.server.dscp = config.dscp;
  if (settings.server.token.empty() && !config.local_token_file.empty()) {
    auto token = first_line(config.local_token_file, "signaller::auth-token-file");
    if (!token) return tl::unexpected<Failure>(std::move(token.error()));
    settings.server.token = std::move(*token);
  }
  settings.jwt_key_file = config.local_jwt_key_file;
  settings.ice_servers = servers;
  auto local = LocalSignaller::make(std::move(settings), events, std::move(post));
  if (!local) return tl::unexpected<Failure>(std::move(local.error()));
  LocalSignaller& here = **local;
  return P2pSignaller{std::move(*local), [&here] { return here.port(); },
                      [&here](const SharedUnit& tag) { here.push(tag); }};
}

}  // namespace

tl::expected<P2pSignaller, Failure> make_signaller(const P2pCameraConfig& config,
                                                   const std::vector<net::IceServer>& servers,
                                                   net::SignallingEvents& events, net::PostToP2p post) {
  if (config.signalling == P2pSignalling::local) return local_signaller(config, servers, events, std::move(post));
  return hub_signaller(config, events, std::move(post));
}

}  // namespace camspan
