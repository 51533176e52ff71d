#include "frame_event.hpp"

namespace camspan::linkkit {
namespace {

constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndHeaders = 4;

struct ToEvent {
  FrameEvent operator()(const h2::DataFrame& frame) const { return {frame.stream.value(), 0, end(frame.end_stream)}; }
  FrameEvent operator()(const h2::HeadersFrame& frame) const {
    return {frame.stream.value(), 1, static_cast<std::uint8_t>(kEndHeaders | end(frame.end_stream))};
  }
  FrameEvent operator()(const h2::PriorityFrame& frame) const { return {frame.stream.value(), 2, 0}; }
  FrameEvent operator()(const h2::ResetFrame& frame) const { return {frame.stream.value(), 3, 0}; }
  FrameEvent operator()(const h2::SettingsFrame&) const { return {0, 4, 0}; }
  FrameEvent operator()(const h2::SettingsAckFrame&) const { return {0, 4, kAck}; }
  FrameEvent operator()(const h2::PushPromiseFrame& frame) const { return {frame.stream.value(), 5, kEndHeaders}; }
  FrameEvent operator()(const h2::PingFrame& frame) const {
    return {0, 6, frame.ack ? kAck : static_cast<std::uint8_t>(0)};
  }
  FrameEvent operator()(const h2::GoAwayFrame&) const { return {0, 7, 0}; }
  FrameEvent operator()(const h2::WindowUpdateFrame& frame) const { return {frame.stream.value(), 8, 0}; }
  FrameEvent operator()(const h2::UnknownFrame& frame) const { return {frame.stream.value(), frame.type, 0}; }

  static std::uint8_t end(bool ends) { return ends ? kEndStream : 0; }
};

}  // namespace

FrameEvent frame_event(const h2::Frame& frame) {
  return std::visit(ToEvent{}, frame);
}

}  // namespace camspan::linkkit
