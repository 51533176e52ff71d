#include "api/p2p_signaller.hpp"

#include "api/signal_client.hpp"
#include "api/triple.hpp"

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
  return P2pSignaller{std::move(*client), {}};
}

}  // namespace

tl::expected<P2pSignaller, Failure> make_signaller(const P2pCameraConfig& config, net::SignallingEvents& events,
                                                   net::PostToP2p post) {
  return hub_signaller(config, events, std::move(post));
}

}  // namespace camspan
