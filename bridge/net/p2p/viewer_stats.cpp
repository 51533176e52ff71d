#include "net/p2p/viewer_stats.hpp"

#include <nlohmann/json.hpp>

namespace camspan::net {
namespace {

std::int64_t ms(const std::optional<std::chrono::milliseconds>& time) {
  return time ? time->count() : -1;
}

}  // namespace

std::string viewer_stats_json(const P2pCameraViewerStats& stats) {
  nlohmann::ordered_json told;
  told["id"] = stats.id;
  told["viewer"] = stats.viewer;
  told["state"] = stats.connected ? "connected" : "connecting";
  told["delivery"] = stats.delivery;
  told["remote-candidate-type"] = stats.remote_candidate_type;
  told["relay"] = stats.relayed;
  told["signal-ms"] = ms(stats.signal_time);
  told["ice-ms"] = ms(stats.ice_time);
  told["dtls-ms"] = ms(stats.dtls_time);
  told["open-ms"] = ms(stats.open_time);
  told["first-key-ms"] = ms(stats.first_key_time);
  told["rtt-ms"] = static_cast<double>(stats.rtt.count()) / 1000.0;
  told["loss"] = stats.loss;
  told["cwnd"] = stats.cwnd;
  told["buffered-bytes"] = stats.buffered_bytes;
  told["queue-delay-ms"] = stats.queue_delay / std::chrono::milliseconds(1);
  told["bytes-sent"] = stats.bytes_sent;
  told["frames-sent"] = stats.frames_sent;
  told["frames-dropped-late"] = stats.frames_dropped_late;
  told["frames-dropped-overflow"] = stats.frames_dropped_overflow;
  told["frames-dropped-lifetime"] = stats.frames_dropped_lifetime;
  told["key-requests"] = stats.key_requests;
  told["estimated-bitrate"] = stats.estimated_bitrate;
  told["loss-bitrate"] = stats.loss_bitrate;
  told["too-lossy"] = stats.too_lossy;
  // A name comes from a token, and may be no UTF-8.
  return told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace camspan::net
