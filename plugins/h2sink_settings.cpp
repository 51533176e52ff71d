#include "h2sink_settings.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <array>

#include "api/url.hpp"
#include "config_file.hpp"

namespace camspan::plugin {
namespace {

/// Any of these says who the device is.
constexpr std::array<guint, 5> kTriple{kH2ProductKey, kH2DeviceName, kH2DeviceId, kH2DeviceSecret, kH2DeviceSecretFile};

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

bool names_device(const std::bitset<64>& set) {
  return std::any_of(kTriple.begin(), kTriple.end(), [&set](guint id) { return set.test(id); });
}

/// Takes hub and device from the board (CAMSPAN_HUB, CAMSPAN_DEVICE_FILE) where no property says them.
tl::expected<void, Failure> apply_identity(H2SinkSettings& settings) {
  hal_identity identity{};
  hal()->identity(&identity);  // what it cannot read it logs; the rest counts
  if (!settings.set_here.test(kH2Host) && identity.hub_url[0] != '\0') {
    const auto hub = parse_url(identity.hub_url);
    if (!hub || !hub->tls) return bad("CAMSPAN_HUB \"" + std::string(identity.hub_url) + "\" is no https://HOST:PORT.");
    settings.host = hub->host;
    settings.set_here.set(kH2Host);
    if (!settings.set_here.test(kH2Port)) settings.port = hub->port;
    settings.set_here.set(kH2Port);
  }
  if (names_device(settings.set_here) || identity.device_secret[0] == '\0') return {};
  settings.product_key = identity.product_key;
  settings.device_name = identity.device_name;
  settings.device_secret = identity.device_secret;
  for (const guint id : kTriple) settings.set_here.set(id);
  return {};
}

}  // namespace

tl::expected<H2SinkSettings, Failure> resolve_h2(H2SinkSettings settings, GObjectClass* object_class) {
  // Highest first: what is set stays set.
  if (const char* ca = g_getenv("CAMSPAN_CA_FILE"); ca && *ca && !settings.set_here.test(kH2CaFile)) {
    settings.ca_file = ca;
    settings.set_here.set(kH2CaFile);
  }
  const ModeSetting mode = settings.mode_setting;
  const bool device_given = names_device(settings.set_here);
  const bool surely_post =
      mode == ModeSetting::post || (mode == ModeSetting::automatic && !device_given && !settings.location.empty());
  if (!surely_post)
    if (auto applied = apply_identity(settings); !applied) return tl::unexpected<Failure>(std::move(applied.error()));
  const bool device_of_board = !device_given && names_device(settings.set_here);
  if (auto applied = apply_config_file(settings, h2_rows(), "h2sink", object_class); !applied)
    return tl::unexpected<Failure>(std::move(applied.error()));
  const bool device_set = names_device(settings.set_here) && !device_of_board;
  const bool stream = settings.mode_setting == ModeSetting::stream ||
                      (settings.mode_setting == ModeSetting::automatic && (device_set || settings.location.empty()));
  settings.mode = stream ? H2PushMode::stream : H2PushMode::post;
  if (!stream && settings.location.empty())
    return bad("location is not set: write h2sink location=https://HOST:PORT/ingest/CAMERA.");
  return settings;
}

}  // namespace camspan::plugin
