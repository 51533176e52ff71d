#include "gst_glue.hpp"
#include "wsstreamsink_state.hpp"

namespace camspan::plugin {
namespace {

/// Counters that go on from run to run, and their names.
struct Counter {
  const char* name;
  std::uint64_t WsPublisherStats::*member;
};
constexpr Counter kCounters[] = {
    {"bytes-in", &WsPublisherStats::bytes_in},
    {"units-in", &WsPublisherStats::units_in},
    {"bytes-served", &WsPublisherStats::bytes_served},
    {"accepts", &WsPublisherStats::accepts},
    {"rejects-token", &WsPublisherStats::rejects_token},
    {"rejects-origin", &WsPublisherStats::rejects_origin},
    {"rejects-full", &WsPublisherStats::rejects_full},
    {"rejects-application", &WsPublisherStats::rejects_application},
    {"rejects-request", &WsPublisherStats::rejects_request},
    {"dropped-soft", &WsPublisherStats::dropped_soft},
    {"dropped-hard", &WsPublisherStats::dropped_hard},
    {"bytes-dropped-soft", &WsPublisherStats::bytes_dropped_soft},
    {"bytes-dropped-hard", &WsPublisherStats::bytes_dropped_hard},
    {"bytes-dropped-input", &WsPublisherStats::bytes_dropped_input},
};

void set(GstStructure* stats, const char* name, std::uint64_t value) {
  gst_structure_set(stats, name, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

void add_run(WsPublisherStats& total, const WsPublisherStats& run) {
  for (const Counter& counter : kCounters) total.*counter.member += run.*counter.member;
}

WsPublisherStats all_stats(WsStreamSink* sink) {
  const auto publisher = publisher_of(sink);
  WsPublisherStats stats = publisher ? publisher->stats() : WsPublisherStats();
  WsStreamSinkState& state = state_of(sink);
  const std::lock_guard held(state.mutex);
  add_run(stats, state.total);
  return stats;
}

GstStructure* make_client_stats(const WsClientStats& client) {
  GstStructure* stats =
      gst_structure_new("client", "id", G_TYPE_UINT, client.id, "address", G_TYPE_STRING, client.address.c_str(),
                        "websocket", G_TYPE_BOOLEAN, client.websocket, nullptr);
  set(stats, "queued-bytes", client.queued_bytes);
  set(stats, "queue-delay-ms", static_cast<std::uint64_t>(client.queue_delay / std::chrono::milliseconds(1)));
  set(stats, "sent", client.units_sent);
  set(stats, "bytes-sent", client.bytes_sent);
  set(stats, "dropped-soft", client.dropped_soft);
  set(stats, "dropped-hard", client.dropped_hard);
  set(stats, "last-activity", static_cast<std::uint64_t>(client.idle.count()));
  return stats;
}

GstStructure* make_ws_stats(WsStreamSink* sink) {
  const WsPublisherStats all = all_stats(sink);
  GstStructure* stats = base_sink_stats(GST_BASE_SINK(sink));
  gst_structure_set_name(stats, "application/x-wsstreamsink-stats");
  for (const Counter& counter : kCounters) set(stats, counter.name, all.*counter.member);
  set(stats, "level-bytes", all.level_bytes);
  set(stats, "gop-cache-bytes", all.cache_bytes);
  GValue clients = G_VALUE_INIT;
  g_value_init(&clients, GST_TYPE_ARRAY);
  for (const WsClientStats& client : all.clients) {
    GValue one = G_VALUE_INIT;
    g_value_init(&one, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&one, make_client_stats(client));
    gst_value_array_append_and_take_value(&clients, &one);
  }
  gst_structure_take_value(stats, "clients", &clients);
  return stats;
}

}  // namespace camspan::plugin
