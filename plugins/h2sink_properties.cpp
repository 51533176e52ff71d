#include "h2sink_properties.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace camspan::plugin {
namespace {

constexpr auto kReady = GST_PARAM_MUTABLE_READY;
constexpr auto kPaused = GST_PARAM_MUTABLE_PAUSED;
constexpr auto kPlaying = GST_PARAM_MUTABLE_PLAYING;

GParamFlags flag(int value) {
  return static_cast<GParamFlags>(value);
}

GType mode_type() {
  static const GEnumValue values[] = {
      {kModeAuto, "stream when a device is set or location is not, else post", "auto"},
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

constexpr gint64 kMaxMs = std::numeric_limits<gint>::max();
constexpr gint64 kMaxInt64 = std::numeric_limits<gint64>::max();

const std::array<Row, 54>& table() {
  using C = H2PushConfig;
  static const std::array<Row, 54> made = {{
      {kMode,
       "mode",
       "How to upload: post is one streaming request to any HTTP/2 server, stream a Link Kit channel",
       flag(kReady),
       {}},
      {kHost, "host", "Mode stream: the hub's host name or address", flag(kReady), &C::host},
      {kPort, "port", "Mode stream: the hub's port", flag(kReady), {}},
      {kProductKey, "product-key", "Mode stream: product key of the device, with device-name", flag(kReady),
       &C::product_key},
      {kDeviceName, "device-name", "Mode stream: name of the device", flag(kReady), &C::device_name},
      {kDeviceId, "device-id", "Mode stream: the device in one word, PRODUCT.NAME or NAME", flag(kReady),
       &C::device_id},
      {kDeviceSecret, "device-secret",
       "Mode stream: secret of the device; better in a file (device-secret-file), where ps does not show it",
       flag(kReady), &C::device_secret, 0, 0, true},
      {kDeviceSecretFile, "device-secret-file",
       "Mode stream: file with the secret on its first line, or with the [[device]] table of camspan-hub device add",
       flag(kReady), &C::device_secret_file},
      {kIdentify, "identify", "Mode stream: path of the service that takes the stream, without leading /", flag(kReady),
       &C::identify},
      {kLocation, "location", "Mode post, where to: https://HOST[:PORT]/PATH (http:// is HTTP/2 without TLS)",
       flag(kReady), &C::location},
      {kMethod, "method", "Method of the request", flag(kReady), {}},
      {kHeaders,
       "headers",
       "Further request fields, such as h,x-site=north; used from the next request on",
       flag(kPaused),
       {}},
      {kContentType, "content-type", "Content-Type of the body; unset = by the content", flag(kReady),
       &C::content_type},
      {kContent, "content", "What the bytes are", flag(kReady), {}},
      {kAuthToken, "auth-token", "Bearer token; better in a file (auth-token-file), where ps does not show it",
       flag(kPaused), &C::auth_token, 0, 0, true},
      {kAuthTokenFile, "auth-token-file", "File with the bearer token on its first line; read again after a 401",
       flag(kPaused), &C::auth_token_file},
      {kUserId, "user-id", "User name for basic authentication, used when there is no token", flag(kPaused),
       &C::user_id},
      {kUserPw, "user-pw", "Password for basic authentication", flag(kPaused), &C::user_password, 0, 0, true},
      {kProxy, "proxy", "Proxy to go through: http://HOST[:PORT]; it makes a tunnel, which TLS goes through whole",
       flag(kReady), &C::proxy},
      {kProxyId, "proxy-id", "User name for the proxy", flag(kReady), &C::proxy_id},
      {kProxyPw, "proxy-pw", "Password for the proxy", flag(kReady), &C::proxy_password, 0, 0, true},
      {kCaFile, "ca-file", "PEM file or folder of certificates to trust; unset = the system's", flag(kReady),
       &C::ca_file},
      {kCertFile, "cert-file", "PEM file with the certificate this device shows (mTLS)", flag(kReady), &C::cert_file},
      {kKeyFile, "key-file", "Its key: PEM file or OpenSSL provider URI", flag(kReady), &C::key_file},
      {kTlsVerify,
       "tls-verify",
       "What of the server's certificate is checked; less than validate-all is for tests",
       flag(kReady),
       {}},
      {kAsyncConnect, "async-connect", "Connect at start rather than with the first buffer", flag(kReady), {}},
      {kConnectTimeout, "connect-timeout", "Bound of name lookup, TCP and TLS together, in ms", flag(kReady),
       &C::connect_timeout, 1, kMaxMs},
      {kIdleTimeout, "idle-timeout", "Reconnect when nothing could be sent for this long, in ms", flag(kReady),
       &C::idle_timeout, 1, kMaxMs},
      {kAckTimeout, "ack-timeout", "Reconnect when a receiver that acknowledges stopped for this long, in ms",
       flag(kReady), &C::ack_timeout, 1, kMaxMs},
      {kRetries, "retries", "Tries after a failed one, in a row; -1 = for ever", flag(kPaused), &C::retries, -1,
       std::numeric_limits<gint>::max()},
      {kReconnectDelay, "reconnect-delay", "Wait before the first retry, doubled each time, random part of it, in ms",
       flag(kPaused), &C::reconnect_delay, 1, kMaxMs},
      {kReconnectDelayMax, "reconnect-delay-max", "Longest wait before a retry, in ms", flag(kPaused),
       &C::reconnect_delay_max, 1, kMaxMs},
      {kDrainTimeout, "drain-timeout", "At EOS, wait at most this long for the receiver to have everything, in ms",
       flag(kPlaying), &C::drain_timeout, 0, kMaxMs},
      {kSegmentTime, "segment-time", "Begin a new request at the key frame after this much media, in ns; 0 = never",
       flag(kPlaying), &C::segment_time, 0, kMaxInt64},
      {kSegmentBytes, "segment-bytes", "Begin a new request at the key frame after this many bytes; 0 = never",
       flag(kPlaying), &C::segment_bytes, 0, kMaxInt64},
      {kMaxSizeBytes, "max-size-bytes", "Memory bound in bytes, of what waits and what is not acknowledged",
       flag(kPlaying), &C::max_bytes, 64 << 10, kMaxInt64},
      {kMaxSizeTime, "max-size-time", "Bound of the media time that waits to be sent, in ns; 0 = none", flag(kPlaying),
       &C::max_time, 0, kMaxInt64},
      {kLeaky, "leaky", "What happens when the bounds are reached", flag(kPlaying), {}},
      {kReplayTime, "replay-time", "Kept for sending again where the receiver acknowledges nothing, in ns",
       flag(kPlaying), &C::replay_time, 0, kMaxInt64},
      {kSpoolLocation, "spool-location",
       "Folder of this element alone: FLV that cannot be sent waits there on disk, also over a restart; unset = memory "
       "only",
       flag(kReady), &C::spool_location},
      {kSpoolMaxBytes, "spool-max-bytes", "Bound of the spool's files, in bytes; over it the oldest are deleted",
       flag(kReady), &C::spool_max_bytes, 1 << 20, kMaxInt64},
      {kSpoolMode, "spool-mode", "When tags go to disk", flag(kReady), {}},
      {kSpoolOrder, "spool-order", "What is sent first after an outage", flag(kPlaying), {}},
      {kSpoolShare, "spool-share",
       "What part of the upload the spool may be while live goes on, in percent; 100 = whatever live leaves",
       flag(kPlaying), &C::spool_share, 1, 100},
      {kStreamId, "stream-id", "UUID that names the stream over reconnects; unset = a new one at each start",
       flag(kReady), &C::stream_id},
      {kMeta,
       "meta",
       "Free fields kept with the stream, such as m,site=north (sent as camspan-meta)",
       flag(kReady),
       {}},
      {kWindowSize, "h2-window-size", "Our HTTP/2 receive window, in bytes", flag(kReady), &C::window_bytes, 65535,
       std::numeric_limits<gint>::max()},
      {kPingInterval, "h2-ping-interval", "PING after this long without a sign of the peer, in ms; 0 = never",
       flag(kReady), &C::ping_interval, 0, kMaxMs},
      {kUserAgent, "user-agent", "User-Agent field; unset = camspan and its version", flag(kReady), &C::user_agent},
      {kInterface, "interface", "Network interface to connect by, such as wwan0; unset = any", flag(kReady),
       &C::interface},
      {kQosDscp, "qos-dscp", "DSCP value of outgoing packets; -1 = the system's", flag(kReady), &C::dscp, -1, 63},
      {kMemoryBudget,
       "memory-budget",
       "Bound of all Camspan queues in this process, in bytes; the smallest set counts; 0 = none",
       flag(kPlaying),
       {}},
      {kStatsInterval,
       "stats-interval",
       "Post the statistics as element message this often, in ms; 0 = never",
       flag(kPlaying),
       {}},
      {kConfigFile,
       "config-file",
       "Key file whose group of the element's name sets what no property or environment did",
       flag(kReady),
       {}},
  }};
  return made;
}

GParamSpec* special_spec(const Row& row, GParamFlags flags) {
  switch (row.id) {
    case kPort:
      return g_param_spec_uint(row.name, row.name, row.blurb, 1, 65535, H2PushConfig().port, flags);
    case kMode:
      return g_param_spec_enum(row.name, row.name, row.blurb, mode_type(), 0, flags);
    case kMethod:
      return g_param_spec_enum(row.name, row.name, row.blurb, method_type(), 0, flags);
    case kContent:
      return g_param_spec_enum(row.name, row.name, row.blurb, content_type(), 0, flags);
    case kLeaky:
      return g_param_spec_enum(row.name, row.name, row.blurb, leaky_type(), 0, flags);
    case kSpoolMode:
      return g_param_spec_enum(row.name, row.name, row.blurb, spool_mode_type(), 0, flags);
    case kSpoolOrder:
      return g_param_spec_enum(row.name, row.name, row.blurb, spool_order_type(), 0, flags);
    case kTlsVerify:
      return g_param_spec_flags(row.name, row.name, row.blurb, tls_verify_type(), 1, flags);
    case kAsyncConnect:
      return g_param_spec_boolean(row.name, row.name, row.blurb, TRUE, flags);
    case kHeaders:
    case kMeta:
      return g_param_spec_boxed(row.name, row.name, row.blurb, GST_TYPE_STRUCTURE, flags);
    case kMemoryBudget:
      return g_param_spec_uint64(row.name, row.name, row.blurb, 0, G_MAXINT64, 0, flags);
    case kStatsInterval:
      return g_param_spec_uint(row.name, row.name, row.blurb, 0, G_MAXINT, 0, flags);
    default:
      return g_param_spec_string(row.name, row.name, row.blurb, nullptr, flags);
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

}  // namespace

std::span<const Row> rows() {
  return table();
}

const Row* find_row(guint id) {
  const auto all = rows();
  const auto row = std::find_if(all.begin(), all.end(), [id](const Row& r) { return r.id == id; });
  return row == all.end() ? nullptr : &*row;
}

void install_properties(GObjectClass* object_class) {
  for (const Row& row : rows()) g_object_class_install_property(object_class, row.id, make_spec(row));
  for (const GType type : {mode_type(), method_type(), content_type(), leaky_type(), spool_mode_type(),
                           spool_order_type(), tls_verify_type(), connection_state_type()})
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
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
