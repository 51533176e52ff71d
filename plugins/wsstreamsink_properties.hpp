/// The properties of wsstreamsink.
#pragma once

#include <gst/gst.h>
#include <bitset>
#include <camspan/ws_publisher.hpp>

namespace camspan::plugin {

/// What the properties hold.
struct WsStreamSinkSettings {
  WsPublisherConfig publisher;
  std::uint64_t memory_budget = 0;
  unsigned stats_interval_ms = 0;
  std::string config_file;
  std::bitset<64> explicitly_set;  ///< by property id
};

/// Read-only properties that the element itself answers; ids above all of the table's.
enum WsStreamSinkStateProperty : guint { kWsCurrentPort = 50, kWsNumHandles, kWsBytesServed, kWsStats };

void install_ws_properties(GObjectClass* object_class);
/// Sets or reads one of the settings. @return false for an id that is none of them
bool set_ws_setting(WsStreamSinkSettings& settings, guint id, const GValue* value);
bool get_ws_setting(const WsStreamSinkSettings& settings, guint id, GValue* value);
/// What the element runs with: explicit properties, then config-file, then defaults (gst-elements.md A3).
tl::expected<WsStreamSinkSettings, Failure> resolve_ws(WsStreamSinkSettings settings, GObjectClass* object_class);

GType ws_removal_type();

}  // namespace camspan::plugin
