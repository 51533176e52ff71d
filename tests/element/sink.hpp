/// A sink of ours in a harness.
#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/flv_maker.hpp"
#include "support/upload_server.hpp"

namespace camspan::test {

inline UploadServer::Plan always(UploadServer::Answer answer) {
  return [answer](std::size_t) {
    UploadServer::Script script;
    script.answer = answer;
    return script;
  };
}

struct Teardown {
  void operator()(GstHarness* harness) const { gst_harness_teardown(harness); }
};
struct UnrefObject {
  void operator()(gpointer object) const { gst_object_unref(object); }
};

inline GstBuffer* buffer(const Bytes& bytes) {
  return gst_buffer_new_memdup(bytes.data(), bytes.size());
}

/// Sets and reads every property of the element within its range. @return how many it has of its own
inline int round_trip_properties(const char* name) {
  const std::unique_ptr<GstElement, UnrefObject> element(gst_element_factory_make(name, nullptr));
  gst_object_ref_sink(element.get());
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element.get()), &count);
  int ours = 0;
  for (guint i = 0; i < count; ++i) {
    GParamSpec* spec = specs[i];
    if (spec->owner_type != G_OBJECT_TYPE(element.get())) continue;
    ++ours;
    EXPECT_GT(strlen(g_param_spec_get_blurb(spec)), 15u) << spec->name;
    const bool read = spec->flags & G_PARAM_READABLE;
    const bool write = spec->flags & G_PARAM_WRITABLE;
    if (write) {
      const int mutability = (spec->flags & GST_PARAM_MUTABLE_READY ? 1 : 0) +
                             (spec->flags & GST_PARAM_MUTABLE_PAUSED ? 1 : 0) +
                             (spec->flags & GST_PARAM_MUTABLE_PLAYING ? 1 : 0);
      EXPECT_EQ(mutability, 1) << spec->name;
    }
    if (!read || !write) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    g_object_get_property(G_OBJECT(element.get()), spec->name, &value);
    const bool comparable = !G_VALUE_HOLDS_BOXED(&value);
    EXPECT_TRUE(!comparable || g_param_value_defaults(spec, &value)) << spec->name;
    if (G_VALUE_HOLDS_STRING(&value)) g_value_set_static_string(&value, "some text");
    if (G_VALUE_HOLDS_UINT(&value)) g_value_set_uint(&value, G_PARAM_SPEC_UINT(spec)->maximum);
    if (G_VALUE_HOLDS_UINT64(&value)) g_value_set_uint64(&value, G_PARAM_SPEC_UINT64(spec)->maximum);
    if (G_VALUE_HOLDS_INT(&value)) g_value_set_int(&value, G_PARAM_SPEC_INT(spec)->maximum);
    if (strcmp(spec->name, "memory-budget") == 0) g_value_set_uint64(&value, 1 << 30);
    g_object_set_property(G_OBJECT(element.get()), spec->name, &value);
    GValue back = G_VALUE_INIT;
    g_value_init(&back, spec->value_type);
    g_object_get_property(G_OBJECT(element.get()), spec->name, &back);
    EXPECT_TRUE(!comparable || g_param_values_cmp(spec, &value, &back) == 0) << spec->name;
    g_value_unset(&value);
    g_value_unset(&back);
  }
  g_free(specs);
  return ours;
}

/// A harness around `<element> <properties>`, with a bus.
class Sink {
 public:
  explicit Sink(const std::string& properties, const char* caps = "video/x-flv",
                const std::string& element = "h2sink") {
    GstElement* bin = gst_parse_bin_from_description((element + " name=s " + properties).c_str(), TRUE, nullptr);
    element_ = gst_bin_get_by_name(GST_BIN(bin), "s");
    // A parsed line is a bin; its messages come out of the bin. The harness starts it, and it may speak at once.
    bus_.reset(gst_bus_new());
    gst_element_set_bus(bin, bus_.get());
    harness_.reset(gst_harness_new_with_element(bin, "sink", nullptr));
    gst_object_unref(bin);
    if (caps) gst_harness_set_src_caps_str(harness_.get(), caps);
  }
  ~Sink() {
    gst_element_set_bus(harness_->element, nullptr);
    gst_object_unref(element_);
  }

  GstHarness* harness() { return harness_.get(); }
  GstElement* element() { return element_; }
  GstFlowReturn push(const Bytes& bytes) { return gst_harness_push(harness_.get(), buffer(bytes)); }
  GstFlowReturn push_all(const std::vector<Bytes>& tags) {
    GstFlowReturn flow = push(test::flv_file({}));
    for (const Bytes& tag : tags)
      if (flow == GST_FLOW_OK) flow = push(tag);
    return flow;
  }
  bool eos() { return gst_harness_push_event(harness_.get(), gst_event_new_eos()); }
  /// Waits for a message of `types`, at most 10 s.
  std::unique_ptr<GstMessage, decltype(&gst_message_unref)> wait(GstMessageType types) {
    return {gst_bus_timed_pop_filtered(bus_.get(), 10 * GST_SECOND, types), gst_message_unref};
  }
  bool has(GstMessageType types) {
    GstMessage* message = gst_bus_pop_filtered(bus_.get(), types);
    if (message) gst_message_unref(message);
    return message != nullptr;
  }
  GstStructure* stats() {
    GstStructure* stats = nullptr;
    g_object_get(element_, "stats", &stats, nullptr);
    return stats;
  }
  guint64 stat(const char* name) {
    GstStructure* all = stats();
    guint64 value = G_MAXUINT64;
    EXPECT_TRUE(gst_structure_get_uint64(all, name, &value)) << name;
    gst_structure_free(all);
    return value;
  }

 private:
  std::unique_ptr<GstBus, UnrefObject> bus_;
  std::unique_ptr<GstHarness, Teardown> harness_;
  GstElement* element_ = nullptr;
};

}  // namespace camspan::test
