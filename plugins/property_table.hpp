/// Properties of an element as rows of a table, which drives installing, setting and reading them.
#pragma once

#include <gst/gst.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

namespace camspan::plugin {

/// One property of `Settings`. Values of enums and of GStreamer's own types go by functions.
template <class Settings>
struct Property {
  using Text = std::string Settings::*;
  using Bool = bool Settings::*;
  using Int = int Settings::*;
  using Uint = unsigned Settings::*;
  using Port = std::uint16_t Settings::*;
  using Uint64 = std::uint64_t Settings::*;
  using Millis = std::chrono::milliseconds Settings::*;
  using Nanos = std::chrono::nanoseconds Settings::*;
  struct Choice {
    GType (*type)();
    int (*get)(const Settings&);
    void (*set)(Settings&, int);
  };
  struct Custom {
    GParamSpec* (*spec)(const char* name, const char* blurb, GParamFlags flags);
    void (*get)(const Settings&, GValue*);
    void (*set)(Settings&, const GValue*);
  };

  guint id;
  const char* name;
  const char* blurb;
  gint mutability;  ///< one GST_PARAM_MUTABLE_*
  std::variant<Text, Bool, Int, Uint, Port, Uint64, Millis, Nanos, Choice, Custom> member;
  gint64 min = 0;
  gint64 max = 0;
  bool secret = false;  ///< written only
};

/// The property of an enum that is a member of `Settings`; the values of `type` are those of the enum.
template <class Settings, auto Member>
constexpr typename Property<Settings>::Choice choice(GType (*type)()) {
  return {type, [](const Settings& settings) { return static_cast<int>(settings.*Member); },
          [](Settings& settings, int value) {
            settings.*Member = static_cast<std::remove_reference_t<decltype(settings.*Member)>>(value);
          }};
}

template <class Settings>
GParamSpec* make_spec(const Property<Settings>& row, const Settings& defaults) {
  using P = Property<Settings>;
  const auto access = row.secret ? G_PARAM_WRITABLE : G_PARAM_READWRITE;
  const auto flags = static_cast<GParamFlags>(access | G_PARAM_STATIC_STRINGS | row.mutability);
  const auto uint_spec = [&](guint64 value) {
    return g_param_spec_uint(row.name, row.name, row.blurb, static_cast<guint>(row.min), static_cast<guint>(row.max),
                             static_cast<guint>(value), flags);
  };
  const auto uint64_spec = [&](guint64 value) {
    return g_param_spec_uint64(row.name, row.name, row.blurb, static_cast<guint64>(row.min),
                               static_cast<guint64>(row.max), value, flags);
  };
  if (const auto* text = std::get_if<typename P::Text>(&row.member)) {
    const std::string& value = defaults.**text;
    return g_param_spec_string(row.name, row.name, row.blurb, value.empty() ? nullptr : value.c_str(), flags);
  }
  if (const auto* truth = std::get_if<typename P::Bool>(&row.member))
    return g_param_spec_boolean(row.name, row.name, row.blurb, defaults.**truth, flags);
  if (const auto* sign = std::get_if<typename P::Int>(&row.member))
    return g_param_spec_int(row.name, row.name, row.blurb, static_cast<gint>(row.min), static_cast<gint>(row.max),
                            defaults.**sign, flags);
  if (const auto* number = std::get_if<typename P::Uint>(&row.member)) return uint_spec(defaults.**number);
  if (const auto* port = std::get_if<typename P::Port>(&row.member)) return uint_spec(defaults.**port);
  if (const auto* large = std::get_if<typename P::Uint64>(&row.member)) return uint64_spec(defaults.**large);
  if (const auto* millis = std::get_if<typename P::Millis>(&row.member))
    return uint_spec(static_cast<guint64>((defaults.**millis).count()));
  if (const auto* nanos = std::get_if<typename P::Nanos>(&row.member))
    return uint64_spec(static_cast<guint64>((defaults.**nanos).count()));
  if (const auto* of = std::get_if<typename P::Choice>(&row.member))
    return g_param_spec_enum(row.name, row.name, row.blurb, of->type(), of->get(defaults), flags);
  return std::get<typename P::Custom>(row.member).spec(row.name, row.blurb, flags);
}

/// Adds the rows to a class.
template <class Settings>
void install(GObjectClass* object_class, std::span<const Property<Settings>> rows) {
  const Settings defaults;
  for (const Property<Settings>& row : rows) {
    GParamSpec* spec = make_spec(row, defaults);
    if (G_IS_PARAM_SPEC_ENUM(spec) || G_IS_PARAM_SPEC_FLAGS(spec))
      gst_type_mark_as_plugin_api(spec->value_type, static_cast<GstPluginAPIFlags>(0));
    g_object_class_install_property(object_class, row.id, spec);
  }
}

template <class Settings>
const Property<Settings>* find(std::span<const Property<Settings>> rows, guint id) {
  const auto row = std::find_if(rows.begin(), rows.end(), [id](const Property<Settings>& r) { return r.id == id; });
  return row == rows.end() ? nullptr : &*row;
}

template <class Settings>
void set(Settings& settings, const Property<Settings>& row, const GValue* value) {
  using P = Property<Settings>;
  if (const auto* text = std::get_if<typename P::Text>(&row.member)) {
    const char* given = g_value_get_string(value);
    settings.** text = given ? given : "";
  } else if (const auto* truth = std::get_if<typename P::Bool>(&row.member)) {
    settings.** truth = g_value_get_boolean(value) != FALSE;
  } else if (const auto* sign = std::get_if<typename P::Int>(&row.member)) {
    settings.** sign = g_value_get_int(value);
  } else if (const auto* number = std::get_if<typename P::Uint>(&row.member)) {
    settings.** number = g_value_get_uint(value);
  } else if (const auto* port = std::get_if<typename P::Port>(&row.member)) {
    settings.** port = static_cast<std::uint16_t>(g_value_get_uint(value));
  } else if (const auto* large = std::get_if<typename P::Uint64>(&row.member)) {
    settings.** large = g_value_get_uint64(value);
  } else if (const auto* millis = std::get_if<typename P::Millis>(&row.member)) {
    settings.** millis = std::chrono::milliseconds(g_value_get_uint(value));
  } else if (const auto* nanos = std::get_if<typename P::Nanos>(&row.member)) {
    settings.** nanos = std::chrono::nanoseconds(static_cast<gint64>(g_value_get_uint64(value)));
  } else if (const auto* of = std::get_if<typename P::Choice>(&row.member)) {
    of->set(settings, g_value_get_enum(value));
  } else {
    std::get<typename P::Custom>(row.member).set(settings, value);
  }
}

template <class Settings>
void get(const Settings& settings, const Property<Settings>& row, GValue* value) {
  using P = Property<Settings>;
  if (const auto* text = std::get_if<typename P::Text>(&row.member)) {
    const std::string& held = settings.**text;
    g_value_set_string(value, held.empty() ? nullptr : held.c_str());
  } else if (const auto* truth = std::get_if<typename P::Bool>(&row.member)) {
    g_value_set_boolean(value, settings.**truth);
  } else if (const auto* sign = std::get_if<typename P::Int>(&row.member)) {
    g_value_set_int(value, settings.**sign);
  } else if (const auto* number = std::get_if<typename P::Uint>(&row.member)) {
    g_value_set_uint(value, settings.**number);
  } else if (const auto* port = std::get_if<typename P::Port>(&row.member)) {
    g_value_set_uint(value, settings.**port);
  } else if (const auto* large = std::get_if<typename P::Uint64>(&row.member)) {
    g_value_set_uint64(value, settings.**large);
  } else if (const auto* millis = std::get_if<typename P::Millis>(&row.member)) {
    g_value_set_uint(value, static_cast<guint>((settings.**millis).count()));
  } else if (const auto* nanos = std::get_if<typename P::Nanos>(&row.member)) {
    g_value_set_uint64(value, static_cast<guint64>((settings.**nanos).count()));
  } else if (const auto* of = std::get_if<typename P::Choice>(&row.member)) {
    g_value_set_enum(value, of->get(settings));
  } else {
    std::get<typename P::Custom>(row.member).get(settings, value);
  }
}

/// True if a property of that mutability cannot be changed in this state any more.
inline bool is_fixed(const GParamSpec* spec, GstState state) {
  const auto flags = static_cast<gint>(spec->flags);
  return (state >= GST_STATE_PAUSED && (flags & GST_PARAM_MUTABLE_READY) != 0) ||
         (state >= GST_STATE_PLAYING && (flags & GST_PARAM_MUTABLE_PAUSED) != 0);
}

}  // namespace camspan::plugin
