#include <cstring>

#include "h2sink_state.hpp"

namespace camspan::plugin {
namespace {

GstURIType uri_type(GType) {
  return GST_URI_SINK;
}

const gchar* const* uri_protocols(GType) {
  static const gchar* protocols[] = {"h2", "h2c", nullptr};
  return protocols;
}

gchar* get_uri(GstURIHandler* handler) {
  g_autofree gchar* location = nullptr;
  g_object_get(handler, "location", &location, nullptr);
  if (!location) return nullptr;
  if (g_str_has_prefix(location, "https://")) return g_strconcat("h2://", location + strlen("https://"), nullptr);
  if (g_str_has_prefix(location, "http://")) return g_strconcat("h2c://", location + strlen("http://"), nullptr);
  return g_strdup(location);
}

/// h2://host/path?retries=3 sets location and the properties named by the query.
gboolean set_uri(GstURIHandler* handler, const gchar* text, GError** error) {
  GstUri* uri = gst_uri_from_string(text);
  if (!uri) {
    g_set_error(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI, "%s is no URI", text);
    return FALSE;
  }
  gboolean ok = TRUE;
  GHashTable* query = gst_uri_get_query_table(uri);
  GHashTableIter iter;
  gpointer key = nullptr;
  gpointer value = nullptr;
  if (query) g_hash_table_iter_init(&iter, query);
  while (ok && query && g_hash_table_iter_next(&iter, &key, &value)) {
    const auto* name = static_cast<const gchar*>(key);
    if (!g_object_class_find_property(G_OBJECT_GET_CLASS(handler), name)) {
      g_set_error(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI, "h2sink has no property %s", name);
      ok = FALSE;
    } else {
      gst_util_set_object_arg(G_OBJECT(handler), name, value ? static_cast<const gchar*>(value) : "true");
    }
  }
  if (query) g_hash_table_unref(query);
  if (ok) {
    gst_uri_set_query_table(uri, nullptr);
    gst_uri_set_scheme(uri, g_strcmp0(gst_uri_get_scheme(uri), "h2c") == 0 ? "http" : "https");
    g_autofree gchar* location = gst_uri_to_string(uri);
    g_object_set(handler, "location", location, nullptr);
  }
  gst_uri_unref(uri);
  return ok;
}

}  // namespace

void uri_handler_init(gpointer iface, gpointer) {
  auto* handler = static_cast<GstURIHandlerInterface*>(iface);
  handler->get_type = uri_type;
  handler->get_protocols = uri_protocols;
  handler->get_uri = get_uri;
  handler->set_uri = set_uri;
}

}  // namespace camspan::plugin
