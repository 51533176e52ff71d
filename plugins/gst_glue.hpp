/// What all elements need to stand between GStreamer and the core.
#pragma once

#include <gst/base/gstbasesink.h>
#include <gst/gst.h>
#include <camspan/error.hpp>
#include <camspan/unit.hpp>

#include <exception>
#include <memory>

namespace camspan::plugin {

struct Unref {
  void operator()(gpointer object) const { gst_object_unref(object); }
};
template <class T>
using ObjectPtr = std::unique_ptr<T, Unref>;

/// The buffer's bytes as a unit: mapped read-only and kept alive, not copied. nullptr if it cannot be mapped.
/// pts and dts become running time of `segment`.
std::shared_ptr<Unit> to_unit(GstBuffer* buffer, const GstSegment& segment);

/// When the buffer was captured: by its reference timestamp (timestamp/x-unix) if it has one, else by the pipeline's
/// clock for a live stream.
std::optional<UtcTime> capture_time(GstElement* element, GstBuffer* buffer, const GstSegment& segment, bool live);

/// Posts an ERROR (or WARNING) of the domain and code that fit (gst-elements.md A8), with the sentence as text and
/// machine-readable details.
void post_error(GstElement* element, const Failure& failure, bool ever_connected);
void post_warning(GstElement* element, const Failure& failure);

/// Posts that an exception has stopped the element.
void post_stopped(GstElement* element, const char* what);

/// Runs `body`; an exception becomes an ERROR on the bus and `otherwise`.
template <class Element, class Value, class Body>
Value guarded(Element* element, Value otherwise, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& problem) {
    post_stopped(GST_ELEMENT(element), problem.what());
  } catch (...) {
    post_stopped(GST_ELEMENT(element), "unknown exception");
  }
  return otherwise;
}

/// A sink that reaches PLAYING without a peer, is not paced, and keeps no buffer behind.
void init_live_sink(GstBaseSink* sink);
/// `render_list` by `Render`, which does not throw.
template <GstFlowReturn (*Render)(GstBaseSink*, GstBuffer*) noexcept>
GstFlowReturn render_each(GstBaseSink* sink, GstBufferList* list) noexcept {
  for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
    const GstFlowReturn flow = Render(sink, gst_buffer_list_get(list, i));
    if (flow != GST_FLOW_OK) return flow;
  }
  return GST_FLOW_OK;
}

/// What GstBaseSink itself counts: average-rate, dropped, rendered. The caller frees it.
GstStructure* base_sink_stats(GstBaseSink* sink);
/// Calls `post` with the element every `interval_ms`, on a thread of the system clock. @return the caller unschedules
/// it; null when the interval is 0
GstClockID start_stats_timer(GstElement* element, unsigned interval_ms, GstClockCallback post);
/// Asks upstream for a key frame.
void send_force_key_unit(GstBaseSink* sink);

/// Accumulators of signals: the first handler that gives a text, or the first handler, decides.
gboolean first_answer(GSignalInvocationHint* hint, GValue* result, const GValue* answer, gpointer data);
gboolean first_decision(GSignalInvocationHint* hint, GValue* result, const GValue* answer, gpointer data);

/// Sends the core's log to the GStreamer category `camspancore`.
void route_log();

}  // namespace camspan::plugin
