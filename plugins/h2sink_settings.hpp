/// The properties of h2sink.
#pragma once

#include <gst/gst.h>
#include <camspan/h2_push.hpp>

#include <bitset>
#include <span>
#include <string>

#include "property_table.hpp"
#include "structure_property.hpp"

namespace camspan::plugin {

enum class ModeSetting : int { automatic, post, stream };
enum class LeakySetting : int { automatic, no, upstream, downstream };

/// What the properties hold.
struct H2SinkSettings : H2PushConfig {
  ModeSetting mode_setting = ModeSetting::automatic;
  LeakySetting leaky_setting = LeakySetting::automatic;
  bool async_connect = true;
  std::uint64_t memory_budget = 0;
  unsigned stats_interval_ms = 0;
  std::string config_file;
  SharedStructure headers_given;
  SharedStructure meta_given;
  std::bitset<64> set_here;  ///< by property id
};

using H2Property = Property<H2SinkSettings>;

/// Ids from 1.
std::span<const H2Property> h2_rows();

/// Ids that code refers to.
enum H2SinkProperty : guint {
  kH2Host = 1,
  kH2Port,
  kH2ProductKey,
  kH2DeviceName,
  kH2DeviceId,
  kH2DeviceSecret,
  kH2DeviceSecretFile,
  kH2CaFile,
  kH2FirstOfRest,  ///< the others follow
  // Read only, answered by the element.
  kH2ConnectionState = 60,
  kH2EstimatedBitrate,
  kH2Stats,
};

/// What the element runs with: explicit properties, then environment, then config-file, then defaults (gst-elements.md
/// A3). @return the sentence names file, key and fix.
tl::expected<H2SinkSettings, Failure> resolve_h2(H2SinkSettings settings, GObjectClass* object_class);

GType connection_state_type();

}  // namespace camspan::plugin
