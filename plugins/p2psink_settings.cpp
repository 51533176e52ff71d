#include "p2psink_settings.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <charconv>

#include "api/url.hpp"
#include "config_file.hpp"

namespace camspan::plugin {
namespace {

/// Any of these says who the device is.
constexpr guint kTriple[]{kP2pProductKey, kP2pDeviceName, kP2pDeviceId, kP2pDeviceSecret, kP2pDeviceSecretFile};

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

bool names_device(const P2pSinkSettings& settings) {
  return std::any_of(std::begin(kTriple), std::end(kTriple), [&](guint id) { return settings.set_here.test(id); });
}

/// Hub, device and trust of the board (CAMSPAN_HUB, CAMSPAN_DEVICE_FILE, CAMSPAN_CA_FILE) where no property says them.
tl::expected<void, Failure> apply_environment(P2pSinkSettings& settings) {
  if (const char* ca = g_getenv("CAMSPAN_CA_FILE"); ca && *ca && !settings.set_on_child.test(kSignalCaFile))
    settings.hub_ca_file = ca;
  hal_identity identity{};
  hal()->identity(&identity);  // what it cannot read it logs; the rest counts
  if (!settings.set_on_child.test(kSignalUri) && identity.hub_url[0] != '\0') {
    const auto hub = parse_url(identity.hub_url);
    if (!hub || !hub->tls) return bad("CAMSPAN_HUB \"" + std::string(identity.hub_url) + "\" is no https://HOST:PORT.");
    settings.hub_uri = "wss://" + hub->authority + "/signal";
  }
  if (names_device(settings) || identity.device_secret[0] == '\0') return {};
  settings.product_key = identity.product_key;
  settings.device_name = identity.device_name;
  settings.device_secret = identity.device_secret;
  for (const guint id : kTriple) settings.set_here.set(id);
  return {};
}

tl::expected<void, Failure> apply_port_range(P2pSinkSettings& settings) {
  const std::string& text = settings.ice_port_range;
  if (text.empty()) return {};
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, settings.min_ice_port);
  const bool more = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
  const auto last = more ? std::from_chars(first.ptr + 1, end, settings.max_ice_port) : first;
  const bool good = more && last.ec == std::errc() && last.ptr == end && settings.min_ice_port > 0 &&
                    settings.min_ice_port <= settings.max_ice_port;
  if (!good) return bad("ice-port-range \"" + text + "\" is no MIN-MAX of ports, such as 50000-50100.");
  return {};
}

}  // namespace

tl::expected<P2pSinkSettings, Failure> resolve_p2p(P2pSinkSettings settings, GObjectClass* object_class) {
  if (auto applied = apply_environment(settings); !applied) return tl::unexpected<Failure>(std::move(applied.error()));
  if (auto applied = apply_config_file(settings, p2p_rows(), "p2psink", object_class); !applied)
    return tl::unexpected<Failure>(std::move(applied.error()));
  if (auto applied = apply_port_range(settings); !applied) return tl::unexpected<Failure>(std::move(applied.error()));
  const bool local = settings.signalling == P2pSignalling::local;
  if (!local && settings.hub_uri.empty())
    return bad(
        "signaller::uri is not set: write p2psink signaller::uri=wss://HOST:PORT/signal, or signaller=local for "
        "viewers "
        "who come to the camera.");
  if (!names_device(settings)) return bad("device-id is not set: write p2psink device-id=CAMERA.");
  return settings;
}

}  // namespace camspan::plugin
