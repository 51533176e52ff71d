#include "gst_glue.hpp"
#include "h2sink_state.hpp"

namespace camspan::plugin {
namespace {

void set(GstStructure* stats, const char* name, std::uint64_t value) {
  gst_structure_set(stats, name, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

guint64 spool_time(std::optional<UtcTime> oldest) {
  if (!oldest) return GST_CLOCK_TIME_NONE;
  return static_cast<guint64>(oldest->time_since_epoch().count()) * GST_MSECOND;
}

GstStructure* make_stats(H2Sink* sink) {
  H2SinkState& data = state_of(sink);
  const auto push = push_of(sink);
  const H2PushStats now = push ? push->stats() : H2PushStats();
  data.goodput = now.goodput;
  std::unique_lock held(data.mutex);
  const H2PushStats before = data.total;
  held.unlock();

  GstStructure* stats = base_sink_stats(GST_BASE_SINK(sink));
  gst_structure_set_name(stats, "application/x-h2sink-stats");
  set(stats, "bytes-in", before.bytes_in + now.bytes_in);
  set(stats, "bytes-queued", now.bytes_queued);
  set(stats, "bytes-sent", before.bytes_sent + now.bytes_sent);
  set(stats, "bytes-acked", before.bytes_acked + now.bytes_acked);
  set(stats, "bytes-resent", before.bytes_resent + now.bytes_resent);
  set(stats, "bytes-dropped-overflow", before.bytes_dropped_overflow + now.bytes_dropped_overflow);
  set(stats, "bytes-dropped-error", before.bytes_dropped_error + now.bytes_dropped_error);
  set(stats, "bytes-dropped-spool", before.bytes_dropped_spool + now.bytes_dropped_spool);
  set(stats, "spool-bytes", now.spool_bytes);
  set(stats, "spool-oldest-time", spool_time(now.spool_oldest));
  set(stats, "units-dropped", before.units_dropped + now.units_dropped);
  set(stats, "tags-acked", now.tags_acked);
  set(stats, "requests", before.requests + now.requests);
  set(stats, "connects", before.connects + now.connects);
  set(stats, "http-status", static_cast<std::uint64_t>(now.http_status));
  gst_structure_set(stats, "rtt-ms", G_TYPE_DOUBLE, static_cast<double>(now.rtt.count()) / 1000.0, "connection-state",
                    connection_state_type(), static_cast<gint>(data.connection.load()), "stream-id", G_TYPE_STRING,
                    now.stream_id.c_str(), nullptr);
  set(stats, "flow-window", now.flow_window);
  set(stats, "send-rate", now.send_rate);
  set(stats, "goodput", now.goodput);
  set(stats, "connect-ms", static_cast<std::uint64_t>(now.connect_time.count()));
  set(stats, "tls-ms", static_cast<std::uint64_t>(now.tls_time.count()));
  set(stats, "first-ack-ms", static_cast<std::uint64_t>(now.first_ack_time.count()));
  set(stats, "level-bytes", now.bytes_queued);
  set(stats, "level-time", static_cast<std::uint64_t>(now.time_queued.count()));
  return stats;
}

}  // namespace camspan::plugin
