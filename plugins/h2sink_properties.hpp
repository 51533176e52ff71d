/// The table of h2sink's properties, and their GParamSpecs.
#pragma once

#include <span>
#include <variant>

#include "h2sink_settings.hpp"

namespace camspan::plugin {

enum Id : guint {
  kMode = 1,
  kLocation,
  kMethod,
  kHeaders,
  kContentType,
  kContent,
  kAuthToken,
  kAuthTokenFile,
  kUserId,
  kUserPw,
  kCaFile,
  kCertFile,
  kKeyFile,
  kTlsVerify,
  kAsyncConnect,
  kConnectTimeout,
  kIdleTimeout,
  kAckTimeout,
  kRetries,
  kReconnectDelay,
  kReconnectDelayMax,
  kDrainTimeout,
  kSegmentTime,
  kSegmentBytes,
  kMaxSizeBytes,
  kMaxSizeTime,
  kLeaky,
  kReplayTime,
  kStreamId,
  kMeta,
  kWindowSize,
  kPingInterval,
  kUserAgent,
  kInterface,
  kQosDscp,
  kMemoryBudget,
  kStatsInterval,
  kConfigFile,
  kHost,
  kPort,
  kProductKey,
  kDeviceName,
  kDeviceId,
  kDeviceSecret,
  kDeviceSecretFile,
  kIdentify,
  kSpoolLocation,
  kSpoolMaxBytes,
  kSpoolMode,
  kSpoolOrder,
  kSpoolShare,
  kProxy,
  kProxyId,
  kProxyPw,
};
enum ModeSetting { kModeAuto, kModePost, kModeStream };

using Text = std::string H2PushConfig::*;
using Millis = std::chrono::milliseconds H2PushConfig::*;
using Nanos = std::chrono::nanoseconds H2PushConfig::*;
using Size = std::size_t H2PushConfig::*;
using Int = int H2PushConfig::*;
/// Set and read by a case of their own.
enum class Special { none };
using Member = std::variant<Special, Text, Millis, Nanos, Size, Int>;

/// One property.
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

std::span<const Row> rows();
/// @return null for an id that is not in the table
const Row* find_row(guint id);

}  // namespace camspan::plugin
