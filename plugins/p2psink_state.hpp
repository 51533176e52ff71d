/// Everything C++ of p2psink.
#pragma once

#include <gst/base/gstbasesink.h>
#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "p2psink.hpp"
#include "p2psink_settings.hpp"

namespace camspan::plugin {

/// Shared by the element, its child `signaller` and its input.
struct P2pSinkState {
  std::mutex mutex;
  P2pSinkSettings settings;           ///< guarded by it
  std::shared_ptr<P2pCamera> camera;  ///< between READY and PAUSED; the pointer is guarded by it
  P2pCameraStats total;               ///< counters of the runs before this one; guarded by it
  std::atomic<P2pState> connection{P2pState::idle};
  std::atomic<bool> ever_connected{false};
};

/// The camera, if one runs. Any thread.
std::shared_ptr<P2pCamera> camera_of(P2pSinkState& state);
P2pSinkState& state_of(P2pSink* sink);
/// The sink in the element that takes the stream; null when nothing is linked. The caller unrefs.
GstElement* input_of(P2pSink* sink);

/// Callbacks that turn the core's events into messages, signals and properties. They keep the element alive.
P2pCameraEvents make_p2p_events(P2pSink* sink);
/// application/x-p2psink-stats; the caller frees it.
GstStructure* make_p2p_stats(P2pSink* sink);
/// One entry of its `viewers`; the caller frees it.
GstStructure* make_viewer_stats(const P2pCameraViewerStats& viewer);
/// Everything since the element was made.
P2pCameraStats all_stats(P2pSinkState& state);
void add_run(P2pCameraStats& total, const P2pCameraStats& run);

GType p2p_connection_state_type();

/// The private GstBaseSink behind the pad `sink`.
GstElement* make_p2p_input(std::shared_ptr<P2pSinkState> state);
/// Asks upstream of it for a key frame.
void request_key_through(GstElement* input);
/// The child object `signaller`.
GstObject* make_p2p_signaller(std::shared_ptr<P2pSinkState> state);

void install_p2p_signals(GType type);
enum P2pSinkSignal {
  kP2pViewerConnecting,
  kP2pViewerAdded,
  kP2pViewerRemoved,
  kP2pViewerMessage,
  kP2pCommand,
  kP2pBitrateRequest,
  kP2pKeyframeRequested,
  kP2pGetViewers,
  kP2pDisconnectViewer,
  kP2pSendMessage,
  kP2pGetStats,
  kP2pSignalCount
};
extern guint p2p_sink_signals[kP2pSignalCount];

}  // namespace camspan::plugin
