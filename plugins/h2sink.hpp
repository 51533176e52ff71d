/// h2sink: uploads FLV or any bytes over HTTP/2.
#pragma once

#include <gst/base/gstbasesink.h>
#include <gst/gst.h>

#define H2_TYPE_SINK (h2_sink_get_type())
G_DECLARE_FINAL_TYPE(H2Sink, h2_sink, H2, SINK, GstBaseSink)

GST_ELEMENT_REGISTER_DECLARE(h2sink)
