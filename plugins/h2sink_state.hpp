/// Everything C++ of the element.
#pragma once

#include <gst/gst.h>
#include <camspan/h2_push.hpp>

#include <atomic>
#include <memory>
#include <mutex>

#include "h2sink.hpp"
#include "h2sink_settings.hpp"
#include "stream_header.hpp"

namespace camspan::plugin {

struct H2SinkState {
  std::mutex mutex;              ///< rather than the object lock, which the thread sanitizer cannot see
  H2SinkSettings settings;       ///< guarded by it
  std::shared_ptr<H2Push> push;  ///< exists between start() and stop(); the pointer is guarded by it
  std::atomic<ConnectionState> connection{ConnectionState::idle};
  std::atomic<std::uint64_t> goodput{0};
  std::atomic<bool> ever_connected{false};
  H2PushStats total;  ///< counters of the runs before this one; guarded by it
  GstClockID stats_timer = nullptr;

  // Streaming thread only.
  StreamHeader stream_header;
  bool live_known = false;
  bool live = false;
};

H2SinkState& state_of(H2Sink* sink);
/// The upload, if one runs. Any thread.
std::shared_ptr<H2Push> push_of(H2Sink* sink);

/// Callbacks that turn the core's events into messages, signals and properties. They keep the element alive.
H2PushEvents make_events(H2Sink* sink);
/// Asks upstream for a key frame, at most once a second.
void request_key(H2Sink* sink);
/// GstURIHandler for h2:// and h2c://.
void uri_handler_init(gpointer iface, gpointer data);
/// application/x-h2sink-stats; the caller frees it.
GstStructure* make_stats(H2Sink* sink);

/// Capture time in ns since 1970; GST_CLOCK_TIME_NONE where there is none.
guint64 spool_time(std::optional<UtcTime> oldest);

enum H2SinkSignal {
  kSignalConnected,
  kSignalDisconnected,
  kSignalAck,
  kSignalRequestToken,
  kSignalRedirect,
  kSignalSplitNow,
  kSignalReconnect,
  kSignalDropSpool,
  kSignalCount
};
extern guint h2_sink_signals[kSignalCount];

}  // namespace camspan::plugin
