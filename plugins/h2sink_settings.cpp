#include "h2sink_settings.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <array>
#include <memory>

#include "api/url.hpp"
#include "config_file.hpp"
#include "h2sink_properties.hpp"

namespace camspan::plugin {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Any of these says who the device is.
constexpr std::array<guint, 5> kTriple{kProductKey, kDeviceName, kDeviceId, kDeviceSecret, kDeviceSecretFile};

std::string text_of(const GValue* value) {
  const char* text = g_value_get_string(value);
  return text ? text : "";
}

/// JSON of a structure's fields: numbers and booleans as such, the rest as strings.
gboolean append_json(GQuark field, const GValue* value, gpointer user) {
  auto& out = *static_cast<std::string*>(user);
  const auto quote = [&out](const char* text) {
    out += '"';
    for (; *text; ++text) {
      const auto c = static_cast<unsigned char>(*text);
      if (c == '"' || c == '\\') out += '\\';
      if (c >= 0x20) out += static_cast<char>(c);
    }
    out += '"';
  };
  out += out.size() > 1 ? "," : "";
  quote(g_quark_to_string(field));
  out += ':';
  GValue text = G_VALUE_INIT;
  g_value_init(&text, G_TYPE_STRING);
  const bool plain = G_VALUE_HOLDS_INT(value) || G_VALUE_HOLDS_UINT(value) || G_VALUE_HOLDS_INT64(value) ||
                     G_VALUE_HOLDS_UINT64(value);
  if (G_VALUE_HOLDS_BOOLEAN(value)) {
    out += g_value_get_boolean(value) ? "true" : "false";
  } else if (g_value_transform(value, &text) && g_value_get_string(&text)) {
    if (plain)
      out += g_value_get_string(&text);
    else
      quote(g_value_get_string(&text));
  } else {
    out += "null";
  }
  g_value_unset(&text);
  return TRUE;
}

gboolean append_header(GQuark field, const GValue* value, gpointer user) {
  auto& headers = *static_cast<std::vector<std::pair<std::string, std::string>>*>(user);
  GValue text = G_VALUE_INIT;
  g_value_init(&text, G_TYPE_STRING);
  if (g_value_transform(value, &text) && g_value_get_string(&text)) {
    const std::unique_ptr<gchar, decltype(&g_free)> name(g_ascii_strdown(g_quark_to_string(field), -1), g_free);
    headers.emplace_back(name.get(), g_value_get_string(&text));
  }
  g_value_unset(&text);
  return TRUE;
}

void set_special(H2SinkSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kMode:
      settings.mode = g_value_get_enum(value);
      break;
    case kPort:
      settings.push.port = static_cast<std::uint16_t>(g_value_get_uint(value));
      break;
    case kMethod:
      settings.push.method = static_cast<H2PushMethod>(g_value_get_enum(value));
      break;
    case kContent:
      settings.push.content = static_cast<H2PushContent>(g_value_get_enum(value));
      break;
    case kLeaky:
      settings.leaky = static_cast<LeakySetting>(g_value_get_enum(value));
      break;
    case kSpoolMode:
      settings.push.spool_mode = static_cast<H2PushSpoolMode>(g_value_get_enum(value));
      break;
    case kSpoolOrder:
      settings.push.spool_order = static_cast<H2PushSpoolOrder>(g_value_get_enum(value));
      break;
    case kTlsVerify:
      settings.push.verify = g_value_get_flags(value) != 0;
      break;
    case kAsyncConnect:
      settings.async_connect = g_value_get_boolean(value);
      break;
    case kMemoryBudget:
      settings.memory_budget = g_value_get_uint64(value);
      break;
    case kStatsInterval:
      settings.stats_interval_ms = g_value_get_uint(value);
      break;
    case kConfigFile:
      settings.config_file = text_of(value);
      break;
    case kHeaders: {
      g_clear_pointer(&settings.headers, gst_structure_free);
      settings.push.headers.clear();
      if (const auto* given = gst_value_get_structure(value)) {
        settings.headers = gst_structure_copy(given);
        gst_structure_foreach(given, append_header, &settings.push.headers);
      }
      break;
    }
    case kMeta: {
      g_clear_pointer(&settings.meta, gst_structure_free);
      settings.push.meta.clear();
      if (const auto* given = gst_value_get_structure(value)) {
        settings.meta = gst_structure_copy(given);
        settings.push.meta = "{";
        gst_structure_foreach(given, append_json, &settings.push.meta);
        settings.push.meta += '}';
      }
      break;
    }
    default:
      break;
  }
}

