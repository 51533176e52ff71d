/// The table of h2sink's properties, and the values that are not plain.
#include <vector>

#include "h2sink_settings.hpp"

namespace camspan::plugin {
namespace {

using S = H2SinkSettings;
using P = H2Property;

constexpr gint kReady = GST_PARAM_MUTABLE_READY;
constexpr gint kPaused = GST_PARAM_MUTABLE_PAUSED;
constexpr gint kPlaying = GST_PARAM_MUTABLE_PLAYING;

GType mode_type() {
  static const GEnumValue values[] = {{0, "stream when a device is set or location is not, else post", "auto"},
                                      {1, "One streaming POST or PUT to any HTTP/2 server", "post"},
                                      {2, "A Link Kit channel to a camspan-hub, by the device's secret", "stream"},
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

GType spool_mode_type() {
  static const GEnumValue values[] = {{0, "While the link is down or too slow", "outage"},
                                      {1, "Each tag before it is sent: a kill or power cut loses nothing", "always"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanH2SinkSpoolMode", values);
  return type;
}

GType spool_order_type() {
  static const GEnumValue values[] = {{0, "Live at once, the spool beside it", "live-first"},
                                      {1, "The spool; live waits for it", "oldest-first"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanH2SinkSpoolOrder", values);
  return type;
}

GType tls_verify_type() {
  static const GFlagsValue values[] = {{1, "Issuer, name and dates of the certificate", "validate-all"},
                                       {0, nullptr, nullptr}};
  static const GType type = g_flags_register_static("CamspanTlsVerify", values);
  return type;
}

void set_headers(S& settings, const GValue* value) {
  settings.headers_given = copy_of(value);
  settings.headers = request_fields(settings.headers_given.get());
}

void set_meta(S& settings, const GValue* value) {
  settings.meta_given = copy_of(value);
  settings.meta = json_of(settings.meta_given.get());
}

const P::Custom kHeaders{structure_spec,
                         [](const S& settings, GValue* value) { get_redacted(settings.headers_given.get(), value); },
                         set_headers};
const P::Custom kMeta{structure_spec,
                      [](const S& settings, GValue* value) { g_value_set_boxed(value, settings.meta_given.get()); },
                      set_meta};
const P::Custom kTlsVerify{[](const char* name, const char* blurb, GParamFlags flags) {
                             return g_param_spec_flags(name, name, blurb, tls_verify_type(), 1, flags);
                           },
                           [](const S& settings, GValue* value) { g_value_set_flags(value, settings.verify ? 1 : 0); },
                           [](S& settings, const GValue* value) { settings.verify = g_value_get_flags(value) != 0; }};

}  // namespace

std::span<const H2Property> h2_rows() {
  static guint id = kH2FirstOfRest;
  static const std::vector<P> rows{
      {id++, "mode", "How to upload: post is one streaming request to any HTTP/2 server, stream a Link Kit channel",
       kReady, choice<S, &S::mode_setting>(mode_type)},
      {kH2Host, "host", "Mode stream: the hub's host name or address", kReady, &S::host},
      {kH2Port, "port", "Mode stream: the hub's port", kReady, &S::port, 1, 65535},
      {kH2ProductKey, "product-key", "Mode stream: product key of the device, with device-name", kReady,
       &S::product_key},
      {kH2DeviceName, "device-name", "Mode stream: name of the device", kReady, &S::device_name},
      {kH2DeviceId, "device-id", "Mode stream: the device in one word, PRODUCT.NAME or NAME", kReady, &S::device_id},
      {kH2DeviceSecret, "device-secret",
       "Mode stream: secret of the device; better in a file (device-secret-file), where ps does not show it", kReady,
       &S::device_secret, 0, 0, true},
      {kH2DeviceSecretFile, "device-secret-file",
       "Mode stream: file with the secret on its first line, or with the [[device]] table of camspan-hub device add",
       kReady, &S::device_secret_file},
      {id++, "identify", "Mode stream: path of the service that takes the stream, without leading /", kReady,
       &S::identify},
      {id++, "location", "Mode post, where to: https://HOST[:PORT]/PATH (http:// is HTTP/2 without TLS)", kReady,
       &S::location},
      {id++, "method", "Method of the request", kReady, choice<S, &S::method>(method_type)},
      {id++, "headers", "Further request fields, such as h,x-site=north; used from the next request on", kPaused,
       kHeaders},
      {id++, "content-type", "Content-Type of the body; unset = by the content", kReady, &S::content_type},
      {id++, "content", "What the bytes are", kReady, choice<S, &S::content>(content_type)},
      {id++, "auth-token", "Bearer token; better in a file (auth-token-file), where ps does not show it", kPaused,
       &S::auth_token, 0, 0, true},
      {id++, "auth-token-file", "File with the bearer token on its first line; read again after a 401", kPaused,
       &S::auth_token_file},
      {id++, "user-id", "User name for basic authentication, used when there is no token", kPaused, &S::user_id},
      {id++, "user-pw", "Password for basic authentication", kPaused, &S::user_password, 0, 0, true},
      {id++, "proxy", "Proxy to go through: http://HOST[:PORT]; it makes a tunnel, which TLS goes through whole",
       kReady, &S::proxy},
      {id++, "proxy-id", "User name for the proxy", kReady, &S::proxy_id},
      {id++, "proxy-pw", "Password for the proxy", kReady, &S::proxy_password, 0, 0, true},
      {kH2CaFile, "ca-file", "PEM file or folder of certificates to trust; unset = the system's", kReady, &S::ca_file},
      {id++, "cert-file", "PEM file with the certificate this device shows (mTLS)", kReady, &S::cert_file},
      {id++, "key-file", "Its key: PEM file or OpenSSL provider URI", kReady, &S::key_file},
      {id++, "tls-verify", "What of the server's certificate is checked; less than validate-all is for tests", kReady,
       kTlsVerify},
      {id++, "async-connect", "Connect at start rather than with the first buffer", kReady, &S::async_connect},
      {id++, "connect-timeout", "Bound of name lookup, TCP and TLS together, in ms", kReady, &S::connect_timeout, 1,
       G_MAXINT},
      {id++, "idle-timeout", "Reconnect when nothing could be sent for this long, in ms", kReady, &S::idle_timeout, 1,
       G_MAXINT},
      {id++, "ack-timeout", "Reconnect when a receiver that acknowledges stopped for this long, in ms", kReady,
       &S::ack_timeout, 1, G_MAXINT},
      {id++, "retries", "Tries after a failed one, in a row; -1 = for ever", kPaused, &S::retries, -1, G_MAXINT},
      {id++, "reconnect-delay", "Wait before the first retry, doubled each time, random part of it, in ms", kPaused,
       &S::reconnect_delay, 1, G_MAXINT},
      {id++, "reconnect-delay-max", "Longest wait before a retry, in ms", kPaused, &S::reconnect_delay_max, 1,
       G_MAXINT},
      {id++, "drain-timeout", "At EOS, wait at most this long for the receiver to have everything, in ms", kPlaying,
       &S::drain_timeout, 0, G_MAXINT},
      {id++, "segment-time", "Begin a new request at the key frame after this much media, in ns; 0 = never", kPlaying,
       &S::segment_time, 0, G_MAXINT64},
      {id++, "segment-bytes", "Begin a new request at the key frame after this many bytes; 0 = never", kPlaying,
       &S::segment_bytes, 0, G_MAXINT64},
      {id++, "max-size-bytes", "Memory bound in bytes, of what waits and what is not acknowledged", kPlaying,
       &S::max_bytes, 64 << 10, G_MAXINT64},
      {id++, "max-size-time", "Bound of the media time that waits to be sent, in ns; 0 = none", kPlaying, &S::max_time,
       0, G_MAXINT64},
      {id++, "leaky", "What happens when the bounds are reached", kPlaying, choice<S, &S::leaky_setting>(leaky_type)},
      {id++, "replay-time", "Kept for sending again where the receiver acknowledges nothing, in ns", kPlaying,
       &S::replay_time, 0, G_MAXINT64},
      {id++, "spool-location",
       "Folder of this element alone: FLV that cannot be sent waits there on disk, also over a restart; unset = memory "
       "only",
       kReady, &S::spool_location},
      {id++, "spool-max-bytes", "Bound of the spool's files, in bytes; over it the oldest are deleted", kReady,
       &S::spool_max_bytes, 1 << 20, G_MAXINT64},
      {id++, "spool-mode", "When tags go to disk", kReady, choice<S, &S::spool_mode>(spool_mode_type)},
      {id++, "spool-order", "What is sent first after an outage", kPlaying,
       choice<S, &S::spool_order>(spool_order_type)},
      {id++, "spool-share",
       "What part of the upload the spool may be while live goes on, in percent; 100 = whatever live leaves", kPlaying,
       &S::spool_share, 1, 100},
      {id++, "stream-id", "UUID that names the stream over reconnects; unset = a new one at each start", kReady,
       &S::stream_id},
      {id++, "meta", "Free fields kept with the stream, such as m,site=north (sent as camspan-meta)", kReady, kMeta},
      {id++, "h2-window-size", "Our HTTP/2 receive window, in bytes", kReady, &S::window_bytes, 65535, G_MAXINT},
      {id++, "h2-ping-interval", "PING after this long without a sign of the peer, in ms; 0 = never", kReady,
       &S::ping_interval, 0, G_MAXINT},
      {id++, "user-agent", "User-Agent field; unset = camspan and its version", kReady, &S::user_agent},
      {id++, "interface", "Network interface to connect by, such as wwan0; unset = any", kReady, &S::interface},
      {id++, "qos-dscp", "DSCP value of outgoing packets; -1 = the system's", kReady, &S::dscp, -1, 63},
      {id++, "memory-budget",
       "Bound of all Camspan queues in this process, in bytes; the smallest set counts; 0 = none", kPlaying,
       &S::memory_budget, 0, G_MAXINT64},
      {id++, "stats-interval", "Post the statistics as element message this often, in ms; 0 = never", kPlaying,
       &S::stats_interval_ms, 0, G_MAXINT},
      {id++, "config-file", "Key file whose group of the element's name sets what no property or environment did",
       kReady, &S::config_file},
  };
  return rows;
}

GType connection_state_type() {
  static const GEnumValue values[] = {{0, "Not started", "idle"},
                                      {1, "Connecting", "connecting"},
                                      {2, "Connected", "connected"},
                                      {3, "Waiting for the next try", "waiting"},
                                      {4, "Sending the rest", "draining"},
                                      {5, "Given up", "failed"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanConnectionState", values);
  return type;
}

}  // namespace camspan::plugin
