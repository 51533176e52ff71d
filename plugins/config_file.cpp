#include "config_file.hpp"

#include <memory>

namespace camspan::plugin {
namespace {

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

}  // namespace

tl::expected<void, Failure> apply_config_file(const std::string& path, const char* group, GObjectClass* object_class,
                                              const ConfigFileUser& user) {
  const std::string where = path + ": [" + group + "] ";
  const std::string see = ". gst-inspect-1.0 " + std::string(group);
  const std::unique_ptr<GKeyFile, decltype(&g_key_file_unref)> file(g_key_file_new(), g_key_file_unref);
  g_autoptr(GError) error = nullptr;
  if (!g_key_file_load_from_file(file.get(), path.c_str(), G_KEY_FILE_NONE, &error))
    return bad("cannot read config-file " + path + ": " + error->message + ".");
  if (!g_key_file_has_group(file.get(), group)) return {};
  const std::unique_ptr<gchar*, decltype(&g_strfreev)> keys(g_key_file_get_keys(file.get(), group, nullptr, nullptr),
                                                            g_strfreev);
  for (gchar** key = keys.get(); key && *key; ++key) {
    GParamSpec* spec = g_object_class_find_property(object_class, *key);
    if (!spec || !user.has(spec->param_id))
      return bad(where + "has no property \"" + *key + "\"" + see + " lists them.");
    if (user.is_set(spec->param_id)) continue;
    const std::unique_ptr<gchar, decltype(&g_free)> text(g_key_file_get_string(file.get(), group, *key, nullptr),
                                                         g_free);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    const bool read = text && gst_value_deserialize(&value, text.get()) && !g_param_value_validate(spec, &value);
    if (read) user.set(spec->param_id, &value);
    g_value_unset(&value);
    if (!read) return bad(where + *key + " has no valid value" + see + " tells the range.");
  }
  return {};
}

}  // namespace camspan::plugin
