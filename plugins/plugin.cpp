#include <gst/gst.h>

#include "gst_glue.hpp"
#include "h2sink.hpp"
#ifdef CAMSPAN_P2P
#include "p2psink.hpp"
#endif
#include "wsstreamsink.hpp"

static gboolean plugin_init(GstPlugin* plugin) {
  camspan::plugin::route_log();
  gboolean done = GST_ELEMENT_REGISTER(h2sink, plugin);
  done = GST_ELEMENT_REGISTER(wsstreamsink, plugin) && done;
#ifdef CAMSPAN_P2P
  done = GST_ELEMENT_REGISTER(p2psink, plugin) && done;
#endif
  return done;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, camspan,
                  "Gets what a camera sees to the people who watch it, and their voices back", plugin_init,
                  CAMSPAN_VERSION, "MIT/X11", "camspan", "https://camspan.example/")
