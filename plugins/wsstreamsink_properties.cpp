#include "wsstreamsink_properties.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <variant>

#include "config_file.hpp"

namespace camspan::plugin {
namespace {

using Config = WsPublisherConfig;

enum Id : guint {
  kHost = 1,
  kPort,
  kPath,
  kStreamName,
  kTlsCertFile,
  kTlsKeyFile,
  kAuthToken,
  kAuthTokenFile,
  kAllowOrigins,
  kEncoding,
  kMaxClients,
  kSyncMethod,
  kRecoverPolicy,
  kUnitsMax,
  kUnitsSoftMax,
  kTimeout,
  kMaxSizeBytes,
  kPingInterval,
  kMaxInboundMessage,
  kServePlayer,
  kUserAgent,
  kInterface,
  kQosDscp,
  kMemoryBudget,
  kStatsInterval,
  kConfigFile,
};

constexpr gint64 kMaxInt = std::numeric_limits<gint>::max();
constexpr gint64 kMaxInt64 = std::numeric_limits<gint64>::max();
constexpr auto kReady = GST_PARAM_MUTABLE_READY;
constexpr auto kPlaying = GST_PARAM_MUTABLE_PLAYING;

/// Set and read by a case of their own.
enum class Special { none };
using Text = std::string Config::*;
using Millis = std::chrono::milliseconds Config::*;
using Nanos = std::chrono::nanoseconds Config::*;
using Size = std::size_t Config::*;
using Unsigned = unsigned Config::*;
using Int = int Config::*;
using Switch = bool Config::*;

struct Row {
  guint id;
  const char* name;
  const char* blurb;
  int mutability;
  std::variant<Special, Text, Millis, Nanos, Size, Unsigned, Int, Switch> member;
  gint64 min = 0;
  gint64 max = 0;
};

std::span<const Row> table() {
  static const Row rows[] = {
      {kHost, "host", "Numeric address to listen on; 0.0.0.0 lets other machines in", kReady, &Config::host},
      {kPort, "port", "Port to listen on; 0 = any free one (current-port tells which)", kReady, {}},
      {kPath, "path", "Path of the stream; unset = /appdata, or /live.flv with encoding=raw", kReady, &Config::path},
      {kStreamName, "stream-name", "Name of the stream in messages, 1 to 64 bytes", kReady, &Config::stream_name},
      {kTlsCertFile, "tls-cert-file", "PEM file with the certificate chain; with tls-key-file: wss and https", kReady,
       &Config::tls_cert_file},
      {kTlsKeyFile, "tls-key-file", "Its key: PEM file or OpenSSL provider URI", kReady, &Config::tls_key_file},
      {kAuthToken, "auth-token",
       "Token that clients show (bearer token or ?token=); better in a file, where ps does not show it", kReady,
       &Config::auth_token},
      {kAuthTokenFile, "auth-token-file", "File with that token on its first line", kReady, &Config::auth_token_file},
      {kAllowOrigins,
       "allow-origins",
       "Pages of other sites that may come, such as <http://localhost:3000>; \"*\" = any",
       kReady,
       {}},
      {kEncoding, "encoding", "What clients get", kReady, {}},
      {kMaxClients, "max-clients", "Most clients at a time; further ones get 503", kPlaying, &Config::max_clients, 1,
       100000},
      {kSyncMethod, "sync-method", "Where a client starts", kPlaying, {}},
      {kRecoverPolicy,
       "recover-policy",
       "What happens to a client over units-max or its share of max-size-bytes",
       kPlaying,
       {}},
      {kUnitsMax, "units-max", "Longest wait of a unit for a client, in ns: over it recover-policy", kPlaying,
       &Config::units_max, 1, kMaxInt64},
      {kUnitsSoftMax, "units-soft-max", "Over this wait, in ns, a client gets key frames only", kPlaying,
       &Config::units_soft_max, 1, kMaxInt64},
      {kTimeout, "timeout", "A client that takes nothing for so long is dropped, in ns", kPlaying, &Config::timeout, 1,
       kMaxInt64},
      {kMaxSizeBytes, "max-size-bytes",
       "Bound of what waits for all clients together, in bytes, counted for each; also of the GOP kept for new ones",
       kPlaying, &Config::max_bytes, 64 << 10, kMaxInt64},
      {kPingInterval, "ping-interval", "Ping a silent client after so long, in ms; two unanswered ones drop it", kReady,
       &Config::ping_interval, 100, kMaxInt},
      {kMaxInboundMessage, "max-inbound-message", "Longest message taken from a client, in bytes", kReady,
       &Config::max_inbound_message, 125, 1 << 30},
      {kServePlayer, "serve-player", "Also serve a page at / that shows the stream", kReady, &Config::serve_player},
      {kUserAgent, "user-agent", "Server field of answers; unset = camspan and its version", kReady,
       &Config::user_agent},
      {kInterface, "interface", "Network interface to listen on, such as wlan0; unset = any", kReady,
       &Config::interface},
      {kQosDscp, "qos-dscp", "DSCP value of outgoing packets; -1 = the system's", kReady, &Config::dscp, -1, 63},
      {kMemoryBudget,
       "memory-budget",
       "Bound of all Camspan queues in this process, in bytes; the smallest set counts; 0 = none",
       kPlaying,
       {}},
      {kStatsInterval,
       "stats-interval",
       "Post the statistics as element message this often, in ms; 0 = never",
       kReady,
       {}},
      {kConfigFile, "config-file", "Key file whose group [wsstreamsink] sets what no property did", kReady, {}},
  };
  return rows;
}

const Row* find(guint id) {
  const auto rows = table();
  const auto row = std::ranges::find(rows, id, &Row::id);
  return row == rows.end() ? nullptr : &*row;
}

bool is_secret(const Row& row) {
  return row.id == kAuthToken;
}

GType encoding_type() {
  static const GEnumValue values[] = {{0, "Notifications of WebSocket streams (MessagePack)", "msgpack"},
                                      {1, "The bytes as they are: FLV for players, also by GET", "raw"},
                                      {2, "As msgpack, but JSON and without the bytes", "json-meta"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanWsEncoding", values);
  return type;
}

GType sync_method_type() {
  static const GEnumValue values[] = {{0, "With all since the last key frame", "latest-keyframe"},
                                      {1, "With the next key frame", "next-keyframe"},
                                      {2, "With whatever comes next", "latest"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanSyncMethod", values);
  return type;
}

GType recover_policy_type() {
  static const GEnumValue values[] = {{0, "Drop the client", "none"},
                                      {1, "Go on with whatever comes next", "latest"},
                                      {2, "Go on at the first key frame within units-soft-max", "soft-limit"},
                                      {3, "Go on at the newest key frame", "keyframe"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanRecoverPolicy", values);
  return type;
}

GParamSpec* special_spec(const Row& row, GParamFlags flags) {
  switch (row.id) {
    case kPort:
      return g_param_spec_uint(row.name, row.name, row.blurb, 0, 65535, Config().port, flags);
    case kAllowOrigins:
      return gst_param_spec_array(
          row.name, row.name, row.blurb,
          g_param_spec_string("origin", "origin", "One origin", nullptr,
                              static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)),
          flags);
    case kEncoding:
      return g_param_spec_enum(row.name, row.name, row.blurb, encoding_type(), 0, flags);
    case kSyncMethod:
      return g_param_spec_enum(row.name, row.name, row.blurb, sync_method_type(), 0, flags);
    case kRecoverPolicy:
      return g_param_spec_enum(row.name, row.name, row.blurb, recover_policy_type(), 3, flags);
    case kMemoryBudget:
      return g_param_spec_uint64(row.name, row.name, row.blurb, 0, G_MAXINT64, 0, flags);
    case kStatsInterval:
      return g_param_spec_uint(row.name, row.name, row.blurb, 0, G_MAXINT, 0, flags);
    default:
      return g_param_spec_string(row.name, row.name, row.blurb, nullptr, flags);
  }
}

GParamSpec* make_spec(const Row& row) {
  const Config defaults;
  const auto access = is_secret(row) ? G_PARAM_WRITABLE : G_PARAM_READWRITE;
  const auto flags = static_cast<GParamFlags>(access | G_PARAM_STATIC_STRINGS | row.mutability);
  const auto low = static_cast<guint64>(row.min);
  const auto high = static_cast<guint64>(row.max);
  if (const auto* text = std::get_if<Text>(&row.member)) {
    const std::string& value = defaults.**text;
    return g_param_spec_string(row.name, row.name, row.blurb, value.empty() ? nullptr : value.c_str(), flags);
  }
  if (const auto* time = std::get_if<Millis>(&row.member))
    return g_param_spec_uint(row.name, row.name, row.blurb, static_cast<guint>(low), static_cast<guint>(high),
                             static_cast<guint>((defaults.**time).count()), flags);
  if (const auto* time = std::get_if<Nanos>(&row.member))
    return g_param_spec_uint64(row.name, row.name, row.blurb, low, high,
                               static_cast<guint64>((defaults.**time).count()), flags);
  if (const auto* size = std::get_if<Size>(&row.member))
    return g_param_spec_uint64(row.name, row.name, row.blurb, low, high, defaults.**size, flags);
  if (const auto* number = std::get_if<Unsigned>(&row.member))
    return g_param_spec_uint(row.name, row.name, row.blurb, static_cast<guint>(low), static_cast<guint>(high),
                             defaults.**number, flags);
  if (const auto* number = std::get_if<Int>(&row.member))
    return g_param_spec_int(row.name, row.name, row.blurb, static_cast<gint>(row.min), static_cast<gint>(row.max),
                            defaults.**number, flags);
  if (const auto* on = std::get_if<Switch>(&row.member))
    return g_param_spec_boolean(row.name, row.name, row.blurb, defaults.**on, flags);
  return special_spec(row, flags);
}

std::string text_of(const GValue* value) {
  const char* text = g_value_get_string(value);
  return text ? text : "";
}

void set_special(WsStreamSinkSettings& settings, guint id, const GValue* value) {
  Config& publisher = settings.publisher;
  switch (id) {
    case kPort:
      publisher.port = static_cast<std::uint16_t>(g_value_get_uint(value));
      break;
    case kAllowOrigins:
      publisher.allow_origins.clear();
      for (guint i = 0; i < gst_value_array_get_size(value); ++i)
        publisher.allow_origins.push_back(text_of(gst_value_array_get_value(value, i)));
      break;
    case kEncoding:
      publisher.encoding = static_cast<WsEncoding>(g_value_get_enum(value));
      break;
    case kSyncMethod:
      publisher.sync_method = static_cast<SyncMethod>(g_value_get_enum(value));
      break;
    case kRecoverPolicy:
      publisher.recover_policy = static_cast<RecoverPolicy>(g_value_get_enum(value));
      break;
    case kMemoryBudget:
      settings.memory_budget = g_value_get_uint64(value);
      break;
    case kStatsInterval:
      settings.stats_interval_ms = g_value_get_uint(value);
      break;
    default:
      settings.config_file = text_of(value);
      break;
  }
}

void get_special(const WsStreamSinkSettings& settings, guint id, GValue* value) {
  const Config& publisher = settings.publisher;
  switch (id) {
    case kPort:
      g_value_set_uint(value, publisher.port);
      break;
    case kAllowOrigins:
      for (const std::string& origin : publisher.allow_origins) {
        GValue text = G_VALUE_INIT;
        g_value_init(&text, G_TYPE_STRING);
        g_value_set_string(&text, origin.c_str());
        gst_value_array_append_and_take_value(value, &text);
      }
      break;
    case kEncoding:
      g_value_set_enum(value, static_cast<gint>(publisher.encoding));
      break;
    case kSyncMethod:
      g_value_set_enum(value, static_cast<gint>(publisher.sync_method));
      break;
    case kRecoverPolicy:
      g_value_set_enum(value, static_cast<gint>(publisher.recover_policy));
      break;
    case kMemoryBudget:
      g_value_set_uint64(value, settings.memory_budget);
      break;
    case kStatsInterval:
      g_value_set_uint(value, settings.stats_interval_ms);
      break;
    default:
      g_value_set_string(value, settings.config_file.empty() ? nullptr : settings.config_file.c_str());
      break;
  }
}

void install_state_properties(GObjectClass* object_class) {
  const auto readable = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      object_class, kWsCurrentPort,
      g_param_spec_uint("current-port", "current-port", "Port it listens on; 0 = it does not", 0, 65535, 0, readable));
  g_object_class_install_property(
      object_class, kWsNumHandles,
      g_param_spec_uint("num-handles", "num-handles", "Clients there now", 0, G_MAXUINT, 0, readable));
  g_object_class_install_property(
      object_class, kWsBytesServed,
      g_param_spec_uint64("bytes-served", "bytes-served", "Bytes that clients took", 0, G_MAXUINT64, 0, readable));
  g_object_class_install_property(
      object_class, kWsStats,
      g_param_spec_boxed("stats", "stats", "Where every byte went (application/x-wsstreamsink-stats)",
                         GST_TYPE_STRUCTURE, readable));
}

}  // namespace

GType ws_removal_type() {
  static const GEnumValue values[] = {{0, "It left", "closed"},
                                      {1, "It was removed", "removed"},
                                      {2, "It could not keep up", "slow"},
                                      {3, "It broke the protocol, or its connection broke", "error"},
                                      {4, "The stream has ended", "stopped"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanWsRemoval", values);
  return type;
}

void install_ws_properties(GObjectClass* object_class) {
  for (const Row& row : table()) g_object_class_install_property(object_class, row.id, make_spec(row));
  install_state_properties(object_class);
  for (const GType type : {encoding_type(), sync_method_type(), recover_policy_type(), ws_removal_type()})
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
}

bool set_ws_setting(WsStreamSinkSettings& settings, guint id, const GValue* value) {
  const Row* row = find(id);
  if (!row) return false;
  settings.explicitly_set.set(id);
  Config& publisher = settings.publisher;
  if (const auto* text = std::get_if<Text>(&row->member))
    publisher.** text = text_of(value);
  else if (const auto* millis = std::get_if<Millis>(&row->member))
    publisher.** millis = std::chrono::milliseconds(g_value_get_uint(value));
  else if (const auto* nanos = std::get_if<Nanos>(&row->member))
    publisher.** nanos = std::chrono::nanoseconds(static_cast<gint64>(g_value_get_uint64(value)));
  else if (const auto* size = std::get_if<Size>(&row->member))
    publisher.** size = g_value_get_uint64(value);
  else if (const auto* number = std::get_if<Unsigned>(&row->member))
    publisher.** number = g_value_get_uint(value);
  else if (const auto* sign = std::get_if<Int>(&row->member))
    publisher.** sign = g_value_get_int(value);
  else if (const auto* on = std::get_if<Switch>(&row->member))
    publisher.** on = g_value_get_boolean(value) != FALSE;
  else
    set_special(settings, id, value);
  return true;
}

bool get_ws_setting(const WsStreamSinkSettings& settings, guint id, GValue* value) {
  const Row* row = find(id);
  if (!row) return false;
  const Config& publisher = settings.publisher;
  if (const auto* text = std::get_if<Text>(&row->member))
    g_value_set_string(value, (publisher.**text).empty() ? nullptr : (publisher.**text).c_str());
  else if (const auto* millis = std::get_if<Millis>(&row->member))
    g_value_set_uint(value, static_cast<guint>((publisher.**millis).count()));
  else if (const auto* nanos = std::get_if<Nanos>(&row->member))
    g_value_set_uint64(value, static_cast<guint64>((publisher.**nanos).count()));
  else if (const auto* size = std::get_if<Size>(&row->member))
    g_value_set_uint64(value, publisher.**size);
  else if (const auto* number = std::get_if<Unsigned>(&row->member))
    g_value_set_uint(value, publisher.**number);
  else if (const auto* sign = std::get_if<Int>(&row->member))
    g_value_set_int(value, publisher.**sign);
  else if (const auto* on = std::get_if<Switch>(&row->member))
    g_value_set_boolean(value, publisher.**on);
  else
    get_special(settings, id, value);
  return true;
}

tl::expected<WsStreamSinkSettings, Failure> resolve_ws(WsStreamSinkSettings settings, GObjectClass* object_class) {
  if (settings.config_file.empty()) return settings;
  ConfigFileUser user;
  user.has = [](guint id) { return id != kConfigFile && find(id); };
  user.is_set = [&](guint id) { return settings.explicitly_set.test(id); };
  user.set = [&](guint id, const GValue* value) { set_ws_setting(settings, id, value); };
  auto applied = apply_config_file(settings.config_file, "wsstreamsink", object_class, user);
  if (!applied) return tl::unexpected<Failure>(std::move(applied.error()));
  return settings;
}

}  // namespace camspan::plugin
