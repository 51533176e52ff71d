#include "net/p2p/ice_server.hpp"

#include <nice/agent.h>
#include <charconv>

#include "core/log.hpp"

namespace camspan::net {
namespace {

constexpr unsigned kComponent = 1;
constexpr std::uint16_t kPort = 3478;
constexpr std::uint16_t kTlsPort = 5349;

Result<std::uint16_t> parse_port(std::string_view text, std::uint16_t otherwise) {
  if (text.empty()) return otherwise;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return fail(Errc::malformed);
  return port;
}

// "host", "host:port", "[v6]:port"
Result<> parse_host(std::string_view text, IceUrl& url, std::uint16_t default_port) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fail(Errc::malformed);
    url.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return fail(Errc::malformed);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  if (url.host.empty()) return fail(Errc::malformed);
  const auto number = parse_port(port, default_port);
  if (!number) return fail(number.error());
  url.port = *number;
  return {};
}

}  // namespace

Result<IceUrl> parse_ice_url(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return fail(Errc::malformed);
  const auto scheme = text.substr(0, colon);
  auto rest = text.substr(colon + 1);
  const auto question = std::min(rest.find('?'), rest.size());
  const auto query = rest.substr(question);
  rest = rest.substr(0, question);
  const bool tcp = query == "?transport=tcp";
  if (!query.empty() && !tcp && query != "?transport=udp") return fail(Errc::malformed);
  IceUrl url;
  if (scheme == "stun" && query.empty())
    url.kind = IceUrl::Kind::stun;
  else if (scheme == "turn")
    url.kind = tcp ? IceUrl::Kind::turn_tcp : IceUrl::Kind::turn_udp;
  else if (scheme == "turns" && (tcp || query.empty()))
    url.kind = IceUrl::Kind::turn_tls;
  else
    return fail(scheme == "stuns" || scheme == "turns" ? Errc::unsupported : Errc::malformed);
  const auto host = parse_host(rest, url, url.kind == IceUrl::Kind::turn_tls ? kTlsPort : kPort);
  if (!host) return fail(host.error());
  return url;
}

void use_server(NiceAgent* agent, unsigned stream, const IceServer& server) {
  const auto url = parse_ice_url(server.url);
  if (!url) {
    log::warn("p2p", "ICE server \"", server.url, "\" is left out: ", url.error().message());
    return;
  }
  if (url->kind == IceUrl::Kind::stun) {
    g_object_set(agent, "stun-server", url->host.c_str(), "stun-server-port", guint{url->port}, nullptr);
    return;
  }
  const auto type = url->kind == IceUrl::Kind::turn_udp   ? NICE_RELAY_TYPE_TURN_UDP
                    : url->kind == IceUrl::Kind::turn_tcp ? NICE_RELAY_TYPE_TURN_TCP
                                                          : NICE_RELAY_TYPE_TURN_TLS;
  if (!nice_agent_set_relay_info(agent, stream, kComponent, url->host.c_str(), url->port, server.username.c_str(),
                                 server.credential.c_str(), type))
    log::warn("p2p", "TURN server ", url->host, " is left out: its address cannot be used");
}

}  // namespace camspan::net
