// Datagrams of somebody who found the path: DTLS before and after garbage. Each begins with two bytes of length.
#include "proto/rtc/peer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace camspan;
  static const auto certificate = rtc::Certificate::make().value();
  rtc::PeerSettings settings;
  settings.remote = certificate->fingerprint();
  settings.role = size % 2 == 0 ? rtc::Dtls::Role::server : rtc::Dtls::Role::client;
  rtc::Peer peer(certificate, settings);
  peer.start();
  ByteView input = std::as_bytes(std::span(data, size));
  while (input.size() >= 2) {
    const auto length = std::min<std::size_t>(static_cast<std::size_t>(load_be<2>(input.data())), input.size() - 2);
    peer.feed(input.subspan(2, length));
    input = input.subspan(2 + length);
    while (peer.poll()) continue;
    peer.output().clear();
  }
  return 0;
}
