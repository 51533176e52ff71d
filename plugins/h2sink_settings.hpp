/// The properties of h2sink: one table drives installing, setting, reading, environment and config-file.
#pragma once

#include <gst/gst.h>
#include <camspan/h2_push.hpp>

#include <bitset>
#include <string>

namespace camspan::plugin {

enum class LeakySetting : int { automatic, no, upstream, downstream };

/// What the properties hold. Guarded by the object lock of the element.
struct H2SinkSettings {
  H2PushConfig push;
  int mode = 0;
  LeakySetting leaky = LeakySetting::automatic;
  bool async_connect = true;
  std::uint64_t memory_budget = 0;
  unsigned stats_interval_ms = 0;
  std::string config_file;
  GstStructure* headers = nullptr;  ///< owned
  GstStructure* meta = nullptr;     ///< owned
  std::bitset<64> explicitly_set;   ///< by property id

  H2SinkSettings();
  ~H2SinkSettings();
  H2SinkSettings(const H2SinkSettings& other);
  H2SinkSettings& operator=(const H2SinkSettings&) = delete;
};

/// Read-only properties the element itself answers; ids above all of the table's.
enum H2SinkStateProperty : guint { kPropConnectionState = 60, kPropEstimatedBitrate, kPropStats };

/// Adds all properties to the class.
void install_properties(GObjectClass* object_class);

/// Sets or reads one of the table's properties. @return false for an id that is not in the table.
bool set_setting(H2SinkSettings& settings, guint id, const GValue* value);
bool get_setting(const H2SinkSettings& settings, guint id, GValue* value);

/// What the element runs with: explicit properties, then environment, then config-file, then defaults (gst-elements.md
/// A3). @return the sentence names file, key and fix.
tl::expected<std::unique_ptr<H2SinkSettings>, Failure> resolve(const H2SinkSettings& settings,
                                                               GObjectClass* object_class, const char* element_name);

GType connection_state_type();

}  // namespace camspan::plugin
