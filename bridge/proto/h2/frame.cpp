#include "proto/h2/frame.hpp"

#include <nghttp2/nghttp2.h>
#include <algorithm>
#include <camspan/bytes.hpp>

#include "proto/h2/callbacks.hpp"

namespace camspan::h2 {
namespace {

constexpr std::size_t kMaxDebugBytes = 128;

bool has(const nghttp2_frame& frame, int flag) {
  return (frame.hd.flags & flag) != 0;
}

Frame settings_of(const nghttp2_frame& frame) {
  if (has(frame, NGHTTP2_FLAG_ACK)) return SettingsAckFrame();
  SettingsFrame result;
  for (std::size_t i = 0; i < frame.settings.niv; ++i)
    result.entries.emplace_back(static_cast<std::uint16_t>(frame.settings.iv[i].settings_id),
                                frame.settings.iv[i].value);
  return result;
}

GoAwayFrame go_away_of(const nghttp2_frame& frame) {
  GoAwayFrame result{StreamId(frame.goaway.last_stream_id), to_error_code(frame.goaway.error_code), {}};
  for (std::size_t i = 0; i < std::min(frame.goaway.opaque_data_len, kMaxDebugBytes); ++i) {
    const char c = static_cast<char>(frame.goaway.opaque_data[i]);
    result.debug += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return result;
}

std::string on(StreamId stream) {
  return " " + std::to_string(stream.value());
}
std::string end(bool end_stream) {
  return end_stream ? " END_STREAM" : "";
}

struct Describe {
  std::string operator()(const DataFrame& f) const {
    return "DATA" + on(f.stream) + " of " + std::to_string(f.length) + " bytes" + end(f.end_stream);
  }
  std::string operator()(const HeadersFrame& f) const { return "HEADERS" + on(f.stream) + end(f.end_stream); }
  std::string operator()(const PriorityFrame& f) const { return "PRIORITY" + on(f.stream); }
  std::string operator()(const ResetFrame& f) const {
    return "RST_STREAM" + on(f.stream) + " " + std::string(name(f.code));
  }
  std::string operator()(const SettingsFrame& f) const {
    std::string text = "SETTINGS";
    for (const auto& [id, value] : f.entries) text += " " + std::to_string(id) + "=" + std::to_string(value);
    return text;
  }
  std::string operator()(const SettingsAckFrame&) const { return "SETTINGS ACK"; }
  std::string operator()(const PingFrame& f) const {
    return (f.ack ? "PING ACK " : "PING ") + std::to_string(f.payload);
  }
  std::string operator()(const PushPromiseFrame& f) const { return "PUSH_PROMISE" + on(f.stream) + on(f.promised); }
  std::string operator()(const GoAwayFrame& f) const {
    return "GOAWAY" + on(f.last) + " " + std::string(name(f.code)) + (f.debug.empty() ? "" : " \"" + f.debug + "\"");
  }
  std::string operator()(const WindowUpdateFrame& f) const {
    return "WINDOW_UPDATE" + on(f.stream) + " +" + std::to_string(f.increment);
  }
  std::string operator()(const UnknownFrame& f) const { return "type " + std::to_string(f.type) + on(f.stream); }
};

}  // namespace

Frame to_frame(const nghttp2_frame& frame) {
  const StreamId stream(frame.hd.stream_id);
  const bool end_stream = has(frame, NGHTTP2_FLAG_END_STREAM);
  switch (frame.hd.type) {
    case NGHTTP2_DATA:
      return DataFrame{stream, frame.hd.length, end_stream};
    case NGHTTP2_HEADERS:
      return HeadersFrame{stream, end_stream};
    case NGHTTP2_PRIORITY:
      return PriorityFrame{stream};
    case NGHTTP2_RST_STREAM:
      return ResetFrame{stream, to_error_code(frame.rst_stream.error_code)};
    case NGHTTP2_SETTINGS:
      return settings_of(frame);
    case NGHTTP2_PING:
      return PingFrame{load_be<8>(reinterpret_cast<const std::byte*>(frame.ping.opaque_data)),
                       has(frame, NGHTTP2_FLAG_ACK)};
    case NGHTTP2_PUSH_PROMISE:
      return PushPromiseFrame{stream, StreamId(frame.push_promise.promised_stream_id)};
    case NGHTTP2_GOAWAY:
      return go_away_of(frame);
    case NGHTTP2_WINDOW_UPDATE:
      return WindowUpdateFrame{stream, static_cast<std::uint32_t>(frame.window_update.window_size_increment)};
    default:
      return UnknownFrame{stream, frame.hd.type};
  }
}

std::string describe(const Frame& frame) {
  return std::visit(Describe(), frame);
}

}  // namespace camspan::h2
