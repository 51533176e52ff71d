/// p2psink: shows a live stream to viewers who connect straight to the camera.
#pragma once

#include <gst/gst.h>

#define P2P_TYPE_SINK (p2p_sink_get_type())
G_DECLARE_FINAL_TYPE(P2pSink, p2p_sink, P2P, SINK, GstBin)

GST_ELEMENT_REGISTER_DECLARE(p2psink)
