/// `config-file`: values for properties that nothing else set (gst-elements.md A3).
#pragma once

#include <gst/gst.h>
#include <camspan/error.hpp>

#include <functional>
#include <string>

namespace camspan::plugin {

/// What an element does with the entries of its group.
struct ConfigFileUser {
  std::function<bool(guint id)> has;                       ///< there is such a property, and a file may set it
  std::function<bool(guint id)> is_set;                    ///< something of more weight set it already
  std::function<void(guint id, const GValue* value)> set;  ///< with a value in range
};

/// Reads the group `group` of the key file at `path`. @return the sentence names file, key and fix.
tl::expected<void, Failure> apply_config_file(const std::string& path, const char* group, GObjectClass* object_class,
                                              const ConfigFileUser& user);

}  // namespace camspan::plugin
