/// What all elements need to stand between GStreamer and the core.
#pragma once

#include <gst/base/gstbasesink.h>
#include <gst/gst.h>
#include <camspan/error.hpp>
#include <camspan/unit.hpp>

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

/// Sends the core's log to the GStreamer category `camspancore`.
void route_log();

}  // namespace camspan::plugin
