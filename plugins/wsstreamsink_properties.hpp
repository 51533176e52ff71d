/// The properties of wsstreamsink.
#pragma once

#include <gst/gst.h>
#include <bitset>
#include <camspan/ws_publisher.hpp>
#include <span>
#include <string>

#include "property_table.hpp"

namespace camspan::plugin {

/// What the properties hold.
struct WsStreamSinkSettings : WsPublisherConfig {
  std::uint64_t memory_budget = 0;
  unsigned stats_interval_ms = 0;
  std::string config_file;
  std::bitset<64> set_here;  ///< by property id
};

using WsProperty = Property<WsStreamSinkSettings>;

/// Ids from 1.
std::span<const WsProperty> ws_rows();

/// Read-only properties that the element itself answers; ids above all of the table's.
enum WsStreamSinkStateProperty : guint { kWsCurrentPort = 50, kWsNumHandles, kWsBytesServed, kWsStats };

/// Adds all properties to the class.
void install_ws_properties(GObjectClass* object_class);
/// What the element runs with: explicit properties, then config-file, then defaults (gst-elements.md A3).
tl::expected<WsStreamSinkSettings, Failure> resolve_ws(WsStreamSinkSettings settings, GObjectClass* object_class);

GType ws_removal_type();

}  // namespace camspan::plugin
