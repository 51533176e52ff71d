/// Two peers, a link between them that loses, doubles and reorders, and the clock of both.
#pragma once

#include <map>
#include <random>
#include <set>

#include "proto/rtc/peer.hpp"
#include "support/virtual_time.hpp"

namespace camspan::test {

struct LossyLink {
  std::chrono::microseconds delay{5'000};  ///< one way
  double rate = 0;                         ///< bytes/s each way; 0 = without bound
  double queue = 64 << 10;                 ///< bytes that wait for it; what comes beside them is lost
  double loss = 0;
  double doubled = 0;
  double reordered = 0;  ///< held back for four delays
  std::uint32_t seed = 1;
};

/// One peer and what it has told.
struct HeardPeer {
  HeardPeer(std::shared_ptr<const rtc::Certificate> certificate, const rtc::PeerSettings& settings)
      : peer(std::move(certificate), settings) {}

  void poll() {
    while (auto event = peer.poll()) {
      if (std::holds_alternative<rtc::Peer::Secured>(*event)) secured = true;
      if (std::holds_alternative<rtc::Peer::Connected>(*event)) connected = true;
      if (std::holds_alternative<rtc::Peer::Writable>(*event)) ++writable;
      if (const auto* channel = std::get_if<rtc::ChannelOpen>(&*event)) channels.push_back(*channel);
      if (const auto* closing = std::get_if<rtc::DataChannels::Closed>(&*event)) closed.push_back(closing->channel);
      if (const auto* end = std::get_if<rtc::Peer::Ended>(&*event)) ended.push_back(end->reason);
      if (const auto* message = std::get_if<rtc::DataChannels::Message>(&*event)) {
        messages.emplace_back(as_text(message->data));
        texts += message->text ? 1U : 0U;
      }
    }
  }

  rtc::Peer peer;
  bool secured = false;
  bool connected = false;
  unsigned writable = 0;
  unsigned texts = 0;
  std::vector<rtc::ChannelOpen> channels;
  std::vector<rtc::ChannelId> closed;
  std::vector<std::string> messages;
  std::vector<std::error_code> ended;
};

class PeerPair {
 public:
  explicit PeerPair(LossyLink with = {}, rtc::SctpSettings sctp = {}, bool right_fingerprint = true,
                    std::size_t max_datagram = rtc::kMaxDatagram)
      : link(with), random_(with.seed) {
    const auto first = rtc::Certificate::make().value();
    const auto second = rtc::Certificate::make().value();
    rtc::PeerSettings settings;
    settings.sctp = sctp;
    settings.max_datagram = max_datagram;
    settings.role = rtc::Dtls::Role::client;
    settings.remote = right_fingerprint ? second->fingerprint() : first->fingerprint();
    client = std::make_unique<HeardPeer>(first, settings);
    settings.role = rtc::Dtls::Role::server;
    settings.remote = first->fingerprint();
    server = std::make_unique<HeardPeer>(second, settings);
  }

  void start() {
    client->peer.start();
    server->peer.start();
    settle();
  }

  /// Runs until `condition` holds. @return false: it did not within `limit` of virtual time
  template <class Condition>
  bool run_until(Condition condition, Nanoseconds limit = std::chrono::seconds(60)) {
    const auto deadline = VirtualTime::now() + limit;
    for (settle(); !condition(); step(deadline))
      if (VirtualTime::now() >= deadline) return false;
    return true;
  }
  void run_for(Nanoseconds time) {
    run_until([] { return false; }, time);
  }
  bool connect() {
    start();
    return run_until([&] { return client->connected && server->connected; });
  }
  /// What has happened is told, and what is to be sent is on its way.
  void settle() {
    for (auto* side : {client.get(), server.get()}) {
      if (side == nullptr) continue;
      side->poll();
      auto& output = side->peer.output();
      for (std::size_t i = 0; i < output.size(); ++i) carry(side == client.get(), output[i]);
      output.clear();
    }
  }

  LossyLink link;
  bool cut = false;  ///< nothing gets through
  std::unique_ptr<HeardPeer> client;
  std::unique_ptr<HeardPeer> server;
  std::size_t datagrams = 0;
  std::size_t largest = 0;
  std::set<std::size_t> lost;  ///< numbers of datagrams that are lost for sure, from 0

 private:
  struct Datagram {
    bool to_server;
    Bytes data;
  };

  bool chance(double part) { return std::uniform_real_distribution<>(0, 1)(random_) < part; }

  /// When so many bytes are through the bottleneck; empty if there is no place to wait before it.
  std::optional<TimePoint> pass(bool to_server, double bytes) {
    using Seconds = std::chrono::duration<double>;
    if (link.rate == 0) return VirtualTime::now();
    TimePoint& free = free_[to_server ? 0 : 1];
    free = std::max(free, VirtualTime::now());
    if (Seconds(free - VirtualTime::now()).count() * link.rate > link.queue) return std::nullopt;
    free += std::chrono::duration_cast<Nanoseconds>(Seconds(bytes / link.rate));
    return free;
  }

  void carry(bool to_server, ByteView data) {
    largest = std::max(largest, data.size());
    if (const bool drop = chance(link.loss); lost.contains(datagrams++) || drop || cut) return;
    auto delay = link.delay;
    if (chance(link.reordered)) delay *= 4;
    const auto leaves = pass(to_server, static_cast<double>(data.size()));
    if (!leaves) return;
    const unsigned copies = chance(link.doubled) ? 2 : 1;
    for (unsigned i = 0; i < copies; ++i)
      flying_.emplace(*leaves + delay, Datagram{to_server, Bytes(data.begin(), data.end())});
  }

  void step(TimePoint deadline) {
    auto next = deadline;
    if (!flying_.empty()) next = std::min(next, flying_.begin()->first);
    for (auto* side : {client.get(), server.get()}) {
      if (side == nullptr) continue;
      if (const auto timeout = side->peer.next_timeout(VirtualTime::now())) next = std::min(next, *timeout);
    }
    VirtualTime::advance_to(next);
    while (!flying_.empty() && flying_.begin()->first <= VirtualTime::now()) {
      const auto datagram = flying_.extract(flying_.begin());
      auto* side = datagram.mapped().to_server ? server.get() : client.get();
      if (side != nullptr) side->peer.feed(datagram.mapped().data);
      settle();
    }
    for (auto* side : {client.get(), server.get()})
      if (side != nullptr) side->peer.on_timeout(VirtualTime::now());
    settle();
  }

  std::multimap<TimePoint, Datagram> flying_;
  std::mt19937 random_;
  std::array<TimePoint, 2> free_{};  // of each direction: when the bottleneck has passed on what waits
};

}  // namespace camspan::test
