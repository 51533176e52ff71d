#include "gst_glue.hpp"
#include "p2psink_state.hpp"

namespace camspan::plugin {
namespace {

void set(GstStructure* stats, const char* name, std::uint64_t value) {
  gst_structure_set(stats, name, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

/// -1 = not reached.
void set(GstStructure* stats, const char* name, const std::optional<std::chrono::milliseconds>& time) {
  gst_structure_set(stats, name, G_TYPE_INT64, static_cast<gint64>(time ? time->count() : -1), nullptr);
}

void set(GstStructure* stats, const char* name, const char* text) {
  gst_structure_set(stats, name, G_TYPE_STRING, text, nullptr);
}

}  // namespace

GstStructure* make_viewer_stats(const P2pCameraViewerStats& viewer) {
  GstStructure* stats = gst_structure_new_empty("viewer");
  set(stats, "id", viewer.id.c_str());
  set(stats, "viewer", viewer.viewer.c_str());
  set(stats, "state", viewer.connected ? "connected" : "connecting");
  set(stats, "delivery", viewer.delivery.c_str());
  set(stats, "remote-candidate-type", viewer.remote_candidate_type.c_str());
  gst_structure_set(stats, "relay", G_TYPE_BOOLEAN, viewer.relayed, nullptr);
  set(stats, "signal-ms", viewer.signal_time);
  set(stats, "ice-ms", viewer.ice_time);
  set(stats, "dtls-ms", viewer.dtls_time);
  set(stats, "open-ms", viewer.open_time);
  set(stats, "first-key-ms", viewer.first_key_time);
  gst_structure_set(stats, "rtt-ms", G_TYPE_DOUBLE, static_cast<double>(viewer.rtt.count()) / 1000.0, "loss",
                    G_TYPE_DOUBLE, viewer.loss, nullptr);
  set(stats, "cwnd", viewer.cwnd);
  set(stats, "buffered-bytes", viewer.buffered_bytes);
  set(stats, "queue-delay-ms", static_cast<std::uint64_t>(viewer.queue_delay / std::chrono::milliseconds(1)));
  set(stats, "bytes-sent", viewer.bytes_sent);
  set(stats, "frames-sent", viewer.frames_sent);
  set(stats, "frames-dropped-late", viewer.frames_dropped_late);
  set(stats, "frames-dropped-overflow", viewer.frames_dropped_overflow);
  set(stats, "frames-dropped-lifetime", viewer.frames_dropped_lifetime);
  set(stats, "key-requests", viewer.key_requests);
  set(stats, "estimated-bitrate", viewer.estimated_bitrate);
  set(stats, "loss-bitrate", viewer.loss_bitrate);
  gst_structure_set(stats, "too-lossy", G_TYPE_BOOLEAN, viewer.too_lossy, nullptr);
  return stats;
}

void add_run(P2pCameraStats& total, const P2pCameraStats& run) {
  total.bytes_in += run.bytes_in;
  total.bytes_sent += run.bytes_sent;
  total.frames_sent += run.frames_sent;
  total.frames_dropped_late += run.frames_dropped_late;
  total.frames_dropped_overflow += run.frames_dropped_overflow;
  total.frames_dropped_lifetime += run.frames_dropped_lifetime;
  total.bytes_dropped += run.bytes_dropped;
  total.input_dropped += run.input_dropped;
  total.viewers_total += run.viewers_total;
  total.viewers_failed += run.viewers_failed;
  total.viewers_refused += run.viewers_refused;
  total.key_requests += run.key_requests;
}

P2pCameraStats all_stats(P2pSinkState& state) {
  const auto camera = camera_of(state);
  P2pCameraStats stats = camera ? camera->stats() : P2pCameraStats();
  const std::lock_guard held(state.mutex);
  add_run(stats, state.total);
  return stats;
}

GstStructure* make_p2p_stats(P2pSink* sink) {
  P2pSinkState& state = state_of(sink);
  const P2pCameraStats now = all_stats(state);
  const ObjectPtr<GstElement> input(input_of(sink));
  GstStructure* stats = input ? base_sink_stats(GST_BASE_SINK(input.get())) : gst_structure_new_empty("stats");
  gst_structure_set_name(stats, "application/x-p2psink-stats");
  set(stats, "bytes-in", now.bytes_in);
  set(stats, "bytes-sent", now.bytes_sent);
  set(stats, "frames-sent", now.frames_sent);
  set(stats, "frames-dropped-late", now.frames_dropped_late);
  set(stats, "frames-dropped-overflow", now.frames_dropped_overflow);
  set(stats, "frames-dropped-lifetime", now.frames_dropped_lifetime);
  set(stats, "bytes-dropped", now.bytes_dropped);
  set(stats, "frames-dropped-input", now.input_dropped);
  set(stats, "viewers-total", now.viewers_total);
  set(stats, "viewers-failed", now.viewers_failed);
  set(stats, "viewers-refused", now.viewers_refused);
  set(stats, "num-viewers", now.viewers.size());
  set(stats, "key-requests", now.key_requests);
  set(stats, "gop-cache-bytes", now.gop_cache_bytes);
  set(stats, "level-bytes", now.level_bytes);
  set(stats, "budget-used", now.budget_used);
  set(stats, "bitrate-in", now.bitrate_in);
  set(stats, "estimated-bitrate", now.estimated_bitrate);
  set(stats, "target-bitrate", now.target_bitrate);
  gst_structure_set(stats, "connection-state", p2p_connection_state_type(), static_cast<gint>(state.connection.load()),
                    nullptr);
  GValue viewers = G_VALUE_INIT;
  gst_value_array_init(&viewers, static_cast<guint>(now.viewers.size()));
  for (const P2pCameraViewerStats& viewer : now.viewers) {
    GValue entry = G_VALUE_INIT;
    g_value_init(&entry, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&entry, make_viewer_stats(viewer));
    gst_value_array_append_and_take_value(&viewers, &entry);
  }
  gst_structure_take_value(stats, "viewers", &viewers);
  return stats;
}

}  // namespace camspan::plugin
