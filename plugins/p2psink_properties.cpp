/// The tables of p2psink's properties, and the values that are not plain.
#include <vector>

#include "catch_up_types.hpp"
#include "p2psink_settings.hpp"

namespace camspan::plugin {
namespace {

using S = P2pSinkSettings;
using P = P2pProperty;

constexpr gint kReady = GST_PARAM_MUTABLE_READY;
constexpr gint kPlaying = GST_PARAM_MUTABLE_PLAYING;
constexpr gint64 kMaxMs = G_MAXINT;
constexpr gint64 kMaxNs = G_MAXINT64;

GType signaller_type() {
  static const GEnumValue values[] = {{0, "A WebSocket to a camspan-hub, which viewers ask for the camera", "hub"},
                                      {1, "The element serves viewers itself: WHEP, the stream and a page", "local"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanP2pSinkSignaller", values);
  return type;
}

GType transport_policy_type() {
  static const GEnumValue values[] = {
      {0, "Any path", "all"}, {1, "Over a TURN server alone", "relay"}, {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanP2pSinkIceTransportPolicy", values);
  return type;
}

GType channel_mode_type() {
  static const GEnumValue values[] = {{0, "Everything arrives, in order", "reliable"},
                                      {1, "In order, each message given up after its lifetime", "timed"},
                                      {2, "In any order, nothing sent again", "unordered"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanP2pSinkChannelMode", values);
  return type;
}

GType sync_method_type() {
  static const GType type = g_enum_register_static("CamspanP2pSinkSyncMethod", kSyncMethods.data());
  return type;
}

GType recover_policy_type() {
  static constexpr auto values = recover_policies("Disconnect it", "Go on at a key frame within units-soft-max");
  static const GType type = g_enum_register_static("CamspanP2pSinkRecoverPolicy", values.data());
  return type;
}

GType bitrate_policy_type() {
  static const GEnumValue values[] = {{0, "What the slowest viewer can take", "lowest"},
                                      {1, "The mean of what they can take", "average"},
                                      {2, "What the fastest viewer can take", "highest"},
                                      {3, "Leave the encoder alone", "manual"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanP2pSinkBitratePolicy", values);
  return type;
}

std::string text_field(const GstStructure* structure, const char* field) {
  const char* text = gst_structure_get_string(structure, field);
  return text ? text : "";
}

void set_meta(S& settings, const GValue* value) {
  settings.meta = copy_of(value);
  settings.name.clear();
  settings.ptz = false;
  if (!settings.meta) return;
  settings.name = text_field(settings.meta.get(), "name");
  gboolean ptz = FALSE;
  gst_structure_get_boolean(settings.meta.get(), "ptz", &ptz);
  settings.ptz = ptz != FALSE;
}

void set_headers(S& settings, const GValue* value) {
  settings.headers = copy_of(value);
  settings.hub_headers = request_fields(settings.headers.get());
}

GParamSpec* servers_spec(const char* name, const char* blurb, GParamFlags flags) {
  return gst_param_spec_array(name, name, blurb,
                              g_param_spec_string("server", "server", "turn://USER:PASSWORD@HOST:PORT", nullptr, flags),
                              static_cast<GParamFlags>(flags & ~G_PARAM_READABLE));
}

void set_servers(S& settings, const GValue* value) {
  settings.turn_servers.clear();
  for (guint i = 0; i < gst_value_array_get_size(value); ++i)
    if (const char* server = g_value_get_string(gst_value_array_get_value(value, i)))
      settings.turn_servers.emplace_back(server);
}

const P::Custom kMeta{
    structure_spec, [](const S& settings, GValue* value) { g_value_set_boxed(value, settings.meta.get()); }, set_meta};
const P::Custom kHeaders{
    structure_spec, [](const S& settings, GValue* value) { get_redacted(settings.headers.get(), value); }, set_headers};
// Passwords are in it, so it is not read back.
const P::Custom kTurnServers{servers_spec, [](const S&, GValue*) {}, set_servers};

}  // namespace

std::span<const P2pProperty> p2p_rows() {
  static guint id = kP2pFirstOfRest;
  static const std::vector<P> rows{
      {kP2pSignaller, "signaller", "How viewers find the camera; the child `signaller` holds the settings", kReady,
       choice<S, &S::signalling>(signaller_type)},
      {kP2pProductKey, "product-key", "Product key of the device, with device-name", kReady, &S::product_key},
      {kP2pDeviceName, "device-name", "Name of the device", kReady, &S::device_name},
      {kP2pDeviceId, "device-id", "The device in one word, PRODUCT.NAME or NAME", kReady, &S::device_id},
      {kP2pDeviceSecret, "device-secret",
       "Secret of the device; better in a file (device-secret-file), where ps does not show it", kReady,
       &S::device_secret, 0, 0, true},
      {kP2pDeviceSecretFile, "device-secret-file",
       "File with the secret on its first line, or with the [[device]] table of camspan-hub device add", kReady,
       &S::device_secret_file},
      {id++, "config-file", "Key file whose group of the element's name sets what no property or environment did",
       kReady, &S::config_file},
      {kP2pSync, "sync", "Show files at their own speed: wait for the clock", kReady, &S::sync},
      {id++, "meta", "What the hub is told of the camera, such as m,name=Yard,ptz=true", kReady, kMeta},
      {id++, "stun-server", "stun://HOST:PORT, to learn the own address from; none by default", kReady,
       &S::stun_server},
      {id++, "turn-servers", "turn://USER:PASSWORD@HOST:PORT, relays beside those that the hub names", kReady,
       kTurnServers, 0, 0, true},
      {id++, "ice-transport-policy", "Which paths to viewers may be used", kReady,
       choice<S, &S::relay_only>(transport_policy_type)},
      {id++, "ice-port-range", "UDP ports for viewers, MIN-MAX; unset = any", kReady, &S::ice_port_range},
      {id++, "ice-tcp", "Let viewers come by TCP, too", kReady, &S::ice_tcp},
      {id++, "certificate-file",
       "PEM file with certificate and key (ECDSA P-256) for DTLS; unset = one of its own, another each day", kReady,
       &S::certificate_file},
      {id++, "interface", "Network interface to take viewers on, such as wwan0; unset = any", kReady, &S::interface},
      {id++, "qos-dscp", "DSCP value of what goes to viewers; -1 = the system's", kReady, &S::dscp, -1, 63},
      {id++, "user-agent", "Name of this program towards the hub; unset = camspan and its version", kReady,
       &S::user_agent},
      {id++, "max-viewers", "Further viewers are refused", kPlaying, &S::max_viewers, 1, 10000},
      {id++, "channel-mode", "How messages of camspan-flv-timed channels are sent", kReady,
       choice<S, &S::channel_mode>(channel_mode_type)},
      {id++, "delta-lifetime", "channel-mode=timed: give frames and sound up after this long, in ms", kPlaying,
       &S::delta_lifetime, 1, kMaxMs},
      {id++, "key-lifetime", "channel-mode=timed: give key frames up after this long, in ms", kPlaying,
       &S::key_lifetime, 1, kMaxMs},
      {id++, "message-size", "Longest message of a camspan-flv-timed channel with its header, in bytes", kReady,
       &S::message_bytes, 64, 65536},
      {id++, "sync-method", "Where a viewer starts", kPlaying, choice<S, &S::sync_method>(sync_method_type)},
      {id++, "recover-policy", "What happens to a viewer over units-max", kPlaying,
       choice<S, &S::recover_policy>(recover_policy_type)},
      {id++, "units-soft-max", "A viewer that is further behind gets key frames alone, in ns", kPlaying, &S::soft_max,
       0, kMaxNs},
      {id++, "units-max", "recover-policy applies to a viewer that is further behind, in ns", kPlaying, &S::hard_max, 0,
       kMaxNs},
      {id++, "timeout", "A viewer that takes nothing for this long is disconnected, in ns", kPlaying, &S::timeout, 0,
       kMaxNs},
      {id++, "max-size-bytes", "What may wait for all viewers together, in bytes", kPlaying, &S::max_bytes, 0,
       G_MAXINT64},
      {id++, "gop-cache-bytes", "Kept of the current GOP for those who come, once for all, in bytes", kPlaying,
       &S::gop_cache_bytes, 0, G_MAXINT64},
      {id++, "keyframe-request-interval", "Ask the encoder for key frames at most this often, in ns; 0 = never",
       kPlaying, &S::keyframe_interval, 0, kMaxNs},
      {id++, "min-bitrate", "Never ask the encoder for less, in bit/s", kPlaying, &S::min_bitrate, 1, G_MAXINT64},
      {id++, "start-bitrate", "Ask for this at first, in bit/s", kReady, &S::start_bitrate, 1, G_MAXINT64},
      {id++, "max-bitrate", "Never ask the encoder for more, in bit/s", kPlaying, &S::max_bitrate, 1, G_MAXINT64},
      {id++, "bitrate-policy", "How what viewers can take becomes the bitrate of the one encoder", kPlaying,
       choice<S, &S::bitrate_policy>(bitrate_policy_type)},
      {id++, "encoder", "Name of the encoder whose bitrate is set; auto = the only one in the pipeline; unset = none",
       kReady, &S::encoder},
      {id++, "memory-budget",
       "Bound of the memory that all queues of the process hold, in bytes; the smallest one set counts; 0 = none",
       kPlaying, &S::memory_budget, 0, G_MAXINT64},
      {id++, "stats-interval", "Post the statistics as an element message this often, in ms; 0 = never", kReady,
       &S::stats_interval_ms, 0, kMaxMs},
  };
  return rows;
}

std::span<const P2pProperty> p2p_signaller_rows() {
  static guint id = kSignalFirstOfRest;
  static const std::vector<P> rows{
      {kSignalUri, "uri", "hub: its signalling, wss://HOST:PORT/signal", kReady, &S::hub_uri},
      {kSignalCaFile, "ca-file", "hub: PEM file or folder of certificates to trust; unset = the system's", kReady,
       &S::hub_ca_file},
      {id++, "headers", "hub: further fields of the request, such as h,x-site=north", kReady, kHeaders},
      {id++, "tls-verify", "hub: check its certificate; without that is for tests", kReady, &S::hub_verify},
      {id++, "host", "local: address to listen on; the default is for viewers on this host", kReady, &S::local_host},
      {id++, "port", "local: TCP port to listen on; 0 = any (see current-port)", kReady, &S::local_port, 0, 65535},
      {id++, "tls-cert-file", "local: PEM file with the certificate; with it the port speaks TLS", kReady,
       &S::local_cert_file},
      {id++, "tls-key-file", "local: its key: PEM file or OpenSSL provider URI", kReady, &S::local_key_file},
      {id++, "auth-token", "local: what viewers bring; better in a file (auth-token-file), where ps does not show it",
       kReady, &S::local_token, 0, 0, true},
      {id++, "auth-token-file", "local: file with what viewers bring on its first line", kReady, &S::local_token_file},
      {id++, "jwt-key-file", "local: file with the key of viewers' JSON Web Tokens", kReady, &S::local_jwt_key_file},
  };
  return rows;
}

}  // namespace camspan::plugin
