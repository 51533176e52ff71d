/// A P2pSession with links and signalling of the test's own, in virtual time.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/p2p/p2p_session.hpp"
#include "support/flv_maker.hpp"
#include "support/restarting_link.hpp"

namespace camspan::net {

using std::chrono::milliseconds;

// As a browser's, cut down to what is read.
constexpr const char* kOffer =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
    "a=ice-pwd:abcdefghijklmnopqrstuv\r\na=ice-options:trickle\r\na=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F\r\n"
    "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

struct Sent {
  ChannelId channel;
  Bytes message;
  Delivery delivery;
  milliseconds lifetime;
};

/// A link with as much room as the test gives it.
class FakeLink final : public test::RestartingLink {
 public:
  explicit FakeLink(Observer& watched) : observer(watched) {}

  Result<std::string> answer(const rtc::Description&) override { return std::string("the answer"); }
  void add_candidate(std::string_view line) override { candidates.emplace_back(line); }
  Result<ChannelId> open_channel(const rtc::ChannelSettings& channel) override {
    opened.push_back(channel.label);
    return static_cast<ChannelId>(2 * opened.size());
  }
  Result<> send(ChannelId channel, bool, ByteView message, Delivery delivery, milliseconds lifetime) override {
    if (room < message.size()) return fail(Errc::queue_full);
    room -= message.size();
    stats_now.bytes_sent += message.size();
    sent.push_back({channel, Bytes(message.begin(), message.end()), delivery, lifetime});
    return {};
  }
  bool has_room(std::size_t, milliseconds within) override {
    asked_within = within;
    return !behind;
  }
  void close_channel(ChannelId channel) override {
    closed_channels.push_back(channel);
    observer.on_channel_closed(channel);
  }
  void close() override { closed = true; }
  LinkStats stats() const override { return stats_now; }

  /// What a channel was sent, as one run of bytes.
  Bytes stream(ChannelId channel) const {
    Bytes all;
    for (const Sent& one : sent)
      if (one.channel == channel) all.insert(all.end(), one.message.begin(), one.message.end());
    return all;
  }
  void make_room(std::size_t bytes) {
    room = bytes;
    observer.on_writable();
  }

  Observer& observer;
  std::size_t room = 1 << 30;
  std::vector<Sent> sent;
  std::vector<std::string> candidates, opened;
  std::vector<ChannelId> closed_channels;
  bool closed = false;
  bool behind = false;  ///< what is in flight takes too long already
  milliseconds asked_within{0};
  LinkStats stats_now;
};

struct FakeSignaller final : Signaller {
  void describe(CameraDescription camera) override { described.push_back(std::move(camera)); }
  void start() override {}
  void stop() override {}
  void answer(std::string session, std::string) override { said.push_back("answer " + session); }
  void reject(std::string session, int status, std::string cause) override {
    said.push_back("reject " + session + " " + std::to_string(status) + " " + cause);
  }
  void candidate(ViewerCandidate candidate) override {
    said.push_back("candidate " + candidate.session + " " + candidate.candidate + " " + candidate.mid);
  }
  void restart(ViewerRestart restart) override { said.push_back("restart " + restart.session + " " + restart.ufrag); }
  void bye(std::string session, std::string reason) override { said.push_back("bye " + session + " " + reason); }
  void state(unsigned viewers, std::uint64_t) override { viewer_counts.push_back(viewers); }

  std::vector<std::string> said;
  std::vector<unsigned> viewer_counts;
  std::vector<CameraDescription> described;
};

class P2pSessionTest : public testing::Test {
 protected:
  P2pSessionTest() {
    events.viewer_added = [this](const P2pViewerInfo& viewer) { heard.push_back("added " + viewer.id); };
    events.viewer_removed = [this](const std::string& id, const std::string& why) {
      heard.push_back("removed " + id + " " + why);
    };
    events.viewer_failed = [this](const std::string& id, const Failure&) { heard.push_back("failed " + id); };
    events.need_key = [this](std::uint64_t) { ++keys; };
    events.bitrate = [this](const BitratePolicy::Target& target) { targets.push_back(target); };
    events.overflow = [this](bool drops, std::size_t) { heard.push_back(drops ? "drops" : "drops no more"); };
  }

  P2pSession& session() {
    if (made) return *made;
    const auto make_link = [this](const IceSettings& ice, Link::Observer& observer) {
      auto link = std::make_unique<FakeLink>(observer);
      links.push_back(link.get());
      servers = ice.servers;
      return link;
    };
    made = std::make_unique<P2pSession>(config, IceSettings(), make_link, events, [this] { return now; });
    made->use(signaller);
    return *made;
  }
  ViewerOffer offer(std::string id, std::vector<std::string> allow = {"live", "command"}) {
    ViewerOffer offer;
    offer.session = std::move(id);
    offer.allow = std::move(allow);
    offer.params = "action=live&channel=0";
    offer.sdp = kOffer;
    return offer;
  }
  FakeLink& join(const std::string& id) {
    session().offered(offer(id));
    return *links.back();
  }
  static void open(FakeLink& link, ChannelId id, std::string label, std::string protocol = "camspan-flv") {
    ChannelOpen channel;
    channel.id = id;
    channel.label = std::move(label);
    channel.protocol = std::move(protocol);
    channel.by_peer = true;
    link.observer.on_channel(channel);
  }
  /// The whole stream at once.
  void deliver(const std::vector<Bytes>& tags) {
    for (const Bytes& tag : tags) session().deliver(test::tag_unit(tag));
  }
  void pass(milliseconds time) {
    for (milliseconds done{0}; done < time; done += milliseconds(100)) {
      now += milliseconds(100);
      session().tick();
    }
  }
  std::vector<Bytes> tags(std::uint32_t duration_ms = 1000) {
    test::FlvMaker::Shape shape;
    shape.duration_ms = duration_ms;
    shape.gop = 10;
    return test::FlvMaker().stream(shape);
  }

  P2pCameraConfig config;
  P2pSessionEvents events;
  TimePoint now{};
  std::vector<FakeLink*> links;
  std::vector<IceServer> servers;
  FakeSignaller signaller;
  std::vector<std::string> heard;
  std::vector<BitratePolicy::Target> targets;
  int keys = 0;
  std::unique_ptr<P2pSession> made;
};

}  // namespace camspan::net
