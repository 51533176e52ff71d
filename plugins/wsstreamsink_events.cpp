#include "gst_glue.hpp"
#include "wsstreamsink_state.hpp"

namespace camspan::plugin {
namespace {

enum Signal {
  kClientConnecting,
  kClientAdded,
  kClientRemoved,
  kClientMessage,
  kGetStats,
  kRemove,
  kRemoveFlush,
  kClear,
  kSend,
  kSignals
};
guint signals[kSignals];

void post(WsStreamSink* sink, GstStructure* structure) {
  gst_element_post_message(GST_ELEMENT(sink), gst_message_new_element(GST_OBJECT(sink), structure));
}

bool on_connecting(WsStreamSink* sink, const std::string& address, const std::string& path,
                   const WsPublisherEvents::Headers& headers) {
  GstStructure* fields = gst_structure_new_empty("headers");
  for (const auto& [name, value] : headers)
    gst_structure_set(fields, name.c_str(), G_TYPE_STRING, value.c_str(), nullptr);
  gboolean welcome = TRUE;
  g_signal_emit(sink, signals[kClientConnecting], 0, address.c_str(), path.c_str(), fields, &welcome);
  gst_structure_free(fields);
  return welcome != FALSE;
}

void on_added(WsStreamSink* sink, std::uint32_t id, const std::string& address) {
  g_signal_emit(sink, signals[kClientAdded], 0, id);
  post(sink, gst_structure_new("wsstreamsink/client-added", "id", G_TYPE_UINT, id, "address", G_TYPE_STRING,
                               address.c_str(), nullptr));
}

void on_removed(WsStreamSink* sink, std::uint32_t id, WsRemoval why) {
  const gint status = static_cast<gint>(why);
  g_signal_emit(sink, signals[kClientRemoved], 0, id, status);
  post(sink, gst_structure_new("wsstreamsink/client-removed", "id", G_TYPE_UINT, id, "status", ws_removal_type(),
                               status, nullptr));
}

void on_message(WsStreamSink* sink, std::uint32_t id, const Bytes& message) {
  GBytes* bytes = g_bytes_new(message.data(), message.size());
  g_signal_emit(sink, signals[kClientMessage], 0, id, bytes);
  g_bytes_unref(bytes);
}

void on_overflow(WsStreamSink* sink, bool dropping) {
  const WsPublisherStats stats = all_stats(sink);
  GstMessage* qos = gst_message_new_qos(GST_OBJECT(sink), TRUE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
                                        GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
  gst_message_set_qos_stats(qos, GST_FORMAT_BUFFERS, stats.units_in, stats.dropped_soft + stats.dropped_hard);
  gst_element_post_message(GST_ELEMENT(sink), qos);
  post(sink, gst_structure_new("wsstreamsink/overflow", "active", G_TYPE_BOOLEAN, dropping, "dropped-soft",
                               G_TYPE_UINT64, static_cast<guint64>(stats.dropped_soft), "dropped-hard", G_TYPE_UINT64,
                               static_cast<guint64>(stats.dropped_hard), "level-bytes", G_TYPE_UINT64,
                               static_cast<guint64>(stats.level_bytes), nullptr));
}

gboolean let_in(WsStreamSink*, const gchar*, const gchar*, GstStructure*) noexcept {
  return TRUE;
}

GstStructure* get_stats(WsStreamSink* sink, guint id) noexcept {
  return guarded(sink, static_cast<GstStructure*>(nullptr), [&]() -> GstStructure* {
    const auto publisher = publisher_of(sink);
    if (!publisher) return nullptr;
    for (const WsClientStats& client : publisher->stats().clients)
      if (client.id == id) return make_client_stats(client);
    return nullptr;
  });
}

void remove_client(WsStreamSink* sink, guint id) noexcept {
  if (const auto publisher = publisher_of(sink)) publisher->remove(id);
}

void remove_flush(WsStreamSink* sink, guint id) noexcept {
  if (const auto publisher = publisher_of(sink)) publisher->remove_flush(id);
}

void clear(WsStreamSink* sink) noexcept {
  if (const auto publisher = publisher_of(sink)) publisher->clear();
}

void send(WsStreamSink* sink, guint id, GBytes* message) noexcept {
  const auto publisher = publisher_of(sink);
  if (!publisher || !message) return;
  gsize size = 0;
  const auto* data = static_cast<const std::byte*>(g_bytes_get_data(message, &size));
  publisher->send(id, Bytes(data, data + size));
}

}  // namespace

WsPublisherEvents make_ws_events(WsStreamSink* sink) {
  // The callbacks go with the publisher in stop(), and the reference with them.
  const std::shared_ptr<WsStreamSink> self(WS_STREAM_SINK(gst_object_ref(sink)), Unref());
  WsPublisherEvents events;
  events.client_connecting = [self](const std::string& address, const std::string& path, const auto& headers) {
    return on_connecting(self.get(), address, path, headers);
  };
  events.client_added = [self](std::uint32_t id, const std::string& address) { on_added(self.get(), id, address); };
  events.client_removed = [self](std::uint32_t id, WsRemoval why) { on_removed(self.get(), id, why); };
  events.client_message = [self](std::uint32_t id, const Bytes& message) { on_message(self.get(), id, message); };
  events.overflow = [self](bool dropping) { on_overflow(self.get(), dropping); };
  events.need_key = [self] { send_force_key_unit(GST_BASE_SINK(self.get())); };
  return events;
}

void install_ws_signals(GType type) {
  const auto last = G_SIGNAL_RUN_LAST;
  const auto action = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
  signals[kClientConnecting] = g_signal_new_class_handler(
      "client-connecting", type, last, G_CALLBACK(let_in), first_decision, nullptr, nullptr, G_TYPE_BOOLEAN, 3,
      G_TYPE_STRING, G_TYPE_STRING, GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[kClientAdded] =
      g_signal_new("client-added", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[kClientRemoved] = g_signal_new("client-removed", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2,
                                         G_TYPE_UINT, ws_removal_type());
  signals[kClientMessage] = g_signal_new("client-message", type, last, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2,
                                         G_TYPE_UINT, G_TYPE_BYTES);
  signals[kGetStats] = g_signal_new_class_handler("get-stats", type, action, G_CALLBACK(get_stats), nullptr, nullptr,
                                                  nullptr, GST_TYPE_STRUCTURE, 1, G_TYPE_UINT);
  signals[kRemove] = g_signal_new_class_handler("remove", type, action, G_CALLBACK(remove_client), nullptr, nullptr,
                                                nullptr, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[kRemoveFlush] = g_signal_new_class_handler("remove-flush", type, action, G_CALLBACK(remove_flush), nullptr,
                                                     nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[kClear] =
      g_signal_new_class_handler("clear", type, action, G_CALLBACK(clear), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
  signals[kSend] = g_signal_new_class_handler("send", type, action, G_CALLBACK(send), nullptr, nullptr, nullptr,
                                              G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BYTES);
}

}  // namespace camspan::plugin
