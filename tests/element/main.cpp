#include <gst/gst.h>
#include <gtest/gtest.h>

/// GStreamer with our plugin from the build folder; a CRITICAL of GLib fails the test that caused it.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  gst_init(&argc, &argv);
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK));
  g_autoptr(GError) error = nullptr;
  GstPlugin* plugin = gst_plugin_load_file(PLUGIN_FILE, &error);
  if (!plugin) {
    g_printerr("cannot load %s: %s\n", PLUGIN_FILE, error->message);
    return 1;
  }
  gst_registry_add_plugin(gst_registry_get(), plugin);
  gst_object_unref(plugin);
  const int result = RUN_ALL_TESTS();
  gst_deinit();  // ends the pool of streaming threads, whose storage the leak check of g++ 12 cannot walk
  return result;
}
