/// What P2pCamera says, as signals, messages and properties of p2psink.
#include "encoder_control.hpp"
#include "gst_glue.hpp"
#include "p2psink_state.hpp"

namespace camspan::plugin {

guint p2p_sink_signals[kP2pSignalCount];

namespace {

void post_element_message(P2pSink* sink, GstStructure* structure) {
  gst_element_post_message(GST_ELEMENT(sink), gst_message_new_element(GST_OBJECT(sink), structure));
}

/// id, viewer, params, allow (array of strings).
GstStructure* info_of(const P2pViewerInfo& viewer, const char* name) {
  GstStructure* info =
      gst_structure_new(name, "id", G_TYPE_STRING, viewer.id.c_str(), "viewer", G_TYPE_STRING, viewer.viewer.c_str(),
                        "params", G_TYPE_STRING, viewer.params.c_str(), nullptr);
  GValue allow = G_VALUE_INIT;
  gst_value_array_init(&allow, static_cast<guint>(viewer.allow.size()));
  for (const std::string& right : viewer.allow) {
    GValue text = G_VALUE_INIT;
    g_value_init(&text, G_TYPE_STRING);
    g_value_set_string(&text, right.c_str());
    gst_value_array_append_and_take_value(&allow, &text);
  }
  gst_structure_take_value(info, "allow", &allow);
  return info;
}

/// Each try ends on the bus, too: gst-launch-1.0 waits for what has begun before it goes to PLAYING.
void on_state(P2pSink* sink, P2pState now) {
  P2pSinkState& state = state_of(sink);
  const P2pState before = state.connection.exchange(now);
  if (now == before) return;
  g_object_notify(G_OBJECT(sink), "connection-state");
  const char* code = state.ever_connected ? "reconnect" : "connect";
  const auto progress = [&](GstProgressType type, const char* text) {
    gst_element_post_message(GST_ELEMENT(sink), gst_message_new_progress(GST_OBJECT(sink), type, code, text));
  };
  if (now == P2pState::connecting) progress(GST_PROGRESS_TYPE_START, "Connecting");
  if (now == P2pState::connected) progress(GST_PROGRESS_TYPE_COMPLETE, "Viewers can come");
  if (now == P2pState::waiting && before == P2pState::connecting)
    progress(GST_PROGRESS_TYPE_CANCELED, "No connection, trying again later");
  if (now == P2pState::failed) progress(GST_PROGRESS_TYPE_ERROR, "Given up");
  if (now == P2pState::connected) state.ever_connected = true;
}

bool on_connecting(P2pSink* sink, const P2pViewerInfo& viewer) {
  GstStructure* info = info_of(viewer, "viewer");
  gboolean accept = TRUE;
  g_signal_emit(sink, p2p_sink_signals[kP2pViewerConnecting], 0, viewer.id.c_str(), info, &accept);
  gst_structure_free(info);
  return accept != FALSE;
}

void on_added(P2pSink* sink, const P2pViewerInfo& viewer) {
  GstStructure* info = info_of(viewer, "p2psink/viewer-added");
  g_signal_emit(sink, p2p_sink_signals[kP2pViewerAdded], 0, viewer.id.c_str(), info);
  post_element_message(sink, info);
  g_object_notify(G_OBJECT(sink), "num-viewers");
}

void on_removed(P2pSink* sink, const std::string& id, const std::string& reason) {
  g_signal_emit(sink, p2p_sink_signals[kP2pViewerRemoved], 0, id.c_str(), reason.c_str());
  post_element_message(sink, gst_structure_new("p2psink/viewer-removed", "id", G_TYPE_STRING, id.c_str(), "reason",
                                               G_TYPE_STRING, reason.c_str(), nullptr));
  g_object_notify(G_OBJECT(sink), "num-viewers");
}

void on_failed_viewer(P2pSink* sink, const std::string& id, const Failure& why) {
  post_element_message(sink, gst_structure_new("p2psink/viewer-failed", "id", G_TYPE_STRING, id.c_str(), "reason",
                                               G_TYPE_STRING, why.sentence.c_str(), nullptr));
}

void on_message(P2pSink* sink, const std::string& id, const std::string& label, const Bytes& message) {
  GBytes* bytes = g_bytes_new(message.data(), message.size());
  g_signal_emit(sink, p2p_sink_signals[kP2pViewerMessage], 0, id.c_str(), label.c_str(), bytes);
  g_bytes_unref(bytes);
}

/// Names of fields are kept by GLib for good, so viewers may make up so many in a process, of this length.
constexpr int kMaxNewFields = 256;
constexpr std::size_t kMaxFieldBytes = 64;

/// Notify thread.
bool may_be_field(const std::string& key) {
  static int made = 0;
  if (g_quark_try_string(key.c_str()) != 0) return true;
  if (key.size() > kMaxFieldBytes || made == kMaxNewFields) return false;
  ++made;
  return true;
}

/// `text`, and a string field for each of its pairs.
GstStructure* structure_of(const P2pCommand& asked) {
  GstStructure* command = gst_structure_new_empty("command");
  for (const auto& [key, value] : asked.fields)
    if (may_be_field(key)) gst_structure_set(command, key.c_str(), G_TYPE_STRING, value.c_str(), nullptr);
  gst_structure_set(command, "text", G_TYPE_STRING, asked.text.c_str(), nullptr);
  return command;
}

/// Why a handler gives no reply.
P2pCommandReply refusal_of(const GstStructure* answer) {
  P2pCommandReply refusal;
  if (!gst_structure_get_int(answer, "status", &refusal.status) || refusal.status < 400 || refusal.status > 599)
    refusal.status = 500;
  const gchar* reason = gst_structure_get_string(answer, "reason");
  refusal.reason = reason ? reason : "no-reply";
  return refusal;
}

/// Of a handler: `reply` (string or GBytes), or `status` and `reason`.
P2pCommandReply reply_of(const GstStructure* answer) {
  if (answer == nullptr) return {{}, 404, "unknown-command"};
  P2pCommandReply reply;
  const GValue* value = gst_structure_get_value(answer, "reply");
  if (value != nullptr && G_VALUE_HOLDS_STRING(value) && g_value_get_string(value)) {
    const ByteView text = as_bytes(g_value_get_string(value));
    reply.reply.assign(text.begin(), text.end());
  } else if (value != nullptr && G_VALUE_HOLDS(value, G_TYPE_BYTES) && g_value_get_boxed(value)) {
    gsize size = 0;
    const gconstpointer data = g_bytes_get_data(static_cast<GBytes*>(g_value_get_boxed(value)), &size);
    const ByteView bytes(static_cast<const std::byte*>(data), size);
    reply.reply.assign(bytes.begin(), bytes.end());
  } else {
    return refusal_of(answer);
  }
  return reply;
}

P2pCommandReply on_command(P2pSink* sink, const std::string& id, const P2pCommand& asked) {
  // A string of a structure is UTF-8 without NUL.
  if (!g_utf8_validate(asked.text.data(), static_cast<gssize>(asked.text.size()), nullptr))
    return {{}, 400, "bad-request"};
  GstStructure* command = structure_of(asked);
  GstStructure* answer = nullptr;
  g_signal_emit(sink, p2p_sink_signals[kP2pCommand], 0, id.c_str(), command, &answer);
  gst_structure_free(command);
  P2pCommandReply reply = reply_of(answer);
  if (answer) gst_structure_free(answer);
  return reply;
}

std::string encoder_name(P2pSink* sink) {
  P2pSinkState& state = state_of(sink);
  const std::lock_guard held(state.mutex);
  return state.settings.encoder;
}

void on_need_key(P2pSink* sink, std::uint64_t count) {
  if (const ObjectPtr<GstElement> input{input_of(sink)}) request_key_through(input.get());
  if (const std::string name = encoder_name(sink); !name.empty())
    if (const ObjectPtr<GstElement> encoder{find_encoder(GST_ELEMENT(sink), name)}) force_encoder_key(encoder.get());
  g_signal_emit(sink, p2p_sink_signals[kP2pKeyframeRequested], 0, static_cast<guint>(count));
}

/// A handler of the program, or else everybody who listens to the bus, and the encoder that was named.
void on_bitrate(P2pSink* sink, std::uint64_t bits_per_second, bool at_floor) {
  gboolean done = FALSE;
  g_signal_emit(sink, p2p_sink_signals[kP2pBitrateRequest], 0, nullptr, static_cast<guint64>(bits_per_second), &done);
  if (done) return;
  post_element_message(
      sink, gst_structure_new("p2psink/bitrate", "bitrate", G_TYPE_UINT64, static_cast<guint64>(bits_per_second),
                              "congestion", G_TYPE_STRING, at_floor ? "hard" : "none", nullptr));
  const std::string name = encoder_name(sink);
  if (name.empty()) return;
  const ObjectPtr<GstElement> encoder(find_encoder(GST_ELEMENT(sink), name));
  if (!encoder)
    GST_WARNING_OBJECT(sink, "no encoder \"%s\" in the pipeline", name.c_str());
  else if (!set_encoder_bitrate(encoder.get(), bits_per_second))
    GST_WARNING_OBJECT(sink, "the bitrate of %s cannot be set", GST_OBJECT_NAME(encoder.get()));
}

void on_overflow(P2pSink* sink, bool dropping, std::uint64_t level) {
  const P2pCameraStats stats = all_stats(state_of(sink));
  const auto dropped = stats.frames_dropped_late + stats.frames_dropped_overflow + stats.frames_dropped_lifetime;
  GstMessage* qos = gst_message_new_qos(GST_OBJECT(sink), TRUE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
                                        GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
  gst_message_set_qos_stats(qos, GST_FORMAT_BUFFERS, stats.frames_sent, dropped);
  gst_element_post_message(GST_ELEMENT(sink), qos);
  post_element_message(
      sink, gst_structure_new("p2psink/overflow", "active", G_TYPE_BOOLEAN, dropping, "cause", G_TYPE_STRING,
                              "overflow", "level-bytes", G_TYPE_UINT64, static_cast<guint64>(level), nullptr));
}

/// The first handler that answers is the one.
gboolean first_answer(GSignalInvocationHint*, GValue* result, const GValue* handled, gpointer) {
  if (g_value_get_boxed(handled) == nullptr) return TRUE;
  g_value_copy(handled, result);
  return FALSE;
}

void install_notifications(GType type) {
  const auto last = G_SIGNAL_RUN_LAST;
  const GType structure = GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE;
  p2p_sink_signals[kP2pViewerConnecting] = g_signal_new("viewer-connecting", type, last, 0, first_decision, nullptr,
                                                        nullptr, G_TYPE_BOOLEAN, 2, G_TYPE_STRING, structure);
  p2p_sink_signals[kP2pViewerAdded] =
      g_signal_new("viewer-added", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING, structure);
  p2p_sink_signals[kP2pViewerRemoved] = g_signal_new("viewer-removed", type, last, 0, nullptr, nullptr, nullptr,
                                                     G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  p2p_sink_signals[kP2pViewerMessage] = g_signal_new("viewer-message", type, last, 0, nullptr, nullptr, nullptr,
                                                     G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_BYTES);
  p2p_sink_signals[kP2pCommand] = g_signal_new("command", type, last, 0, first_answer, nullptr, nullptr,
                                               GST_TYPE_STRUCTURE, 2, G_TYPE_STRING, structure);
  p2p_sink_signals[kP2pBitrateRequest] = g_signal_new("bitrate-request", type, last, 0, first_decision, nullptr,
                                                      nullptr, G_TYPE_BOOLEAN, 2, G_TYPE_STRING, G_TYPE_UINT64);
  p2p_sink_signals[kP2pKeyframeRequested] =
      g_signal_new("keyframe-requested", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_UINT);
}

GStrv get_viewers(P2pSink* sink) noexcept {
  return guarded(sink, static_cast<GStrv>(nullptr), [&] {
    GStrvBuilder* ids = g_strv_builder_new();
    for (const P2pCameraViewerStats& viewer : all_stats(state_of(sink)).viewers)
      g_strv_builder_add(ids, viewer.id.c_str());
    GStrv list = g_strv_builder_end(ids);
    g_strv_builder_unref(ids);
    return list;
  });
}

gboolean disconnect_viewer(P2pSink* sink, const gchar* id) noexcept {
  return guarded(sink, FALSE, [&]() -> gboolean {
    const auto camera = camera_of(state_of(sink));
    return camera && id && camera->disconnect(id);
  });
}

gboolean send_message(P2pSink* sink, const gchar* id, const gchar* label, GBytes* message) noexcept {
  return guarded(sink, FALSE, [&]() -> gboolean {
    const auto camera = camera_of(state_of(sink));
    if (!camera || !id || !label || !message) return FALSE;
    gsize size = 0;
    const auto* data = static_cast<const std::byte*>(g_bytes_get_data(message, &size));
    return camera->send_message(id, label, {data, size}).has_value();
  });
}

GstStructure* get_stats(P2pSink* sink, const gchar* id) noexcept {
  return guarded(sink, static_cast<GstStructure*>(nullptr), [&]() -> GstStructure* {
    for (const P2pCameraViewerStats& viewer : all_stats(state_of(sink)).viewers)
      if (id && viewer.id == id) return make_viewer_stats(viewer);
    return nullptr;
  });
}

void install_actions(GType type) {
  const auto action = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
  p2p_sink_signals[kP2pGetViewers] = g_signal_new_class_handler("get-viewers", type, action, G_CALLBACK(get_viewers),
                                                                nullptr, nullptr, nullptr, G_TYPE_STRV, 0);
  p2p_sink_signals[kP2pDisconnectViewer] =
      g_signal_new_class_handler("disconnect-viewer", type, action, G_CALLBACK(disconnect_viewer), nullptr, nullptr,
                                 nullptr, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  p2p_sink_signals[kP2pSendMessage] =
      g_signal_new_class_handler("send-message", type, action, G_CALLBACK(send_message), nullptr, nullptr, nullptr,
                                 G_TYPE_BOOLEAN, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_BYTES);
  p2p_sink_signals[kP2pGetStats] = g_signal_new_class_handler("get-stats", type, action, G_CALLBACK(get_stats), nullptr,
                                                              nullptr, nullptr, GST_TYPE_STRUCTURE, 1, G_TYPE_STRING);
}

}  // namespace

void install_p2p_signals(GType type) {
  install_notifications(type);
  install_actions(type);
}

P2pCameraEvents make_p2p_events(P2pSink* sink) {
  // The callbacks go with the camera when the element stops, and the reference with them.
  const std::shared_ptr<P2pSink> self(P2P_SINK(gst_object_ref(sink)), Unref());
  P2pCameraEvents events;
  events.state = [self](P2pState state) { on_state(self.get(), state); };
  events.lost = [self](const Failure& failure) { post_warning(GST_ELEMENT(self.get()), failure); };
  events.failed = [self](const Failure& failure) {
    post_error(GST_ELEMENT(self.get()), failure, state_of(self.get()).ever_connected);
  };
  if (g_signal_has_handler_pending(sink, p2p_sink_signals[kP2pViewerConnecting], 0, FALSE))
    events.viewer_connecting = [self](const P2pViewerInfo& viewer) { return on_connecting(self.get(), viewer); };
  events.viewer_added = [self](const P2pViewerInfo& viewer) { on_added(self.get(), viewer); };
  events.viewer_removed = [self](const std::string& id, const std::string& why) { on_removed(self.get(), id, why); };
  events.viewer_failed = [self](const std::string& id, const Failure& why) { on_failed_viewer(self.get(), id, why); };
  if (g_signal_has_handler_pending(sink, p2p_sink_signals[kP2pViewerMessage], 0, FALSE))
    events.viewer_message = [self](const std::string& id, const std::string& label, const Bytes& message) {
      on_message(self.get(), id, label, message);
    };
  if (g_signal_has_handler_pending(sink, p2p_sink_signals[kP2pCommand], 0, FALSE))
    events.command = [self](const std::string& id, const P2pCommand& asked) {
      return on_command(self.get(), id, asked);
    };
  events.need_key = [self](std::uint64_t count) { on_need_key(self.get(), count); };
  events.bitrate = [self](std::uint64_t bits, bool at_floor) { on_bitrate(self.get(), bits, at_floor); };
  events.overflow = [self](bool dropping, std::uint64_t level) { on_overflow(self.get(), dropping, level); };
  return events;
}

}  // namespace camspan::plugin
