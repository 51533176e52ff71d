/// Frames of a WebSocket peer, whole and cut into pieces: both must give the same messages.
#include <cstdlib>
#include <vector>

#include "proto/ws/frame.hpp"

namespace {

using camspan::ByteView;
using camspan::ws::FrameSession;

constexpr std::size_t kMaxMessageBytes = 4096;

std::vector<camspan::Bytes> messages(ByteView bytes, std::size_t piece, camspan::ws::Role role) {
  FrameSession session(role, {kMaxMessageBytes});
  std::vector<camspan::Bytes> out;
  bool good = true;
  while (good && !bytes.empty()) {
    const ByteView input = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(input.size());
    good = session.feed(input).has_value();
    while (auto event = session.poll()) {
      auto* message = std::get_if<FrameSession::Message>(&*event);
      if (message == nullptr) continue;
      if (message->data.size() > kMaxMessageBytes) std::abort();
      out.push_back(std::move(message->data));
    }
  }
  camspan::Bytes output;
  session.pending_output(output);
  // A peer that is refused is told so.
  if (!good && output.size() < 4) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto role = (data[0] & 1) != 0 ? camspan::ws::Role::client : camspan::ws::Role::server;
  if (messages(bytes, SIZE_MAX, role) != messages(bytes, (data[0] >> 1) + 1u, role)) std::abort();
  return 0;
}
