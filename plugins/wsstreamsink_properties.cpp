#include "wsstreamsink_properties.hpp"

#include <vector>

#include "catch_up_types.hpp"
#include "config_file.hpp"

namespace camspan::plugin {
namespace {

using S = WsStreamSinkSettings;
using P = WsProperty;

constexpr gint kReady = GST_PARAM_MUTABLE_READY;
constexpr gint kPlaying = GST_PARAM_MUTABLE_PLAYING;

GType encoding_type() {
  static const GEnumValue values[] = {{0, "Notifications of WebSocket streams (MessagePack)", "msgpack"},
                                      {1, "The bytes as they are: FLV for players, also by GET", "raw"},
                                      {2, "As msgpack, but JSON and without the bytes", "json-meta"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanWsEncoding", values);
  return type;
}

GType sync_method_type() {
  static const GType type = g_enum_register_static("CamspanSyncMethod", kSyncMethods.data());
  return type;
}

GType recover_policy_type() {
  static constexpr auto values =
      recover_policies("Drop the client", "Go on at the first key frame within units-soft-max");
  static const GType type = g_enum_register_static("CamspanRecoverPolicy", values.data());
  return type;
}

GParamSpec* origins_spec(const char* name, const char* blurb, GParamFlags flags) {
  return gst_param_spec_array(name, name, blurb,
                              g_param_spec_string("origin", "origin", "One origin", nullptr,
                                                  static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)),
                              flags);
}

void set_origins(S& settings, const GValue* value) {
  settings.allow_origins.clear();
  for (guint i = 0; i < gst_value_array_get_size(value); ++i) {
    const char* origin = g_value_get_string(gst_value_array_get_value(value, i));
    settings.allow_origins.emplace_back(origin ? origin : "");
  }
}

void get_origins(const S& settings, GValue* value) {
  for (const std::string& origin : settings.allow_origins) {
    GValue text = G_VALUE_INIT;
    g_value_init(&text, G_TYPE_STRING);
    g_value_set_string(&text, origin.c_str());
    gst_value_array_append_and_take_value(value, &text);
  }
}

const P::Custom kAllowOrigins{origins_spec, get_origins, set_origins};

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

std::span<const WsProperty> ws_rows() {
  static guint id = 1;
  static const std::vector<P> rows{
      {id++, "host", "Numeric address to listen on; 0.0.0.0 lets other machines in", kReady, &S::host},
      {id++, "port", "Port to listen on; 0 = any free one (current-port tells which)", kReady, &S::port, 0, 65535},
      {id++, "path", "Path of the stream; unset = /appdata, or /live.flv with encoding=raw", kReady, &S::path},
      {id++, "stream-name", "Name of the stream in messages, 1 to 64 bytes", kReady, &S::stream_name},
      {id++, "tls-cert-file", "PEM file with the certificate chain; with tls-key-file: wss and https", kReady,
       &S::tls_cert_file},
      {id++, "tls-key-file", "Its key: PEM file or OpenSSL provider URI", kReady, &S::tls_key_file},
      {id++, "auth-token",
       "Token that clients show (bearer token or ?token=); better in a file, where ps does not show it", kReady,
       &S::auth_token, 0, 0, true},
      {id++, "auth-token-file", "File with that token on its first line", kReady, &S::auth_token_file},
      {id++, "allow-origins", "Pages of other sites that may come, such as <http://localhost:3000>; \"*\" = any",
       kReady, kAllowOrigins},
      {id++, "encoding", "What clients get", kReady, choice<S, &S::encoding>(encoding_type)},
      {id++, "max-clients", "Most clients at a time; further ones get 503", kPlaying, &S::max_clients, 1, 100000},
      {id++, "sync-method", "Where a client starts", kPlaying, choice<S, &S::sync_method>(sync_method_type)},
      {id++, "recover-policy", "What happens to a client over units-max or its share of max-size-bytes", kPlaying,
       choice<S, &S::recover_policy>(recover_policy_type)},
      {id++, "units-max", "Longest wait of a unit for a client, in ns: over it recover-policy", kPlaying, &S::units_max,
       1, G_MAXINT64},
      {id++, "units-soft-max", "Over this wait, in ns, a client gets key frames only", kPlaying, &S::units_soft_max, 1,
       G_MAXINT64},
      {id++, "timeout", "A client that takes nothing for so long is dropped, in ns", kPlaying, &S::timeout, 1,
       G_MAXINT64},
      {id++, "max-size-bytes",
       "Bound of what waits for all clients together, in bytes, counted for each; also of the GOP kept for new ones",
       kPlaying, &S::max_bytes, 64 << 10, G_MAXINT64},
      {id++, "ping-interval", "Ping a silent client after so long, in ms; two unanswered ones drop it", kReady,
       &S::ping_interval, 100, G_MAXINT},
      {id++, "max-inbound-message", "Longest message taken from a client, in bytes", kReady, &S::max_inbound_message,
       125, 1 << 30},
      {id++, "serve-player", "Also serve a page at / that shows the stream", kReady, &S::serve_player},
      {id++, "user-agent", "Server field of answers; unset = camspan and its version", kReady, &S::user_agent},
      {id++, "interface", "Network interface to listen on, such as wlan0; unset = any", kReady, &S::interface},
      {id++, "qos-dscp", "DSCP value of outgoing packets; -1 = the system's", kReady, &S::dscp, -1, 63},
      {id++, "memory-budget",
       "Bound of all Camspan queues in this process, in bytes; the smallest set counts; 0 = none", kPlaying,
       &S::memory_budget, 0, G_MAXINT64},
      {id++, "stats-interval", "Post the statistics as element message this often, in ms; 0 = never", kReady,
       &S::stats_interval_ms, 0, G_MAXINT},
      {id++, "config-file", "Key file whose group [wsstreamsink] sets what no property did", kReady, &S::config_file},
  };
  return rows;
}

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
  install(object_class, ws_rows());
  install_state_properties(object_class);
  gst_type_mark_as_plugin_api(ws_removal_type(), static_cast<GstPluginAPIFlags>(0));
}

tl::expected<WsStreamSinkSettings, Failure> resolve_ws(WsStreamSinkSettings settings, GObjectClass* object_class) {
  if (auto applied = apply_config_file(settings, ws_rows(), "wsstreamsink", object_class); !applied)
    return tl::unexpected<Failure>(std::move(applied.error()));
  return settings;
}

}  // namespace camspan::plugin
