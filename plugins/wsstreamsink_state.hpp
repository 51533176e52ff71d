/// Everything C++ of the element.
#pragma once

#include <camspan/ws_publisher.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "stream_header.hpp"
#include "wsstreamsink.hpp"
#include "wsstreamsink_properties.hpp"

namespace camspan::plugin {

/// What the buffers are, by the caps. Streaming thread only.
class WsStreamFormat {
 public:
  /// Takes new caps. @return what they carry as stream header, to be pushed first; empty if they say nothing new
  std::vector<SharedUnit> take_caps(GstCaps* caps, const GstSegment& segment);
  /// Without caps the first bytes decide.
  void decide_by(ByteView bytes);
  /// What unit a buffer is; fills kind and track where the format is not FLV.
  void classify(Unit& unit, GstBuffer* buffer) const;
  /// A header buffer that the caps carried and that was therefore pushed already.
  bool repeats_header(GstBuffer* buffer) const { return header_.repeats(buffer); }
  void forget();

  bool known() const { return known_; }
  bool flv() const { return flv_; }
  /// The caps as text, without stream header.
  const std::string& caps() const { return caps_; }

 private:
  StreamHeader header_;
  std::string caps_;
  UnitKind kind_ = UnitKind::other;  ///< of a buffer that is no delta
  bool known_ = false;
  bool flv_ = true;
};

struct WsStreamSinkState {
  std::mutex mutex;                        ///< rather than the object lock, which the thread sanitizer cannot see
  WsStreamSinkSettings settings;           ///< guarded by it
  std::shared_ptr<WsPublisher> publisher;  ///< exists between start() and stop(); the pointer is guarded by it
  WsPublisherStats total;                  ///< counters of the runs before this one; guarded by it
  GstClockID stats_timer = nullptr;
  WsStreamFormat format;
};

WsStreamSinkState& state_of(WsStreamSink* sink);
/// The publisher, if one runs. Any thread.
std::shared_ptr<WsPublisher> publisher_of(WsStreamSink* sink);
/// Callbacks that turn the core's events into messages and signals. They keep the element alive.
WsPublisherEvents make_ws_events(WsStreamSink* sink);
void install_ws_signals(GType type);
/// Counters of this run and those before; levels of this one.
WsPublisherStats all_stats(WsStreamSink* sink);
/// Adds a run that ends to the counters of the element.
void add_run(WsPublisherStats& total, const WsPublisherStats& run);
/// application/x-wsstreamsink-stats; the caller frees it.
GstStructure* make_ws_stats(WsStreamSink* sink);
GstStructure* make_client_stats(const WsClientStats& client);

}  // namespace camspan::plugin
