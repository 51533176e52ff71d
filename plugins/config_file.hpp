/// `config-file`: values for properties that nothing else set (gst-elements.md A3).
#pragma once

#include <gst/gst.h>
#include <camspan/error.hpp>

#include <cstring>
#include <functional>
#include <span>
#include <string>

#include "property_table.hpp"

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

/// Takes what the file that `settings` name says about those of `rows` that nothing set yet. `set_here` says which are
/// set, before and after.
template <class Settings>
tl::expected<void, Failure> apply_config_file(Settings& settings, std::span<const Property<Settings>> rows,
                                              const char* group, GObjectClass* object_class) {
  if (settings.config_file.empty()) return {};
  ConfigFileUser user;
  user.has = [rows](guint id) {
    const Property<Settings>* row = find(rows, id);
    return row && std::strcmp(row->name, "config-file") != 0;
  };
  user.is_set = [&settings](guint id) { return settings.set_here.test(id); };
  user.set = [&settings, rows](guint id, const GValue* value) {
    set(settings, *find(rows, id), value);
    settings.set_here.set(id);
  };
  return apply_config_file(settings.config_file, group, object_class, user);
}

}  // namespace camspan::plugin
