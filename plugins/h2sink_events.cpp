#include "core/log.hpp"
#include "gst_glue.hpp"
#include "h2sink_state.hpp"

namespace camspan::plugin {
namespace {

GST_DEBUG_CATEGORY_STATIC(h2_sink_events_category);
#define GST_CAT_DEFAULT h2_sink_events_category

void post_element_message(H2Sink* sink, GstStructure* structure) {
  gst_element_post_message(GST_ELEMENT(sink), gst_message_new_element(GST_OBJECT(sink), structure));
}

void on_state(H2Sink* sink, ConnectionState state) {
  H2SinkState& data = state_of(sink);
  const ConnectionState before = data.connection.exchange(state);
  GST_INFO_OBJECT(sink, "connection %d -> %d", static_cast<int>(before), static_cast<int>(state));
  g_object_notify(G_OBJECT(sink), "connection-state");
  if (state == ConnectionState::connected && before != ConnectionState::draining) {
    data.ever_connected = true;
    const auto push = push_of(sink);
    const H2PushStats stats = push ? push->stats() : H2PushStats();
    GstStructure* info = gst_structure_new("info", "stream-id", G_TYPE_STRING, stats.stream_id.c_str(), "connect-ms",
                                           G_TYPE_UINT64, static_cast<guint64>(stats.connect_time.count()), "tls-ms",
                                           G_TYPE_UINT64, static_cast<guint64>(stats.tls_time.count()), nullptr);
    g_signal_emit(sink, h2_sink_signals[kSignalConnected], 0, info);
    gst_structure_free(info);
  }
}

/// Each try ends on the bus, too: gst-launch-1.0 waits for what has begun before it goes to PLAYING.
void on_progress(H2Sink* sink, bool reconnect, int attempt, ConnectStep step) {
  GstProgressType type = GST_PROGRESS_TYPE_START;
  std::string text = "Connecting, try " + std::to_string(attempt);
  if (step == ConnectStep::complete) {
    type = GST_PROGRESS_TYPE_COMPLETE;
    text = "Connected";
  } else if (step == ConnectStep::failed) {
    type = GST_PROGRESS_TYPE_CANCELED;
    text = "No connection, trying again later";
  }
  gst_element_post_message(
      GST_ELEMENT(sink),
      gst_message_new_progress(GST_OBJECT(sink), type, reconnect ? "reconnect" : "connect", text.c_str()));
}

void on_lost(H2Sink* sink, const Failure& failure) {
  post_warning(GST_ELEMENT(sink), failure);
  g_signal_emit(sink, h2_sink_signals[kSignalDisconnected], 0, failure.sentence.c_str());
}

void on_failed(H2Sink* sink, const Failure& failure) {
  const bool ever = state_of(sink).ever_connected;
  gst_element_post_message(GST_ELEMENT(sink), gst_message_new_progress(GST_OBJECT(sink), GST_PROGRESS_TYPE_ERROR,
                                                                       ever ? "reconnect" : "connect", "Given up"));
  g_signal_emit(sink, h2_sink_signals[kSignalDisconnected], 0, failure.sentence.c_str());
  post_error(GST_ELEMENT(sink), failure, ever);
}

void on_acked(H2Sink* sink, std::uint64_t bytes, std::optional<std::chrono::nanoseconds> running_time) {
  const guint64 time = running_time ? static_cast<guint64>(running_time->count()) : GST_CLOCK_TIME_NONE;
  g_signal_emit(sink, h2_sink_signals[kSignalAck], 0, static_cast<guint64>(bytes), time);
  post_element_message(sink, gst_structure_new("h2sink/ack", "bytes", G_TYPE_UINT64, static_cast<guint64>(bytes),
                                               "running-time", G_TYPE_UINT64, time, nullptr));
}

void on_overflow(H2Sink* sink, bool dropping) {
  const auto push = push_of(sink);
  if (!push) return;
  const H2PushStats stats = push->stats();
  GstMessage* qos = gst_message_new_qos(GST_OBJECT(sink), TRUE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
                                        GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
  gst_message_set_qos_stats(qos, GST_FORMAT_BUFFERS, stats.tags_acked, stats.units_dropped);
  gst_element_post_message(GST_ELEMENT(sink), qos);
  post_element_message(
      sink, gst_structure_new("h2sink/overflow", "active", G_TYPE_BOOLEAN, dropping, "cause", G_TYPE_STRING, "overflow",
                              "level-bytes", G_TYPE_UINT64, static_cast<guint64>(stats.bytes_queued), "level-time",
                              G_TYPE_UINT64, static_cast<guint64>(stats.time_queued.count()), nullptr));
}

void on_spool(H2Sink* sink, std::uint64_t bytes, std::optional<UtcTime> oldest) {
  post_element_message(sink, gst_structure_new("h2sink/spool", "bytes", G_TYPE_UINT64, static_cast<guint64>(bytes),
                                               "oldest-time", G_TYPE_UINT64, spool_time(oldest), nullptr));
}

std::string on_request_token(H2Sink* sink) {
  gchar* token = nullptr;
  g_signal_emit(sink, h2_sink_signals[kSignalRequestToken], 0, &token);
  std::string result = token ? token : "";
  g_free(token);
  return result;
}

bool on_redirect(H2Sink* sink, const std::string& url) {
  gboolean follow = FALSE;
  g_signal_emit(sink, h2_sink_signals[kSignalRedirect], 0, url.c_str(), &follow);
  return follow != FALSE;
}

}  // namespace

void request_key(H2Sink* sink) {
  GST_DEBUG_CATEGORY_INIT(h2_sink_events_category, "h2sink", 0, "HTTP/2 upload");
  GST_DEBUG_OBJECT(sink, "asking for a key frame");
  send_force_key_unit(GST_BASE_SINK(sink));
}

H2PushEvents make_events(H2Sink* sink) {
  GST_DEBUG_CATEGORY_INIT(h2_sink_events_category, "h2sink", 0, "HTTP/2 upload");
  // The callbacks go with the upload in stop(), and the reference with them.
  const std::shared_ptr<H2Sink> self(H2_SINK(gst_object_ref(sink)), Unref());
  H2PushEvents events;
  events.state = [self](ConnectionState state) { on_state(self.get(), state); };
  events.progress = [self](bool reconnect, int attempt, ConnectStep step) {
    on_progress(self.get(), reconnect, attempt, step);
  };
  events.lost = [self](const Failure& failure) { on_lost(self.get(), failure); };
  events.failed = [self](const Failure& failure) { on_failed(self.get(), failure); };
  events.acked = [self](std::uint64_t bytes, std::optional<std::chrono::nanoseconds> time) {
    on_acked(self.get(), bytes, time);
  };
  events.overflow = [self](bool dropping) { on_overflow(self.get(), dropping); };
  events.spool = [self](std::uint64_t bytes, std::optional<UtcTime> oldest) { on_spool(self.get(), bytes, oldest); };
  events.spool_failed = [self](const Failure& failure) { post_warning(GST_ELEMENT(self.get()), failure); };
  events.need_key = [self] { request_key(self.get()); };
  if (g_signal_has_handler_pending(sink, h2_sink_signals[kSignalRequestToken], 0, FALSE))
    events.request_token = [self] { return on_request_token(self.get()); };
  if (g_signal_has_handler_pending(sink, h2_sink_signals[kSignalRedirect], 0, FALSE))
    events.redirect = [self](const std::string& url) { return on_redirect(self.get(), url); };
  return events;
}

}  // namespace camspan::plugin
