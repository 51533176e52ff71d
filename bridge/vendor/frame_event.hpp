/// A frame as the callbacks of the C API are told of it: numbers of RFC 9113 section 6.
#pragma once

#include "proto/h2/frame.hpp"

namespace camspan::linkkit {

struct FrameEvent {
  int stream = 0;
  int type = 0;
  std::uint8_t flags = 0;  ///< END_STREAM or ACK 1, END_HEADERS 4
};

FrameEvent frame_event(const h2::Frame& frame);

}  // namespace camspan::linkkit
