/// h2sink in a harness.
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

/// A harness around `h2sink <properties>`, with a bus.
class Sink {
 public:
  explicit Sink(const std::string& properties, const char* caps = "video/x-flv") {
    GstElement* bin = gst_parse_bin_from_description(("h2sink name=s " + properties).c_str(), TRUE, nullptr);
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
