/// Frames of HTTP/2 in the log, at level trace: no header fields and no bodies.
#pragma once

#include "core/log.hpp"
#include "proto/h2/observer.hpp"

namespace camspan::net {

/// DATA is left out: there is too much of it.
inline void log_frame(const char* peer, h2::Direction direction, const h2::Frame& frame) {
  if (!log::enabled(log::Level::trace) || std::holds_alternative<h2::DataFrame>(frame)) return;
  const char* const way = direction == h2::Direction::sent ? "to" : "from";
  log::line(log::Level::trace, "http2", way, " ", peer, ": ", h2::describe(frame));
}

}  // namespace camspan::net
