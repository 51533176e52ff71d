/**
 * SECTION:element-p2psink
 * @title: p2psink
 * @short_description: shows a live stream to viewers who connect straight to the camera
 *
 * p2psink serves FLV to viewers over WebRTC data channels: browsers, camspan-view, any WebRTC library. Each viewer has
 * a connection of its own, straight to this process or over a TURN server; a stream that it asks for is a data channel
 * whose label says which (`action=live&channel=0`). With #P2pSink:signaller hub viewers ask a camspan-hub for the
 * camera, with local they come to a port of the element, and neither hub nor Internet is needed.
 *
 * A slow viewer never delays the stream, nor another viewer: it is skipped to a key frame, and what it lost is counted
 * under one cause (#P2pSink:stats). With #P2pSink:encoder the bitrate of the encoder follows what viewers can take.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! x264enc tune=zerolatency key-int-max=30 name=enc ! h264parse ! \
 *   flvmux streamable=true ! p2psink device-id=cam1 device-secret-file=/etc/cam/triple \
 *   signaller::uri=wss://hub.example/signal encoder=enc max-bitrate=2000000
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=30 ! h264parse ! \
 *   flvmux streamable=true ! p2psink device-id=cam1 signaller=local signaller::port=8080
 * ]|
 */
#include "p2psink.hpp"

#include "core/memory_budget.hpp"
#include "gst_glue.hpp"
#include "p2psink_state.hpp"

using namespace camspan;
using namespace camspan::plugin;

GST_DEBUG_CATEGORY_STATIC(p2p_sink_debug);
#define GST_CAT_DEFAULT p2p_sink_debug

struct _P2pSink {
  GstBin parent;
  std::shared_ptr<P2pSinkState>* state;
  GstObject* signaller;
  GstClockID stats_timer;
};

static void child_proxy_init(gpointer iface, gpointer data);

G_DEFINE_TYPE_WITH_CODE(P2pSink, p2p_sink, GST_TYPE_BIN,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY, child_proxy_init)
                            G_IMPLEMENT_INTERFACE(GST_TYPE_PRESET, nullptr))
GST_ELEMENT_REGISTER_DEFINE(p2psink, "p2psink", GST_RANK_NONE, P2P_TYPE_SINK)

