/**
 * SECTION:element-h2sink
 * @title: h2sink
 * @short_description: uploads a live stream or a file over HTTP/2
 *
 * h2sink sends what it gets as the body of one long HTTP/2 request. FLV is understood: with camspan-hub at the other
 * end every tag is acknowledged when it is on stable storage, and after a loss of the link the upload goes on with the
 * first tag that was not. Other servers get a plain streaming POST or PUT (#H2Sink:mode post). With the credentials of
 * a device (#H2Sink:mode stream) it opens a Link Kit channel, sends on it, and closes it at EOS.
 *
 * The element needs no server to reach PLAYING: it connects in the background, says so on the bus (PROGRESS, WARNING
 * once per outage) and keeps what memory holds (#H2Sink:max-size-bytes, #H2Sink:max-size-time). It does not wait for
 * the clock (`sync=false`); play a file at its own speed with `sync=true`.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=50 ! h264parse ! \
 *   flvmux streamable=true ! h2sink location=https://hub.example/ingest/cam1 auth-token-file=/etc/cam/token
 * gst-launch-1.0 filesrc location=clip.flv ! h2sink location=https://hub.example/ingest/cam1 auth-token-file=token
 * gst-launch-1.0 filesrc location=clip.flv ! \
 *   h2sink host=hub.example device-id=cam1 device-secret-file=/etc/cam/triple leaky=no
 * ]|
 */
#include "h2sink.hpp"

#include <vector>

#include "core/memory_budget.hpp"
#include "gst_glue.hpp"
#include "h2sink_state.hpp"

using namespace camspan;
using namespace camspan::plugin;

GST_DEBUG_CATEGORY_STATIC(h2_sink_debug);
#define GST_CAT_DEFAULT h2_sink_debug

struct _H2Sink {
  GstBaseSink parent;
  H2SinkState* state;
};

G_DEFINE_TYPE_WITH_CODE(H2Sink, h2_sink, GST_TYPE_BASE_SINK,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER, camspan::plugin::uri_handler_init)
                            G_IMPLEMENT_INTERFACE(GST_TYPE_PRESET, nullptr))
GST_ELEMENT_REGISTER_DEFINE(h2sink, "h2sink", GST_RANK_NONE, H2_TYPE_SINK)

namespace camspan::plugin {

guint h2_sink_signals[kSignalCount];

H2SinkState& state_of(H2Sink* sink) {
  return *sink->state;
}

std::shared_ptr<H2Push> push_of(H2Sink* sink) {
  const std::lock_guard held(sink->state->mutex);
  return sink->state->push;
}

namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

bool upstream_is_live(H2Sink* sink) {
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(GST_BASE_SINK_PAD(sink), query)) gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  return live;
}

H2PushLeaky effective(LeakySetting setting, bool live) {
  if (setting == LeakySetting::automatic) return live ? H2PushLeaky::downstream : H2PushLeaky::no;
  return static_cast<H2PushLeaky>(static_cast<int>(setting) - 1);
}