/// The headers without what authenticates.
GstStructure* redacted(const GstStructure* headers) {
  GstStructure* copy = gst_structure_copy(headers);
  for (const char* name : {"authorization", "Authorization", "cookie", "Cookie", "proxy-authorization"})
    if (gst_structure_has_field(copy, name)) gst_structure_set(copy, name, G_TYPE_STRING, "***", nullptr);
  return copy;
}

void get_special(const H2SinkSettings& settings, guint id, GValue* value) {
  switch (id) {
    case kMode:
      g_value_set_enum(value, settings.mode);
      break;
    case kPort:
      g_value_set_uint(value, settings.push.port);
      break;
    case kMethod:
      g_value_set_enum(value, static_cast<gint>(settings.push.method));
      break;
    case kContent:
      g_value_set_enum(value, static_cast<gint>(settings.push.content));
      break;
    case kLeaky:
      g_value_set_enum(value, static_cast<gint>(settings.leaky));
      break;
    case kSpoolMode:
      g_value_set_enum(value, static_cast<gint>(settings.push.spool_mode));
      break;
    case kSpoolOrder:
      g_value_set_enum(value, static_cast<gint>(settings.push.spool_order));
      break;
    case kTlsVerify:
      g_value_set_flags(value, settings.push.verify ? 1 : 0);
      break;
    case kAsyncConnect:
      g_value_set_boolean(value, settings.async_connect);
      break;
    case kMemoryBudget:
      g_value_set_uint64(value, settings.memory_budget);
      break;
    case kStatsInterval:
      g_value_set_uint(value, settings.stats_interval_ms);
      break;
    case kConfigFile:
      g_value_set_string(value, settings.config_file.empty() ? nullptr : settings.config_file.c_str());
      break;
    case kHeaders:
      if (settings.headers) g_value_take_boxed(value, redacted(settings.headers));
      break;
    case kMeta:
      gst_value_set_structure(value, settings.meta);
      break;
    default:
      break;
  }
}

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

/// Takes what the file says about properties that nobody set yet.
tl::expected<void, Failure> apply_file(H2SinkSettings& settings, GObjectClass* object_class, const char* group) {
  ConfigFileUser user;
  user.has = [](guint id) { return id != kConfigFile && find_row(id); };
  user.is_set = [&](guint id) { return settings.explicitly_set.test(id); };
  user.set = [&](guint id, const GValue* value) { set_setting(settings, id, value); };
  return apply_config_file(settings.config_file, group, object_class, user);
}

bool names_device(const std::bitset<64>& set) {
  return std::any_of(kTriple.begin(), kTriple.end(), [&set](guint id) { return set.test(id); });
}

/// Takes hub and device from the board (CAMSPAN_HUB, CAMSPAN_DEVICE_FILE) where no property says them.
tl::expected<void, Failure> apply_identity(H2SinkSettings& settings) {
  hal_identity identity{};
  hal()->identity(&identity);  // what it cannot read it logs; the rest counts
  if (!settings.explicitly_set.test(kHost) && identity.hub_url[0] != '\0') {
    const auto hub = parse_url(identity.hub_url);
    if (!hub || !hub->tls) return bad("CAMSPAN_HUB \"" + std::string(identity.hub_url) + "\" is no https://HOST:PORT.");
    settings.push.host = hub->host;
    settings.explicitly_set.set(kHost);
    if (!settings.explicitly_set.test(kPort)) settings.push.port = hub->port;
    settings.explicitly_set.set(kPort);
  }
  if (names_device(settings.explicitly_set) || identity.device_secret[0] == '\0') return {};
  settings.push.product_key = identity.product_key;
  settings.push.device_name = identity.device_name;
  settings.push.device_secret = identity.device_secret;
  for (const guint id : kTriple) settings.explicitly_set.set(id);
  return {};
}

}  // namespace

H2SinkSettings::H2SinkSettings() = default;