namespace camspan::plugin {

P2pSinkState& state_of(P2pSink* sink) {
  return **sink->state;
}

std::shared_ptr<P2pCamera> camera_of(P2pSinkState& state) {
  const std::lock_guard held(state.mutex);
  return state.camera;
}

GstElement* input_of(P2pSink* sink) {
  return gst_bin_get_by_name(GST_BIN(sink), "input");
}

GType p2p_connection_state_type() {
  static const GEnumValue values[] = {{0, "Not started", "idle"},
                                      {1, "Connecting", "connecting"},
                                      {2, "Viewers can come", "connected"},
                                      {3, "Waiting for the next try", "waiting"},
                                      {4, "Given up", "failed"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("CamspanP2pSinkConnectionState", values);
  return type;
}

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("video/x-flv"));

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) noexcept {
  P2pSink* sink = P2P_SINK(object);
  guarded(sink, 0, [&] {
    P2pSinkState& state = state_of(sink);
    const P2pProperty* row = find(p2p_rows(), id);
    const bool fixed = is_fixed(spec, GST_STATE(sink));
    std::unique_lock held(state.mutex);
    if (row && !fixed) {
      set(state.settings, *row, value);
      state.settings.set_here.set(id);
    }
    const P2pSinkSettings settings = state.settings;
    const std::shared_ptr<P2pCamera> camera = state.camera;
    held.unlock();
    if (fixed)
      GST_WARNING_OBJECT(sink, "%s cannot be changed in state %s", spec->name,
                         gst_element_state_get_name(GST_STATE(sink)));
    if (!row) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    if (fixed || !row) return 0;
    MemoryBudget::process().restrict_to(settings.memory_budget);
    if (camera) camera->update(settings);
    if (const ObjectPtr<GstElement> input{id == kP2pSync ? input_of(sink) : nullptr})
      gst_base_sink_set_sync(GST_BASE_SINK(input.get()), settings.sync);
    return 0;
  });
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) noexcept {
  P2pSink* sink = P2P_SINK(object);
  guarded(sink, 0, [&] {
    P2pSinkState& state = state_of(sink);
    if (id == kP2pNumViewers) {
      g_value_set_uint(value, static_cast<guint>(all_stats(state).viewers.size()));
    } else if (id == kP2pConnectionState) {
      g_value_set_enum(value, static_cast<gint>(state.connection.load()));
    } else if (id == kP2pEstimatedBitrate) {
      g_value_set_uint64(value, all_stats(state).estimated_bitrate);
    } else if (id == kP2pStats) {
      g_value_take_boxed(value, make_p2p_stats(sink));
    } else if (const P2pProperty* row = find(p2p_rows(), id)) {
      const std::lock_guard held(state.mutex);
      get(state.settings, *row, value);
    } else {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    return 0;
  });
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* pad_template, const gchar*, const GstCaps*) noexcept {
  P2pSink* sink = P2P_SINK(element);
  return guarded(sink, static_cast<GstPad*>(nullptr), [&]() -> GstPad* {
    if (const ObjectPtr<GstElement> taken{input_of(sink)}) {
      GST_WARNING_OBJECT(sink, "there is one pad for FLV, and it is taken");
      return nullptr;
    }
    GstElement* input = make_p2p_input(*sink->state);
    gst_bin_add(GST_BIN(sink), input);
    gst_element_sync_state_with_parent(input);
    const ObjectPtr<GstPad> target(gst_element_get_static_pad(input, "sink"));
    GstPad* pad = gst_ghost_pad_new_from_template("sink", target.get(), pad_template);
    gst_pad_set_active(pad, TRUE);
    gst_element_add_pad(element, pad);
    return pad;
  });
}

void release_pad(GstElement* element, GstPad* pad) noexcept {
  P2pSink* sink = P2P_SINK(element);
  guarded(sink, 0, [&] {
    gst_pad_set_active(pad, FALSE);
    gst_element_remove_pad(element, pad);
    if (const ObjectPtr<GstElement> input{input_of(sink)}) {
      gst_element_set_locked_state(input.get(), TRUE);
      gst_element_set_state(input.get(), GST_STATE_NULL);
      gst_bin_remove(GST_BIN(sink), input.get());
    }
    return 0;
  });
}

gboolean post_stats(GstClock*, GstClockTime, GstClockID, gpointer user) noexcept {
  P2pSink* sink = P2P_SINK(user);
  return guarded(sink, FALSE, [&] {
    gst_element_post_message(GST_ELEMENT(sink), gst_message_new_element(GST_OBJECT(sink), make_p2p_stats(sink)));
    return TRUE;
  });
}

bool start(P2pSink* sink) {
  P2pSinkState& state = state_of(sink);
  std::unique_lock held(state.mutex);
  const P2pSinkSettings given = state.settings;
  held.unlock();
  auto settings = resolve_p2p(given, G_OBJECT_GET_CLASS(sink));
  if (!settings) {
    post_error(GST_ELEMENT(sink), settings.error(), false);
    return false;
  }
  if (settings->signalling == P2pSignalling::hub && !settings->hub_verify)
    GST_ELEMENT_WARNING(sink, RESOURCE, SETTINGS,
                        ("signaller::tls-verify is off: anybody on the way can take the hub's place."),
                        ("leave it on outside of tests"));
  state.ever_connected = false;
  auto camera = P2pCamera::create(*settings, make_p2p_events(sink));
  if (!camera) {
    post_error(GST_ELEMENT(sink), camera.error(), false);
    return false;
  }
  (*camera)->start();
  sink->stats_timer = start_stats_timer(GST_ELEMENT(sink), settings->stats_interval_ms, post_stats);
  held.lock();
  state.camera = std::move(*camera);
  return true;
}

void stop(P2pSink* sink) {
  if (GstClockID timer = std::exchange(sink->stats_timer, nullptr)) {
    gst_clock_id_unschedule(timer);
    gst_clock_id_unref(timer);
  }
  P2pSinkState& state = state_of(sink);
  std::shared_ptr<P2pCamera> camera = camera_of(state);
  if (!camera) return;
  const P2pCameraStats run = camera->stats();
  std::unique_lock held(state.mutex);
  add_run(state.total, run);
  state.camera.reset();
  held.unlock();
  camera.reset();  // says goodbye to everybody, not under the lock
  state.connection = P2pState::idle;
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange change) noexcept {
  P2pSink* sink = P2P_SINK(element);
  const bool ready = guarded(sink, false, [&] { return change != GST_STATE_CHANGE_READY_TO_PAUSED || start(sink); });
  if (!ready) return GST_STATE_CHANGE_FAILURE;
  const GstStateChangeReturn result = GST_ELEMENT_CLASS(p2p_sink_parent_class)->change_state(element, change);
  const bool failed = change == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (failed || change == GST_STATE_CHANGE_PAUSED_TO_READY) guarded(sink, 0, [&] { return stop(sink), 0; });
  return result;
}

void dispose(GObject* object) noexcept {
  P2pSink* sink = P2P_SINK(object);
  if (sink->signaller) gst_object_unparent(std::exchange(sink->signaller, nullptr));
  G_OBJECT_CLASS(p2p_sink_parent_class)->dispose(object);
}

void finalize(GObject* object) noexcept {
  P2pSink* sink = P2P_SINK(object);
  { const std::lock_guard taken_over(state_of(sink).mutex); }  // from the thread that stopped it
  delete sink->state;
  G_OBJECT_CLASS(p2p_sink_parent_class)->finalize(object);
}

void install_state_properties(GObjectClass* object_class) {
  const auto readable = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      object_class, kP2pNumViewers,
      g_param_spec_uint("num-viewers", "num-viewers", "Viewers that are connected or connecting", 0, G_MAXUINT, 0,
                        readable));
  g_object_class_install_property(object_class, kP2pConnectionState,
                                  g_param_spec_enum("connection-state", "connection-state", "Whether viewers can come",
                                                    p2p_connection_state_type(), 0, readable));
  g_object_class_install_property(
      object_class, kP2pEstimatedBitrate,
      g_param_spec_uint64("estimated-bitrate", "estimated-bitrate",
                          "What the slowest viewer's connection carries, in bit/s; 0 = not known", 0, G_MAXUINT64, 0,
                          readable));
  g_object_class_install_property(object_class, kP2pStats,
                                  g_param_spec_boxed("stats", "stats",
                                                     "Who watches, and where every frame went "
                                                     "(application/x-p2psink-stats)",
                                                     GST_TYPE_STRUCTURE, readable));
}

// The element in the bin is not for its users: the one child they see is `signaller`.
GObject* child_by_index(GstChildProxy* proxy, guint index) {
  return index == 0 ? G_OBJECT(gst_object_ref(P2P_SINK(proxy)->signaller)) : nullptr;
}

GObject* child_by_name(GstChildProxy* proxy, const gchar* name) {
  return g_strcmp0(name, "signaller") == 0 ? child_by_index(proxy, 0) : nullptr;
}

guint children_count(GstChildProxy*) {
  return 1;
}

}  // namespace
}  // namespace camspan::plugin