/// Hands changed settings to the running upload.
void apply_live(H2Sink* sink) {
  H2SinkState& state = *sink->state;
  std::unique_lock held(state.mutex);
  H2PushConfig config = state.settings;
  config.leaky = effective(state.settings.leaky_setting, state.live);
  const std::shared_ptr<H2Push> push = state.push;
  held.unlock();
  if (push) push->update(config);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) noexcept {
  H2Sink* sink = H2_SINK(object);
  guarded(sink, 0, [&] {
    H2SinkState& state = *sink->state;
    const H2Property* row = find(h2_rows(), id);
    const bool fixed = is_fixed(spec, GST_STATE(sink));
    std::unique_lock held(state.mutex);
    if (row && !fixed) {
      set(state.settings, *row, value);
      state.settings.set_here.set(id);
    }
    const std::uint64_t budget = state.settings.memory_budget;
    held.unlock();
    if (fixed)
      GST_WARNING_OBJECT(sink, "%s cannot be changed in state %s", spec->name,
                         gst_element_state_get_name(GST_STATE(sink)));
    if (!row) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    if (fixed || !row) return 0;
    MemoryBudget::process().restrict_to(budget);
    apply_live(sink);
    return 0;
  });
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) noexcept {
  H2Sink* sink = H2_SINK(object);
  guarded(sink, 0, [&] {
    if (id == kH2ConnectionState) {
      g_value_set_enum(value, static_cast<gint>(sink->state->connection.load()));
    } else if (id == kH2EstimatedBitrate) {
      const auto push = push_of(sink);
      g_value_set_uint64(value, push ? push->stats().goodput : 0);
    } else if (id == kH2Stats) {
      g_value_take_boxed(value, make_stats(sink));
    } else if (const H2Property* row = find(h2_rows(), id)) {
      const std::lock_guard held(sink->state->mutex);
      get(sink->state->settings, *row, value);
    } else {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    return 0;
  });
}

gboolean post_stats(GstClock*, GstClockTime, GstClockID, gpointer user) noexcept {
  H2Sink* sink = H2_SINK(user);
  return guarded(sink, FALSE, [&] {
    gst_element_post_message(GST_ELEMENT(sink), gst_message_new_element(GST_OBJECT(sink), make_stats(sink)));
    return TRUE;
  });
}

gboolean start(GstBaseSink* base) noexcept {
  H2Sink* sink = H2_SINK(base);
  return guarded(sink, FALSE, [&]() -> gboolean {
    H2SinkState& state = *sink->state;
    std::unique_lock held(state.mutex);
    const H2SinkSettings given = state.settings;
    held.unlock();
    auto settings = resolve_h2(given, G_OBJECT_GET_CLASS(sink));
    if (!settings) {
      post_error(GST_ELEMENT(sink), settings.error(), false);
      return FALSE;
    }
    H2PushConfig config = *settings;
    config.leaky = effective(settings->leaky_setting, false);
    if (!config.verify)
      GST_ELEMENT_WARNING(sink, RESOURCE, SETTINGS,
                          ("tls-verify is off: anybody on the way can read and change the upload."),
                          ("leave tls-verify=validate-all outside of tests"));
    auto push = H2Push::create(std::move(config), make_events(sink));
    if (!push) {
      post_error(GST_ELEMENT(sink), push.error(), false);
      return FALSE;
    }
    if (settings->async_connect) (*push)->start();
    state.live_known = false;
    state.ever_connected = false;
    state.stats_timer = start_stats_timer(GST_ELEMENT(sink), settings->stats_interval_ms, post_stats);
    held.lock();
    state.push = std::move(*push);
    return TRUE;
  });
}

/// Adds a run that ends to the totals of the element.
void add_to_total(H2PushStats& total, const H2PushStats& run) {
  total.bytes_in += run.bytes_in;
  total.bytes_sent += run.bytes_sent;
  total.bytes_acked += run.bytes_acked;
  total.bytes_resent += run.bytes_resent;
  total.bytes_dropped_overflow += run.bytes_dropped_overflow;
  total.bytes_dropped_error += run.bytes_dropped_error + run.bytes_queued;
  total.bytes_dropped_spool += run.bytes_dropped_spool;
  total.units_dropped += run.units_dropped;
  total.requests += run.requests;
  total.connects += run.connects;
}

gboolean stop(GstBaseSink* base) noexcept {
  H2Sink* sink = H2_SINK(base);
  return guarded(sink, TRUE, [&] {
    H2SinkState& state = *sink->state;
    if (GstClockID timer = std::exchange(state.stats_timer, nullptr)) {
      gst_clock_id_unschedule(timer);
      gst_clock_id_unref(timer);
    }
    std::shared_ptr<H2Push> push = push_of(sink);
    const H2PushStats run = push ? push->stats() : H2PushStats();
    state.stream_header.forget();
    std::unique_lock held(state.mutex);
    add_to_total(state.total, run);
    state.push.reset();
    held.unlock();
    push.reset();  // ends the upload, not under the lock
    held.lock();
    state.connection = ConnectionState::idle;
    return TRUE;
  });
}

GstFlowReturn to_flow(H2Sink* sink, const std::error_code& error) {
  const auto is = [&](Errc code) { return error == make_error_code(code); };
  if (is(Errc::queue_full)) return GST_FLOW_OK;  // dropped, counted and told
  if (is(Errc::cancelled)) return GST_FLOW_FLUSHING;
  if (is(Errc::closed)) return GST_FLOW_ERROR;  // told on the bus when it failed
  Failure failure{error,
                  "the stream is no FLV: " + error.message() +
                      ". Put flvmux streamable=true before h2sink, or set "
                      "content=raw.",
                  0};
  post_error(GST_ELEMENT(sink), failure, true);
  return GST_FLOW_ERROR;
}

GstFlowReturn push_buffer(H2Sink* sink, const std::shared_ptr<H2Push>& push, GstBuffer* buffer) {
  H2SinkState& state = *sink->state;
  const GstSegment& segment = GST_BASE_SINK(sink)->segment;
  const auto unit = to_unit(buffer, segment);
  if (!unit) {
    GST_ELEMENT_ERROR(sink, RESOURCE, READ, ("A buffer could not be read."), (nullptr));
    return GST_FLOW_ERROR;
  }
  if (unit->bytes.empty()) return GST_FLOW_OK;
  unit->captured = capture_time(GST_ELEMENT(sink), buffer, segment, state.live);
  const Result<> pushed = push->push(unit);
  return pushed ? GST_FLOW_OK : to_flow(sink, pushed.error());
}

void learn_live(H2Sink* sink) {
  H2SinkState& state = *sink->state;
  if (std::exchange(state.live_known, true)) return;
  const bool live = upstream_is_live(sink);
  {
    const std::lock_guard held(state.mutex);
    state.live = live;
  }
  if (live) apply_live(sink);
}

GstFlowReturn render(GstBaseSink* base, GstBuffer* buffer) noexcept {
  H2Sink* sink = H2_SINK(base);
  return guarded(sink, GST_FLOW_ERROR, [&] {
    const auto push = push_of(sink);
    if (!push) return GST_FLOW_FLUSHING;
    learn_live(sink);
    if (sink->state->stream_header.repeats(buffer)) return GST_FLOW_OK;
    return push_buffer(sink, push, buffer);
  });
}

/// The stream header of the caps goes out before the first tag, whether or not it comes in-band too; a new one comes
/// with new codec data.
gboolean set_caps(GstBaseSink* base, GstCaps* caps) noexcept {
  H2Sink* sink = H2_SINK(base);
  return guarded(sink, FALSE, [&]() -> gboolean {
    const auto push = push_of(sink);
    if (!push) return TRUE;
    const std::vector<GstBuffer*> fresh = sink->state->stream_header.take(caps);
    if (!fresh.empty()) learn_live(sink);
    GstFlowReturn flow = GST_FLOW_OK;
    for (GstBuffer* buffer : fresh)
      if (flow == GST_FLOW_OK) flow = push_buffer(sink, push, buffer);
    return flow == GST_FLOW_OK;
  });
}

void post_drain(H2Sink* sink, GstProgressType type, const char* text) {
  gst_element_post_message(GST_ELEMENT(sink), gst_message_new_progress(GST_OBJECT(sink), type, "drain", text));
}

/// @return false if the upload has failed: the ERROR on the bus then takes the place of EOS.
bool drain(H2Sink* sink, H2Push& push) {
  post_drain(sink, GST_PROGRESS_TYPE_START, "Sending the rest");
  const Result<> drained = push.drain();
  if (drained) {
    post_drain(sink, GST_PROGRESS_TYPE_COMPLETE, "Everything is with the receiver");
    return true;
  }
  post_drain(sink, GST_PROGRESS_TYPE_ERROR, "The receiver does not have everything");
  if (drained.error() == make_error_code(Errc::timed_out)) {
    GST_ELEMENT_WARNING(sink, RESOURCE, WRITE, ("The receiver did not confirm everything within drain-timeout."),
                        (nullptr));
    return true;
  }
  return drained.error() == make_error_code(Errc::cancelled);
}

gboolean event(GstBaseSink* base, GstEvent* event) noexcept {
  H2Sink* sink = H2_SINK(base);
  const bool goes_on = guarded(sink, true, [&] {
    const auto push = push_of(sink);
    if (push && GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) push->flush();
    return !push || GST_EVENT_TYPE(event) != GST_EVENT_EOS || drain(sink, *push);
  });
  if (goes_on) return GST_BASE_SINK_CLASS(h2_sink_parent_class)->event(base, event);
  gst_event_unref(event);
  return FALSE;
}

gboolean set_unlocked(H2Sink* sink, bool unlocked) noexcept {
  return guarded(sink, TRUE, [&] {
    if (const auto push = push_of(sink)) push->unlock(unlocked);
    return TRUE;
  });
}

gboolean unlock(GstBaseSink* base) noexcept {
  return set_unlocked(H2_SINK(base), true);
}
gboolean unlock_stop(GstBaseSink* base) noexcept {
  return set_unlocked(H2_SINK(base), false);
}

void split_now(H2Sink* sink) noexcept {
  if (const auto push = push_of(sink)) push->split();
}

void reconnect(H2Sink* sink) noexcept {
  if (const auto push = push_of(sink)) push->reconnect();
}

void drop_spool(H2Sink* sink) noexcept {
  if (const auto push = push_of(sink)) push->drop_spool();
}

void finalize(GObject* object) noexcept {
  H2Sink* sink = H2_SINK(object);
  { const std::lock_guard taken_over(sink->state->mutex); }  // from the thread that called stop()
  delete sink->state;
  G_OBJECT_CLASS(h2_sink_parent_class)->finalize(object);
}

void install_signals(GType type) {
  const auto last = G_SIGNAL_RUN_LAST;
  const auto action = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
  h2_sink_signals[kSignalConnected] = g_signal_new("connected", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE,
                                                   1, GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE);
  h2_sink_signals[kSignalDisconnected] =
      g_signal_new("disconnected", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_STRING);
  h2_sink_signals[kSignalAck] =
      g_signal_new("ack", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_UINT64);
  h2_sink_signals[kSignalRequestToken] =
      g_signal_new("request-token", type, last, 0, first_answer, nullptr, nullptr, G_TYPE_STRING, 0);
  h2_sink_signals[kSignalRedirect] =
      g_signal_new("redirect", type, last, 0, first_decision, nullptr, nullptr, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  h2_sink_signals[kSignalSplitNow] = g_signal_new_class_handler("split-now", type, action, G_CALLBACK(split_now),
                                                                nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
  h2_sink_signals[kSignalReconnect] = g_signal_new_class_handler("reconnect", type, action, G_CALLBACK(reconnect),
                                                                 nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
  h2_sink_signals[kSignalDropSpool] = g_signal_new_class_handler("drop-spool", type, action, G_CALLBACK(drop_spool),
                                                                 nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
}

}  // namespace
}  // namespace camspan::plugin

static void h2_sink_class_init(H2SinkClass* klass) {
  GST_DEBUG_CATEGORY_INIT(h2_sink_debug, "h2sink", 0, "HTTP/2 upload");
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = camspan::plugin::set_property;
  object_class->get_property = camspan::plugin::get_property;
  object_class->finalize = camspan::plugin::finalize;
  install(object_class, h2_rows());
  gst_type_mark_as_plugin_api(connection_state_type(), static_cast<GstPluginAPIFlags>(0));
  const auto readable = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(object_class, kH2ConnectionState,
                                  g_param_spec_enum("connection-state", "connection-state", "Where the upload stands",
                                                    connection_state_type(), 0, readable));
  g_object_class_install_property(
      object_class, kH2EstimatedBitrate,
      g_param_spec_uint64("estimated-bitrate", "estimated-bitrate", "What the receiver acknowledges, in bit/s", 0,
                          G_MAXUINT64, 0, readable));
  g_object_class_install_property(
      object_class, kH2Stats,
      g_param_spec_boxed("stats", "stats", "Where every byte went (application/x-h2sink-stats)", GST_TYPE_STRUCTURE,
                         readable));
  install_signals(G_TYPE_FROM_CLASS(klass));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_set_static_metadata(element_class, "HTTP/2 upload", "Sink/Network",
                                        "Uploads FLV or any bytes over HTTP/2 and loses nothing that memory can hold",
                                        "The Camspan authors");
  auto* sink_class = GST_BASE_SINK_CLASS(klass);
  sink_class->start = GST_DEBUG_FUNCPTR(camspan::plugin::start);
  sink_class->stop = GST_DEBUG_FUNCPTR(camspan::plugin::stop);
  sink_class->render = GST_DEBUG_FUNCPTR(camspan::plugin::render);
  sink_class->render_list = render_each<camspan::plugin::render>;
  sink_class->set_caps = GST_DEBUG_FUNCPTR(camspan::plugin::set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR(camspan::plugin::event);
  sink_class->unlock = GST_DEBUG_FUNCPTR(camspan::plugin::unlock);
  sink_class->unlock_stop = GST_DEBUG_FUNCPTR(camspan::plugin::unlock_stop);
}

static void h2_sink_init(H2Sink* sink) {
  sink->state = new H2SinkState();
  init_live_sink(GST_BASE_SINK(sink));
}