H2SinkSettings::~H2SinkSettings() {
  g_clear_pointer(&headers, gst_structure_free);
  g_clear_pointer(&meta, gst_structure_free);
}

H2SinkSettings::H2SinkSettings(const H2SinkSettings& other)
    : push(other.push),
      mode(other.mode),
      leaky(other.leaky),
      async_connect(other.async_connect),
      memory_budget(other.memory_budget),
      stats_interval_ms(other.stats_interval_ms),
      config_file(other.config_file),
      headers(other.headers ? gst_structure_copy(other.headers) : nullptr),
      meta(other.meta ? gst_structure_copy(other.meta) : nullptr),
      explicitly_set(other.explicitly_set) {}

bool set_setting(H2SinkSettings& settings, guint id, const GValue* value) {
  const Row* row = find_row(id);
  if (!row) return false;
  settings.explicitly_set.set(id);
  H2PushConfig& push = settings.push;
  if (const auto* text = std::get_if<Text>(&row->member))
    push.** text = text_of(value);
  else if (const auto* millis = std::get_if<Millis>(&row->member))
    push.** millis = milliseconds(g_value_get_uint(value));
  else if (const auto* nanos = std::get_if<Nanos>(&row->member))
    push.** nanos = nanoseconds(static_cast<gint64>(g_value_get_uint64(value)));
  else if (const auto* size = std::get_if<Size>(&row->member))
    push.** size = g_value_get_uint64(value);
  else if (const auto* number = std::get_if<Int>(&row->member))
    push.** number = g_value_get_int(value);
  else
    set_special(settings, id, value);
  return true;
}

bool get_setting(const H2SinkSettings& settings, guint id, GValue* value) {
  const Row* row = find_row(id);
  if (!row) return false;
  const H2PushConfig& push = settings.push;
  if (const auto* text = std::get_if<Text>(&row->member))
    g_value_set_string(value, (push.**text).empty() ? nullptr : (push.**text).c_str());
  else if (const auto* millis = std::get_if<Millis>(&row->member))
    g_value_set_uint(value, static_cast<guint>((push.**millis).count()));
  else if (const auto* nanos = std::get_if<Nanos>(&row->member))
    g_value_set_uint64(value, static_cast<guint64>((push.**nanos).count()));
  else if (const auto* size = std::get_if<Size>(&row->member))
    g_value_set_uint64(value, push.**size);
  else if (const auto* number = std::get_if<Int>(&row->member))
    g_value_set_int(value, push.**number);
  else
    get_special(settings, id, value);
  return true;
}

tl::expected<std::unique_ptr<H2SinkSettings>, Failure> resolve(const H2SinkSettings& settings,
                                                               GObjectClass* object_class, const char* element_name) {
  auto resolved = std::make_unique<H2SinkSettings>(settings);
  // Highest first: what is set stays set.
  if (const char* ca = g_getenv("CAMSPAN_CA_FILE"); ca && *ca && !resolved->explicitly_set.test(kCaFile)) {
    resolved->push.ca_file = ca;
    resolved->explicitly_set.set(kCaFile);
  }
  const bool device_given = names_device(resolved->explicitly_set);
  const bool surely_post =
      resolved->mode == kModePost || (resolved->mode == kModeAuto && !device_given && !resolved->push.location.empty());
  if (!surely_post)
    if (auto applied = apply_identity(*resolved); !applied) return tl::unexpected<Failure>(std::move(applied.error()));
  const bool device_of_board = !device_given && names_device(resolved->explicitly_set);
  if (!resolved->config_file.empty())
    if (auto applied = apply_file(*resolved, object_class, element_name); !applied)
      return tl::unexpected<Failure>(std::move(applied.error()));
  const bool device_set = names_device(resolved->explicitly_set) && !device_of_board;
  const bool stream =
      resolved->mode == kModeStream || (resolved->mode == kModeAuto && (device_set || resolved->push.location.empty()));
  resolved->push.mode = stream ? H2PushMode::stream : H2PushMode::post;
  if (!stream && resolved->push.location.empty())
    return bad("location is not set: write h2sink location=https://HOST:PORT/ingest/CAMERA.");
  return resolved;
}

}  // namespace camspan::plugin