static void child_proxy_init(gpointer iface, gpointer) {
  auto* proxy = static_cast<GstChildProxyInterface*>(iface);
  proxy->get_child_by_index = camspan::plugin::child_by_index;
  proxy->get_child_by_name = camspan::plugin::child_by_name;
  proxy->get_children_count = camspan::plugin::children_count;
}

static void p2p_sink_class_init(P2pSinkClass* klass) {
  GST_DEBUG_CATEGORY_INIT(p2p_sink_debug, "p2psink", 0, "Viewers, peer to peer");
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = camspan::plugin::set_property;
  object_class->get_property = camspan::plugin::get_property;
  object_class->dispose = camspan::plugin::dispose;
  object_class->finalize = camspan::plugin::finalize;
  install(object_class, p2p_rows());
  camspan::plugin::install_state_properties(object_class);
  gst_type_mark_as_plugin_api(p2p_connection_state_type(), static_cast<GstPluginAPIFlags>(0));
  install_p2p_signals(G_TYPE_FROM_CLASS(klass));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element_class, &camspan::plugin::sink_template);
  gst_element_class_set_static_metadata(element_class, "Peer to peer viewers", "Sink/Network",
                                        "Shows FLV to viewers who connect straight to the camera (WebRTC)",
                                        "The Camspan authors");
  element_class->change_state = GST_DEBUG_FUNCPTR(camspan::plugin::change_state);
  element_class->request_new_pad = GST_DEBUG_FUNCPTR(camspan::plugin::request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR(camspan::plugin::release_pad);
}

static void p2p_sink_init(P2pSink* sink) {
  sink->state = new std::shared_ptr<P2pSinkState>(std::make_shared<P2pSinkState>());
  sink->signaller = make_p2p_signaller(*sink->state);
  gst_object_set_parent(sink->signaller, GST_OBJECT(sink));
  GST_OBJECT_FLAG_SET(sink, GST_ELEMENT_FLAG_SINK);
  // Elements of the bin come and go with the pad; the flag stays.
  gst_bin_set_suppressed_flags(GST_BIN(sink), static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SINK));
}
