// SCTP of a viewer who means harm: two associations talk, and the input changes, drops or adds packets on the way.
// Of each packet one byte decides; what follows says where and how it is changed.
#include <array>

#include "proto/rtc/data_channels.hpp"

namespace {

using namespace camspan;

/// The bytes that decide, 0 when they are used up.
struct Script {
  ByteView rest;

  unsigned next() {
    if (rest.empty()) return 0;
    const auto value = std::to_integer<unsigned>(rest.front());
    rest = rest.subspan(1);
    return value;
  }
};

struct Side {
  rtc::SctpAssociation association{{}};
  rtc::DataChannels channels;
  explicit Side(bool even) : channels(association, even, 0) {}

  void poll() {
    while (const auto event = association.poll()) {
      if (const auto* up = std::get_if<rtc::SctpAssociation::Up>(&*event)) channels.set_streams(up->streams);
      if (const auto* message = std::get_if<rtc::SctpAssociation::Message>(&*event)) (void)channels.take(*message);
      if (const auto* stream = std::get_if<rtc::SctpAssociation::StreamClosed>(&*event)) (void)channels.take(*stream);
    }
  }
};

void carry(Script& script, Side& from, Side& to) {
  for (std::size_t i = 0; i < from.association.output().size(); ++i) {
    const ByteView packet = from.association.output()[i];
    Bytes changed(packet.begin(), packet.end());
    const unsigned what = script.next();
    if (what % 8 == 1) continue;
    if (what % 8 == 2)
      for (unsigned change = 0; change < what / 8; ++change)
        changed[12 + script.next() % (changed.size() - 12)] = static_cast<std::byte>(script.next());
    if (what % 8 == 3) changed.resize(changed.size() * (script.next() + 1) / 256);
    if (what % 8 == 4) {  // another chunk behind
      for (unsigned extra = 0; extra < what / 8 * 4; ++extra) changed.push_back(static_cast<std::byte>(script.next()));
    }
    to.association.feed(changed);
  }
  from.association.output().clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static TimePoint now{std::chrono::seconds(1)};
  Script script{std::as_bytes(std::span(data, size))};
  Side camera(true);
  Side viewer(false);
  (void)camera.association.connect();
  (void)viewer.association.connect();
  const auto channel = viewer.channels.open({"action=live"});
  const std::array<std::byte, 3000> message{};
  for (int round = 0; round < 24; ++round) {
    carry(script, viewer, camera);
    carry(script, camera, viewer);
    viewer.poll();
    camera.poll();
    if (channel && round % 4 == 3)
      (void)viewer.channels.send(*channel, false, message, rtc::Delivery::timed, std::chrono::milliseconds(50));
    if (channel && round == 18) viewer.channels.close(*channel);
    now += std::chrono::milliseconds(40);
    rtc::sctp_advance(now);
  }
  return 0;
}
