/// How a connection finds out that its server is gone.
#pragma once

#include <chrono>

#include "http2_stream_types.h"

namespace camspan::linkkit {

struct KeepAlive {
  /// PING after this long without input.
  std::chrono::milliseconds interval{IOT_HTTP2_KEEP_ALIVE_TIME};
  /// An answer that does not come in this time ends the connection (h2-stream.md 2.8).
  std::chrono::milliseconds timeout{10000};
};

}  // namespace camspan::linkkit
