/**
 * SECTION:element-wsstreamsink
 * @title: wsstreamsink
 * @short_description: serves a stream to WebSocket and HTTP clients
 *
 * wsstreamsink listens, and gives every client that comes the stream: as notifications of WebSocket streams
 * (#WsStreamSink:encoding msgpack, or json-meta without the bytes), or as FLV for players (raw), by WebSocket and by a
 * plain GET of the same path. Each client has its own queue of references; one that is slow is skipped to a key frame
 * or dropped, as #WsStreamSink:recover-policy says, and delays neither the pipeline nor anybody else.
 *
 * It listens on 127.0.0.1 unless #WsStreamSink:host says otherwise; set a token, and a certificate, before it does. The
 * element does not wait for the clock (`sync=false`); play a file at its own speed with `sync=true`.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=30 ! h264parse ! \
 *   video/x-h264,stream-format=avc,alignment=au ! flvmux streamable=true ! \
 *   wsstreamsink port=8080 path=/live encoding=raw
 * ]|
 */
#include "wsstreamsink.hpp"

#include "core/memory_budget.hpp"
#include "gst_glue.hpp"
#include "wsstreamsink_state.hpp"

using namespace camspan;
using namespace camspan::plugin;

GST_DEBUG_CATEGORY_STATIC(ws_stream_sink_debug);
#define GST_CAT_DEFAULT ws_stream_sink_debug

struct _WsStreamSink {
  GstBaseSink parent;
  WsStreamSinkState* state;
};

G_DEFINE_TYPE_WITH_CODE(WsStreamSink, ws_stream_sink, GST_TYPE_BASE_SINK,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_PRESET, nullptr))
GST_ELEMENT_REGISTER_DEFINE(wsstreamsink, "wsstreamsink", GST_RANK_NONE, WS_TYPE_STREAM_SINK)

namespace camspan::plugin {

WsStreamSinkState& state_of(WsStreamSink* sink) {
  return *sink->state;
}

std::shared_ptr<WsPublisher> publisher_of(WsStreamSink* sink) {
  const std::lock_guard held(sink->state->mutex);
  return sink->state->publisher;
}

namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(object);
  guarded(sink, 0, [&] {
    WsStreamSinkState& state = *sink->state;
    const WsProperty* row = find(ws_rows(), id);
    const bool fixed = is_fixed(spec, GST_STATE(sink));
    std::unique_lock held(state.mutex);
    if (row && !fixed) {
      set(state.settings, *row, value);
      state.settings.set_here.set(id);
    }
    const WsStreamSinkSettings settings = state.settings;
    const std::shared_ptr<WsPublisher> publisher = state.publisher;
    held.unlock();
    if (fixed)
      GST_WARNING_OBJECT(sink, "%s cannot be changed in state %s", spec->name,
                         gst_element_state_get_name(GST_STATE(sink)));
    if (!row) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    if (fixed || !row) return 0;
    MemoryBudget::process().restrict_to(settings.memory_budget);
    if (publisher) publisher->update(settings);
    return 0;
  });
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(object);
  guarded(sink, 0, [&] {
    if (id == kWsCurrentPort) {
      const auto publisher = publisher_of(sink);
      g_value_set_uint(value, publisher ? publisher->port() : 0);
    } else if (id == kWsNumHandles) {
      g_value_set_uint(value, static_cast<guint>(all_stats(sink).clients.size()));
    } else if (id == kWsBytesServed) {
      g_value_set_uint64(value, all_stats(sink).bytes_served);
    } else if (id == kWsStats) {
      g_value_take_boxed(value, make_ws_stats(sink));
    } else if (const WsProperty* row = find(ws_rows(), id)) {
      const std::lock_guard held(sink->state->mutex);
      get(sink->state->settings, *row, value);
    } else {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    return 0;
  });
}

gboolean post_stats(GstClock*, GstClockTime, GstClockID, gpointer user) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(user);
  return guarded(sink, FALSE, [&] {
    gst_element_post_message(GST_ELEMENT(sink), gst_message_new_element(GST_OBJECT(sink), make_ws_stats(sink)));
    return TRUE;
  });
}

gboolean start(GstBaseSink* base) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(base);
  return guarded(sink, FALSE, [&]() -> gboolean {
    WsStreamSinkState& state = *sink->state;
    std::unique_lock held(state.mutex);
    const WsStreamSinkSettings given = state.settings;
    held.unlock();
    auto settings = resolve_ws(given, G_OBJECT_GET_CLASS(sink));
    if (!settings) {
      post_error(GST_ELEMENT(sink), settings.error(), false);
      return FALSE;
    }
    MemoryBudget::process().restrict_to(settings->memory_budget);
    auto publisher = WsPublisher::start(*settings, make_ws_events(sink));
    if (!publisher) {
      post_error(GST_ELEMENT(sink), publisher.error(), false);
      return FALSE;
    }
    state.format.forget();
    state.stats_timer = start_stats_timer(GST_ELEMENT(sink), settings->stats_interval_ms, post_stats);
    held.lock();
    state.publisher = std::move(*publisher);
    held.unlock();
    g_object_notify(G_OBJECT(sink), "current-port");
    return TRUE;
  });
}

