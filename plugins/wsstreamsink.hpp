/// wsstreamsink: serves a stream to WebSocket and HTTP clients from the pipeline itself.
#pragma once

#include <gst/base/gstbasesink.h>
#include <gst/gst.h>

#define WS_TYPE_STREAM_SINK (ws_stream_sink_get_type())
G_DECLARE_FINAL_TYPE(WsStreamSink, ws_stream_sink, WS, STREAM_SINK, GstBaseSink)

GST_ELEMENT_REGISTER_DECLARE(wsstreamsink)
