/// The properties of p2psink and of its child `signaller`.
#pragma once

#include <gst/gst.h>
#include <bitset>
#include <camspan/p2p_camera.hpp>
#include <span>
#include <string>

#include "property_table.hpp"
#include "structure_property.hpp"

namespace camspan::plugin {

/// What the properties hold.
struct P2pSinkSettings : P2pCameraConfig {
  SharedStructure meta;
  SharedStructure headers;
  std::string ice_port_range;  ///< "MIN-MAX", as given
  std::string encoder;         ///< name, "auto", or "" = none
  bool sync = false;
  std::uint64_t memory_budget = 0;
  unsigned stats_interval_ms = 0;
  std::string config_file;
  std::bitset<64> set_here;      ///< of p2psink, by property id
  std::bitset<64> set_on_child;  ///< of `signaller`
};

using P2pProperty = Property<P2pSinkSettings>;

/// Of p2psink; ids from 1.
std::span<const P2pProperty> p2p_rows();
/// Of `signaller`; ids from 1.
std::span<const P2pProperty> p2p_signaller_rows();

/// Ids that code refers to.
enum P2pSinkProperty : guint {
  kP2pSignaller = 1,
  kP2pProductKey,
  kP2pDeviceName,
  kP2pDeviceId,
  kP2pDeviceSecret,
  kP2pDeviceSecretFile,
  kP2pSync,
  kP2pFirstOfRest,  ///< the others follow
  // Read only, answered by the element.
  kP2pNumViewers = 60,
  kP2pConnectionState,
  kP2pEstimatedBitrate,
  kP2pStats,
};
enum P2pSignallerProperty : guint {
  kSignalUri = 1,
  kSignalCaFile,
  kSignalFirstOfRest,
  kSignalCurrentPort = 60,
};

/// What the element runs with: explicit properties, then environment, then config-file, then defaults (gst-elements.md
/// A3). @return the sentence names the setting, key or file, and the fix.
tl::expected<P2pSinkSettings, Failure> resolve_p2p(P2pSinkSettings settings, GObjectClass* object_class);

}  // namespace camspan::plugin
