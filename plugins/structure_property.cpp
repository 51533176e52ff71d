#include "structure_property.hpp"

namespace camspan::plugin {
namespace {

/// `value` as text, if it has one.
std::unique_ptr<gchar, decltype(&g_free)> text_of(const GValue* value) {
  GValue text = G_VALUE_INIT;
  g_value_init(&text, G_TYPE_STRING);
  std::unique_ptr<gchar, decltype(&g_free)> made(nullptr, g_free);
  if (g_value_transform(value, &text)) made.reset(g_value_dup_string(&text));
  g_value_unset(&text);
  return made;
}

gboolean append_field(GQuark field, const GValue* value, gpointer user) {
  auto& fields = *static_cast<std::vector<std::pair<std::string, std::string>>*>(user);
  const std::unique_ptr<gchar, decltype(&g_free)> name(g_ascii_strdown(g_quark_to_string(field), -1), g_free);
  if (const auto text = text_of(value)) fields.emplace_back(name.get(), text.get());
  return TRUE;
}

std::string quoted(const char* text) {
  std::string out = "\"";
  for (; *text; ++text) {
    const auto c = static_cast<unsigned char>(*text);
    if (c == '"' || c == '\\') out += '\\';
    if (c >= 0x20) out += static_cast<char>(c);
  }
  return out += '"';
}

std::string json_value(const GValue* value) {
  if (G_VALUE_HOLDS_BOOLEAN(value)) return g_value_get_boolean(value) ? "true" : "false";
  const auto text = text_of(value);
  if (!text) return "null";
  const bool plain = G_VALUE_HOLDS_INT(value) || G_VALUE_HOLDS_UINT(value) || G_VALUE_HOLDS_INT64(value) ||
                     G_VALUE_HOLDS_UINT64(value);
  return plain ? text.get() : quoted(text.get());
}

gboolean append_json(GQuark field, const GValue* value, gpointer user) {
  auto& out = *static_cast<std::string*>(user);
  if (out.size() > 1) out += ',';
  out += quoted(g_quark_to_string(field)) + ':' + json_value(value);
  return TRUE;
}

}  // namespace

GParamSpec* structure_spec(const char* name, const char* blurb, GParamFlags flags) {
  return g_param_spec_boxed(name, name, blurb, GST_TYPE_STRUCTURE, flags);
}

SharedStructure copy_of(const GValue* value) {
  const auto* given = static_cast<const GstStructure*>(g_value_get_boxed(value));
  return given ? SharedStructure(gst_structure_copy(given),
                                 [](const GstStructure* s) { gst_structure_free(const_cast<GstStructure*>(s)); })
               : nullptr;
}

std::vector<std::pair<std::string, std::string>> request_fields(const GstStructure* structure) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (structure) gst_structure_foreach(structure, append_field, &fields);
  return fields;
}

void get_redacted(const GstStructure* structure, GValue* value) {
  if (!structure) return;
  GstStructure* copy = gst_structure_copy(structure);
  for (const char* name : {"authorization", "Authorization", "cookie", "Cookie", "proxy-authorization"})
    if (gst_structure_has_field(copy, name)) gst_structure_set(copy, name, G_TYPE_STRING, "***", nullptr);
  g_value_take_boxed(value, copy);
}

std::string json_of(const GstStructure* structure) {
  if (!structure) return {};
  std::string json = "{";
  gst_structure_foreach(structure, append_json, &json);
  return json += '}';
}

}  // namespace camspan::plugin
