#include "h2sink_settings.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <variant>

#include "api/url.hpp"

namespace camspan::plugin {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

enum Id : guint {
  kMode = 1, kLocation, kMethod, kHeaders, kContentType, kContent, kAuthToken, kAuthTokenFile, kUserId, kUserPw,
  kCaFile, kCertFile, kKeyFile, kTlsVerify, kAsyncConnect, kConnectTimeout, kIdleTimeout, kAckTimeout, kRetries,
  kReconnectDelay, kReconnectDelayMax, kDrainTimeout, kSegmentTime, kSegmentBytes, kMaxSizeBytes, kMaxSizeTime, kLeaky,
  kReplayTime, kStreamId, kMeta, kWindowSize, kPingInterval, kUserAgent, kInterface, kQosDscp, kMemoryBudget,
  kStatsInterval, kConfigFile, kHost, kPort, kProductKey, kDeviceName, kDeviceId, kDeviceSecret, kDeviceSecretFile,
  kIdentify,
};
/// Any of these says who the device is.
constexpr std::array<guint, 5> kTriple{kProductKey, kDeviceName, kDeviceId, kDeviceSecret, kDeviceSecretFile};

enum ModeSetting { kModeAuto, kModePost, kModeStream };

constexpr auto kReady = GST_PARAM_MUTABLE_READY;
constexpr auto kPaused = GST_PARAM_MUTABLE_PAUSED;
constexpr auto kPlaying = GST_PARAM_MUTABLE_PLAYING;

using Text = std::string H2PushConfig::*;
using Millis = milliseconds H2PushConfig::*;
using Nanos = nanoseconds H2PushConfig::*;
using Size = std::size_t H2PushConfig::*;
using Int = int H2PushConfig::*;
enum class Special { none };
using Member = std::variant<Special, Text, Millis, Nanos, Size, Int>;

struct Row {
  guint id;
  const char* name;
  const char* blurb;
  GParamFlags mutability;
  Member member;
  gint64 min = 0;
  gint64 max = 0;
  bool secret = false;
};

GParamFlags flag(int value) { return static_cast<GParamFlags>(value); }

GType mode_type() {
  static const GEnumValue values[] = {{kModeAuto, "stream when a device is set or location is not, else post", "auto"},
                                      {kModePost, "One streaming POST or PUT to any HTTP/2 server", "post"},
                                      {kModeStream, "A Link Kit channel to a camspan-hub, by the device's secret", "stream"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanH2SinkMode", values);
  return type;
}

GType method_type() {
  static const GEnumValue values[] = {{0, "POST", "post"}, {1, "PUT", "put"}, {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanH2SinkMethod", values);
  return type;
}

GType content_type() {
  static const GEnumValue values[] = {{0, "FLV if the bytes begin with \"FLV\", else raw", "auto"},
                                      {1, "FLV: drops, restarts and numbers follow tags", "flv"},
                                      {2, "Bytes of no known structure", "raw"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanH2SinkContent", values);
  return type;
}

GType leaky_type() {
  static const GEnumValue values[] = {{0, "downstream when the source is live, else no", "auto"},
                                      {1, "Wait for room: nothing is dropped", "no"},
                                      {2, "Drop what comes new", "upstream"},
                                      {3, "Drop the oldest that was not sent", "downstream"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanH2SinkLeaky", values);
  return type;
}

GType tls_verify_type() {
  static const GFlagsValue values[] = {{1, "Issuer, name and dates of the certificate", "validate-all"},
                                       {0, nullptr, nullptr}};
  static const GType type = g_flags_register_static("CamspanTlsVerify", values);
  return type;
}

constexpr gint64 kMaxMs = std::numeric_limits<gint>::max();
constexpr gint64 kMaxInt64 = std::numeric_limits<gint64>::max();

const std::array<Row, 46>& rows() {
  using C = H2PushConfig;
  static const std::array<Row, 46> table = {{
      {kMode, "mode", "How to upload: post is one streaming request to any HTTP/2 server, stream a Link Kit channel", flag(kReady), {}},
      {kHost, "host", "Mode stream: the hub's host name or address", flag(kReady), &C::host},
      {kPort, "port", "Mode stream: the hub's port", flag(kReady), {}},
      {kProductKey, "product-key", "Mode stream: product key of the device, with device-name", flag(kReady), &C::product_key},
      {kDeviceName, "device-name", "Mode stream: name of the device", flag(kReady), &C::device_name},
      {kDeviceId, "device-id", "Mode stream: the device in one word, PRODUCT.NAME or NAME", flag(kReady), &C::device_id},
      {kDeviceSecret, "device-secret", "Mode stream: secret of the device; better in a file (device-secret-file), where ps does not show it", flag(kReady), &C::device_secret, 0, 0, true},
      {kDeviceSecretFile, "device-secret-file", "Mode stream: file with the secret on its first line, or with the [[device]] table of camspan-hub device add", flag(kReady), &C::device_secret_file},
      {kIdentify, "identify", "Mode stream: path of the service that takes the stream, without leading /", flag(kReady), &C::identify},
      {kLocation, "location", "Mode post, where to: https://HOST[:PORT]/PATH (http:// is HTTP/2 without TLS)", flag(kReady), &C::location},
      {kMethod, "method", "Method of the request", flag(kReady), {}},
      {kHeaders, "headers", "Further request fields, such as h,x-site=north; used from the next request on", flag(kPaused), {}},
      {kContentType, "content-type", "Content-Type of the body; unset = by the content", flag(kReady), &C::content_type},
      {kContent, "content", "What the bytes are", flag(kReady), {}},
      {kAuthToken, "auth-token", "Bearer token; better in a file (auth-token-file), where ps does not show it", flag(kPaused), &C::auth_token, 0, 0, true},
      {kAuthTokenFile, "auth-token-file", "File with the bearer token on its first line; read again after a 401", flag(kPaused), &C::auth_token_file},
      {kUserId, "user-id", "User name for basic authentication, used when there is no token", flag(kPaused), &C::user_id},
      {kUserPw, "user-pw", "Password for basic authentication", flag(kPaused), &C::user_password, 0, 0, true},
      {kCaFile, "ca-file", "PEM file or folder of certificates to trust; unset = the system's", flag(kReady), &C::ca_file},
      {kCertFile, "cert-file", "PEM file with the certificate this device shows (mTLS)", flag(kReady), &C::cert_file},
      {kKeyFile, "key-file", "Its key: PEM file or OpenSSL provider URI", flag(kReady), &C::key_file},
      {kTlsVerify, "tls-verify", "What of the server's certificate is checked; less than validate-all is for tests", flag(kReady), {}},
      {kAsyncConnect, "async-connect", "Connect at start rather than with the first buffer", flag(kReady), {}},
      {kConnectTimeout, "connect-timeout", "Bound of name lookup, TCP and TLS together, in ms", flag(kReady), &C::connect_timeout, 1, kMaxMs},
      {kIdleTimeout, "idle-timeout", "Reconnect when nothing could be sent for this long, in ms", flag(kReady), &C::idle_timeout, 1, kMaxMs},
      {kAckTimeout, "ack-timeout", "Reconnect when a receiver that acknowledges stopped for this long, in ms", flag(kReady), &C::ack_timeout, 1, kMaxMs},
      {kRetries, "retries", "Tries after a failed one, in a row; -1 = for ever", flag(kPaused), &C::retries, -1, std::numeric_limits<gint>::max()},
      {kReconnectDelay, "reconnect-delay", "Wait before the first retry, doubled each time, random part of it, in ms", flag(kPaused), &C::reconnect_delay, 1, kMaxMs},
      {kReconnectDelayMax, "reconnect-delay-max", "Longest wait before a retry, in ms", flag(kPaused), &C::reconnect_delay_max, 1, kMaxMs},
      {kDrainTimeout, "drain-timeout", "At EOS, wait at most this long for the receiver to have everything, in ms", flag(kPlaying), &C::drain_timeout, 0, kMaxMs},
      {kSegmentTime, "segment-time", "Begin a new request at the key frame after this much media, in ns; 0 = never", flag(kPlaying), &C::segment_time, 0, kMaxInt64},
      {kSegmentBytes, "segment-bytes", "Begin a new request at the key frame after this many bytes; 0 = never", flag(kPlaying), &C::segment_bytes, 0, kMaxInt64},
      {kMaxSizeBytes, "max-size-bytes", "Memory bound in bytes, of what waits and what is not acknowledged", flag(kPlaying), &C::max_bytes, 64 << 10, kMaxInt64},
      {kMaxSizeTime, "max-size-time", "Bound of the media time that waits to be sent, in ns; 0 = none", flag(kPlaying), &C::max_time, 0, kMaxInt64},
      {kLeaky, "leaky", "What happens when the bounds are reached", flag(kPlaying), {}},
      {kReplayTime, "replay-time", "Kept for sending again where the receiver acknowledges nothing, in ns", flag(kPlaying), &C::replay_time, 0, kMaxInt64},
      {kStreamId, "stream-id", "UUID that names the stream over reconnects; unset = a new one at each start", flag(kReady), &C::stream_id},
      {kMeta, "meta", "Free fields kept with the stream, such as m,site=north (sent as camspan-meta)", flag(kReady), {}},
      {kWindowSize, "h2-window-size", "Our HTTP/2 receive window, in bytes", flag(kReady), &C::window_bytes, 65535, std::numeric_limits<gint>::max()},
      {kPingInterval, "h2-ping-interval", "PING after this long without a sign of the peer, in ms; 0 = never", flag(kReady), &C::ping_interval, 0, kMaxMs},
      {kUserAgent, "user-agent", "User-Agent field; unset = camspan and its version", flag(kReady), &C::user_agent},
      {kInterface, "interface", "Network interface to connect by, such as wwan0; unset = any", flag(kReady), &C::interface},
      {kQosDscp, "qos-dscp", "DSCP value of outgoing packets; -1 = the system's", flag(kReady), &C::dscp, -1, 63},
      {kMemoryBudget, "memory-budget", "Bound of all Camspan queues in this process, in bytes; the smallest set counts; 0 = none", flag(kPlaying), {}},
      {kStatsInterval, "stats-interval", "Post the statistics as element message this often, in ms; 0 = never", flag(kPlaying), {}},
      {kConfigFile, "config-file", "Key file whose group of the element's name sets what no property or environment did", flag(kReady), {}},
  }};
  return table;
}

const Row* find_row(guint id) {
  const auto& table = rows();
  const auto row = std::find_if(table.begin(), table.end(), [id](const Row& r) { return r.id == id; });
  return row == table.end() ? nullptr : row;
}

GParamSpec* special_spec(const Row& row, GParamFlags flags) {
  switch (row.id) {
    case kPort: return g_param_spec_uint(row.name, row.name, row.blurb, 1, 65535, H2PushConfig().port, flags);
    case kMode: return g_param_spec_enum(row.name, row.name, row.blurb, mode_type(), 0, flags);
    case kMethod: return g_param_spec_enum(row.name, row.name, row.blurb, method_type(), 0, flags);
    case kContent: return g_param_spec_enum(row.name, row.name, row.blurb, content_type(), 0, flags);
    case kLeaky: return g_param_spec_enum(row.name, row.name, row.blurb, leaky_type(), 0, flags);
    case kTlsVerify: return g_param_spec_flags(row.name, row.name, row.blurb, tls_verify_type(), 1, flags);
    case kAsyncConnect: return g_param_spec_boolean(row.name, row.name, row.blurb, TRUE, flags);
    case kHeaders:
    case kMeta: return g_param_spec_boxed(row.name, row.name, row.blurb, GST_TYPE_STRUCTURE, flags);
    case kMemoryBudget: return g_param_spec_uint64(row.name, row.name, row.blurb, 0, G_MAXINT64, 0, flags);
    case kStatsInterval: return g_param_spec_uint(row.name, row.name, row.blurb, 0, G_MAXINT, 0, flags);
    default: return g_param_spec_string(row.name, row.name, row.blurb, nullptr, flags);
  }
}

GParamSpec* make_spec(const Row& row) {
  const H2PushConfig defaults;
  const auto access = row.secret ? G_PARAM_WRITABLE : G_PARAM_READWRITE;
  const auto flags = static_cast<GParamFlags>(access | G_PARAM_STATIC_STRINGS | row.mutability);
  if (const auto* member = std::get_if<Text>(&row.member)) {
    const std::string& text = defaults.**member;
    return g_param_spec_string(row.name, row.name, row.blurb, text.empty() ? nullptr : text.c_str(), flags);
  }
  if (const auto* member = std::get_if<Millis>(&row.member))
    return g_param_spec_uint(row.name, row.name, row.blurb, static_cast<guint>(row.min), static_cast<guint>(row.max),
                             static_cast<guint>((defaults.**member).count()), flags);
  if (const auto* member = std::get_if<Nanos>(&row.member))
    return g_param_spec_uint64(row.name, row.name, row.blurb, static_cast<guint64>(row.min),
                               static_cast<guint64>(row.max), static_cast<guint64>((defaults.**member).count()), flags);
  if (const auto* member = std::get_if<Size>(&row.member))
    return g_param_spec_uint64(row.name, row.name, row.blurb, static_cast<guint64>(row.min),
                               static_cast<guint64>(row.max), defaults.**member, flags);
  if (const auto* member = std::get_if<Int>(&row.member))
    return g_param_spec_int(row.name, row.name, row.blurb, static_cast<gint>(row.min), static_cast<gint>(row.max),
                            defaults.**member, flags);
  return special_spec(row, flags);
}

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
    if (plain) out += g_value_get_string(&text);
    else quote(g_value_get_string(&text));
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
    case kMode: settings.mode = g_value_get_enum(value); break;
    case kPort: settings.push.port = static_cast<std::uint16_t>(g_value_get_uint(value)); break;
    case kMethod: settings.push.method = static_cast<H2PushMethod>(g_value_get_enum(value)); break;
    case kContent: settings.push.content = static_cast<H2PushContent>(g_value_get_enum(value)); break;
    case kLeaky: settings.leaky = static_cast<LeakySetting>(g_value_get_enum(value)); break;
    case kTlsVerify: settings.push.verify = g_value_get_flags(value) != 0; break;
    case kAsyncConnect: settings.async_connect = g_value_get_boolean(value); break;
    case kMemoryBudget: settings.memory_budget = g_value_get_uint64(value); break;
    case kStatsInterval: settings.stats_interval_ms = g_value_get_uint(value); break;
    case kConfigFile: settings.config_file = text_of(value); break;
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
    default: break;
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
    case kMode: g_value_set_enum(value, settings.mode); break;
    case kPort: g_value_set_uint(value, settings.push.port); break;
    case kMethod: g_value_set_enum(value, static_cast<gint>(settings.push.method)); break;
    case kContent: g_value_set_enum(value, static_cast<gint>(settings.push.content)); break;
    case kLeaky: g_value_set_enum(value, static_cast<gint>(settings.leaky)); break;
    case kTlsVerify: g_value_set_flags(value, settings.push.verify ? 1 : 0); break;
    case kAsyncConnect: g_value_set_boolean(value, settings.async_connect); break;
    case kMemoryBudget: g_value_set_uint64(value, settings.memory_budget); break;
    case kStatsInterval: g_value_set_uint(value, settings.stats_interval_ms); break;
    case kConfigFile: g_value_set_string(value, settings.config_file.empty() ? nullptr : settings.config_file.c_str()); break;
    case kHeaders:
      if (settings.headers) g_value_take_boxed(value, redacted(settings.headers));
      break;
    case kMeta: gst_value_set_structure(value, settings.meta); break;
    default: break;
  }
}

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

/// Takes what the group of the file says about properties that nobody set yet.
tl::expected<void, Failure> apply_config_file(H2SinkSettings& settings, GObjectClass* object_class, const char* group) {
  const std::string& path = settings.config_file;
  const std::unique_ptr<GKeyFile, decltype(&g_key_file_unref)> file(g_key_file_new(), g_key_file_unref);
  g_autoptr(GError) error = nullptr;
  if (!g_key_file_load_from_file(file.get(), path.c_str(), G_KEY_FILE_NONE, &error))
    return bad("cannot read config-file " + path + ": " + error->message + ".");
  if (!g_key_file_has_group(file.get(), group)) return {};
  const std::unique_ptr<gchar*, decltype(&g_strfreev)> keys(g_key_file_get_keys(file.get(), group, nullptr, nullptr),
                                                            g_strfreev);
  for (gchar** key = keys.get(); key && *key; ++key) {
    GParamSpec* spec = g_object_class_find_property(object_class, *key);
    const Row* row = spec ? find_row(spec->param_id) : nullptr;
    if (!row || row->id == kConfigFile)
      return bad(path + ": [" + group + "] has no property \"" + *key + "\". gst-inspect-1.0 h2sink lists them.");
    if (settings.explicitly_set.test(row->id)) continue;
    const std::unique_ptr<gchar, decltype(&g_free)> text(g_key_file_get_string(file.get(), group, *key, nullptr), g_free);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    const bool read = text && gst_value_deserialize(&value, text.get()) && !g_param_value_validate(spec, &value);
    if (read) set_setting(settings, row->id, &value);
    g_value_unset(&value);
    if (!read) return bad(path + ": [" + group + "] " + *key + " has no valid value. gst-inspect-1.0 h2sink tells the range.");
  }
  return {};
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
    if (!hub || !hub->tls)
      return bad("CAMSPAN_HUB \"" + std::string(identity.hub_url) + "\" is no https://HOST:PORT.");
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
    : push(other.push), mode(other.mode), leaky(other.leaky), async_connect(other.async_connect),
      memory_budget(other.memory_budget), stats_interval_ms(other.stats_interval_ms), config_file(other.config_file),
      headers(other.headers ? gst_structure_copy(other.headers) : nullptr),
      meta(other.meta ? gst_structure_copy(other.meta) : nullptr), explicitly_set(other.explicitly_set) {}

void install_properties(GObjectClass* object_class) {
  for (const Row& row : rows()) g_object_class_install_property(object_class, row.id, make_spec(row));
  for (const GType type : {mode_type(), method_type(), content_type(), leaky_type(), tls_verify_type(), connection_state_type()})
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
}

bool set_setting(H2SinkSettings& settings, guint id, const GValue* value) {
  const Row* row = find_row(id);
  if (!row) return false;
  settings.explicitly_set.set(id);
  H2PushConfig& push = settings.push;
  if (const auto* text = std::get_if<Text>(&row->member)) push.**text = text_of(value);
  else if (const auto* millis = std::get_if<Millis>(&row->member)) push.**millis = milliseconds(g_value_get_uint(value));
  else if (const auto* nanos = std::get_if<Nanos>(&row->member))
    push.**nanos = nanoseconds(static_cast<gint64>(g_value_get_uint64(value)));
  else if (const auto* size = std::get_if<Size>(&row->member)) push.**size = g_value_get_uint64(value);
  else if (const auto* number = std::get_if<Int>(&row->member)) push.**number = g_value_get_int(value);
  else set_special(settings, id, value);
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
  else if (const auto* size = std::get_if<Size>(&row->member)) g_value_set_uint64(value, push.**size);
  else if (const auto* number = std::get_if<Int>(&row->member)) g_value_set_int(value, push.**number);
  else get_special(settings, id, value);
  return true;
}

tl::expected<std::unique_ptr<H2SinkSettings>, Failure> resolve(const H2SinkSettings& settings, GObjectClass* object_class,
                                                              const char* element_name) {
  auto resolved = std::make_unique<H2SinkSettings>(settings);
  // Highest first: what is set stays set.
  if (const char* ca = g_getenv("CAMSPAN_CA_FILE"); ca && *ca && !resolved->explicitly_set.test(kCaFile)) {
    resolved->push.ca_file = ca;
    resolved->explicitly_set.set(kCaFile);
  }
  const bool device_given = names_device(resolved->explicitly_set);
  const bool surely_post = resolved->mode == kModePost ||
                           (resolved->mode == kModeAuto && !device_given && !resolved->push.location.empty());
  if (!surely_post)
    if (auto applied = apply_identity(*resolved); !applied) return tl::unexpected<Failure>(std::move(applied.error()));
  const bool device_of_board = !device_given && names_device(resolved->explicitly_set);
  if (!resolved->config_file.empty())
    if (auto applied = apply_config_file(*resolved, object_class, element_name); !applied)
      return tl::unexpected<Failure>(std::move(applied.error()));
  const bool device_set = names_device(resolved->explicitly_set) && !device_of_board;
  const bool stream = resolved->mode == kModeStream ||
                      (resolved->mode == kModeAuto && (device_set || resolved->push.location.empty()));
  resolved->push.mode = stream ? H2PushMode::stream : H2PushMode::post;
  if (!stream && resolved->push.location.empty())
    return bad("location is not set: write h2sink location=https://HOST:PORT/ingest/CAMERA.");
  return resolved;
}

GType connection_state_type() {
  static const GEnumValue values[] = {
      {0, "Not started", "idle"},           {1, "Connecting", "connecting"},
      {2, "Connected", "connected"},        {3, "Waiting for the next try", "waiting"},
      {4, "Sending the rest", "draining"},  {5, "Given up", "failed"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanConnectionState", values);
  return type;
}

}  // namespace camspan::plugin