gboolean stop(GstBaseSink* base) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(base);
  return guarded(sink, TRUE, [&] {
    WsStreamSinkState& state = *sink->state;
    if (GstClockID timer = std::exchange(state.stats_timer, nullptr)) {
      gst_clock_id_unschedule(timer);
      gst_clock_id_unref(timer);
    }
    state.format.forget();  // before the lock is taken: it hands this over to the thread that finalizes
    std::shared_ptr<WsPublisher> publisher = publisher_of(sink);
    if (!publisher) return TRUE;
    const WsPublisherStats run = publisher->stats();
    std::unique_lock held(state.mutex);
    add_run(state.total, run);
    state.publisher.reset();
    held.unlock();
    publisher.reset();  // ends it, not under the lock
    return TRUE;
  });
}

GstFlowReturn to_flow(WsStreamSink* sink, const Result<>& pushed) {
  if (pushed || pushed.error() == make_error_code(Errc::queue_full)) return GST_FLOW_OK;  // dropped and counted
  post_error(GST_ELEMENT(sink),
             {pushed.error(), "the stream is no FLV: " + pushed.error().message() +
                                  ". Put flvmux streamable=true before wsstreamsink, or set caps that say what it is."},
             true);
  return GST_FLOW_ERROR;
}

GstFlowReturn push_buffer(WsStreamSink* sink, WsPublisher& publisher, GstBuffer* buffer) {
  WsStreamFormat& format = sink->state->format;
  const auto unit = to_unit(buffer, GST_BASE_SINK(sink)->segment);
  if (!unit) {
    GST_ELEMENT_ERROR(sink, RESOURCE, READ, ("A buffer could not be read."), (nullptr));
    return GST_FLOW_ERROR;
  }
  if (unit->bytes.empty()) return GST_FLOW_OK;
  if (!format.known()) {
    format.decide_by(unit->bytes);
    publisher.set_format(format.caps(), {}, format.flv());
  }
  format.classify(*unit, buffer);
  return to_flow(sink, publisher.push(unit));
}

GstFlowReturn render(GstBaseSink* base, GstBuffer* buffer) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(base);
  return guarded(sink, GST_FLOW_ERROR, [&] {
    const auto publisher = publisher_of(sink);
    if (!publisher) return GST_FLOW_FLUSHING;
    if (sink->state->format.repeats_header(buffer)) return GST_FLOW_OK;
    return push_buffer(sink, *publisher, buffer);
  });
}

/// New caps are a new stream to clients: what it is goes first.
gboolean set_caps(GstBaseSink* base, GstCaps* caps) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(base);
  return guarded(sink, FALSE, [&]() -> gboolean {
    const auto publisher = publisher_of(sink);
    if (!publisher) return TRUE;
    WsStreamFormat& format = sink->state->format;
    const std::vector<SharedUnit> headers = format.take_caps(caps, base->segment);
    publisher->set_format(format.caps(), headers, format.flv());
    GstFlowReturn flow = GST_FLOW_OK;
    if (format.flv())
      for (const SharedUnit& header : headers)
        if (flow == GST_FLOW_OK) flow = to_flow(sink, publisher->push(header));
    return flow == GST_FLOW_OK;
  });
}

gboolean event(GstBaseSink* base, GstEvent* event) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(base);
  guarded(sink, 0, [&] {
    const auto publisher = publisher_of(sink);
    if (publisher && GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) publisher->flush();
    if (publisher && GST_EVENT_TYPE(event) == GST_EVENT_EOS) publisher->end();
    return 0;
  });
  return GST_BASE_SINK_CLASS(ws_stream_sink_parent_class)->event(base, event);
}

void finalize(GObject* object) noexcept {
  WsStreamSink* sink = WS_STREAM_SINK(object);
  { const std::lock_guard taken_over(sink->state->mutex); }  // from the thread that called stop()
  delete sink->state;
  G_OBJECT_CLASS(ws_stream_sink_parent_class)->finalize(object);
}

}  // namespace
}  // namespace camspan::plugin

static void ws_stream_sink_class_init(WsStreamSinkClass* klass) {
  GST_DEBUG_CATEGORY_INIT(ws_stream_sink_debug, "wsstreamsink", 0, "WebSocket streams");
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = camspan::plugin::set_property;
  object_class->get_property = camspan::plugin::get_property;
  object_class->finalize = camspan::plugin::finalize;
  install_ws_properties(object_class);
  install_ws_signals(G_TYPE_FROM_CLASS(klass));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_set_static_metadata(element_class, "WebSocket stream server", "Sink/Network",
                                        "Serves FLV or any stream to WebSocket and HTTP clients",
                                        "The Camspan authors");
  auto* sink_class = GST_BASE_SINK_CLASS(klass);
  sink_class->start = GST_DEBUG_FUNCPTR(camspan::plugin::start);
  sink_class->stop = GST_DEBUG_FUNCPTR(camspan::plugin::stop);
  sink_class->render = GST_DEBUG_FUNCPTR(camspan::plugin::render);
  sink_class->render_list = render_each<camspan::plugin::render>;
  sink_class->set_caps = GST_DEBUG_FUNCPTR(camspan::plugin::set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR(camspan::plugin::event);
}

static void ws_stream_sink_init(WsStreamSink* sink) {
  sink->state = new WsStreamSinkState();
  init_live_sink(GST_BASE_SINK(sink));
}
