#include "net/p2p/p2p_link.hpp"

#include <gmock/gmock.h>

#include "support/p2p_ends.hpp"

namespace camspan::net {
namespace {

using test::P2pEnd;
using test::P2pPair;

bool has_channel(P2pEnd& end) {
  return end.channels.size() == 1;
}

TEST(P2pLinkTest, CarriesMessagesOfAChannelThatTheViewerOpens) {
  P2pPair pair;
  pair.connect();
  const auto id = pair.viewer.open_channel({"action=live&channel=0", "camspan-flv"});
  ASSERT_TRUE(pair.camera.wait(has_channel));
  const auto channel = pair.camera.look([](P2pEnd& camera) { return camera.channels.front(); });
  EXPECT_EQ(channel.label, "action=live&channel=0");
  EXPECT_EQ(channel.protocol, "camspan-flv");
  EXPECT_EQ(channel.id, id);
  EXPECT_TRUE(channel.by_peer);
  EXPECT_TRUE(pair.camera.send(channel.id, "FLV"));
  EXPECT_TRUE(pair.viewer.send(channel.id, "thanks"));
  EXPECT_TRUE(pair.viewer.wait([](P2pEnd& viewer) { return viewer.text == "FLV"; }));
  EXPECT_TRUE(pair.camera.wait([](P2pEnd& camera) { return camera.text == "thanks"; }));
}

TEST(P2pLinkTest, TellsThePathAndTheTimesItTook) {
  P2pPair pair;
  pair.connect();
  pair.viewer.open_channel({"x"});
  ASSERT_TRUE(pair.viewer.wait(has_channel));
  pair.viewer.run([](P2pLink& link) {
    const auto stats = link.stats();
    ASSERT_TRUE(stats.ice && stats.dtls && stats.open);
    EXPECT_LE(*stats.ice, *stats.dtls);
    EXPECT_LE(*stats.dtls, *stats.open);
    EXPECT_LT(*stats.open, std::chrono::seconds(1)) << "a tail of a second";
    EXPECT_GT(stats.cwnd, 0U);
    EXPECT_EQ(stats.path.protocol, "udp");
    EXPECT_FALSE(stats.path.relayed);
  });
  EXPECT_EQ(pair.camera.look([](P2pEnd& camera) { return camera.path.local_type; }), "host");
}

TEST(P2pLinkTest, SaysWhenThereIsRoomAgainAndLosesNothing) {
  P2pPair pair;
  pair.connect();
  const auto id = pair.viewer.open_channel({"x"});
  ASSERT_TRUE(pair.camera.wait(has_channel));
  constexpr std::size_t kMessage = 16384;
  constexpr std::size_t kTotal = 1280 * kMessage;
  std::size_t sent = 0;
  const std::string message(kMessage, 'm');
  auto& camera = pair.camera;
  camera.refill = [&] {
    while (sent < kTotal && camera.link->send(id, false, as_bytes(message))) sent += kMessage;
  };
  camera.run([&](P2pLink&) { camera.refill(); });
  EXPECT_TRUE(pair.viewer.wait([](P2pEnd& viewer) { return viewer.received == kTotal; }));
  EXPECT_GT(camera.look([](P2pEnd& end) { return end.writable; }), 0U);
  EXPECT_TRUE(pair.viewer.look([](P2pEnd& viewer) { return viewer.ended.empty(); }));
}

TEST(P2pLinkTest, HearsWhenTheViewerLeaves) {
  P2pPair pair;
  pair.connect();
  pair.viewer.open_channel({"x"});
  ASSERT_TRUE(pair.camera.wait(has_channel));
  pair.viewer.run([](P2pLink& link) { link.close(); });
  ASSERT_TRUE(pair.camera.wait([](P2pEnd& camera) { return !camera.ended.empty(); }));
  EXPECT_EQ(pair.camera.ended.front().code, Errc::closed);
  EXPECT_TRUE(pair.viewer.look([](P2pEnd& viewer) { return viewer.ended.empty(); }));
  EXPECT_EQ(pair.viewer.send(0, "x").error(), Errc::closed);
}

TEST(P2pLinkTest, ClosesAChannelForBoth) {
  P2pPair pair;
  pair.connect();
  const auto id = pair.viewer.open_channel({"x"});
  ASSERT_TRUE(pair.camera.wait(has_channel));
  pair.camera.run([&](P2pLink& link) { link.close_channel(id); });
  const auto is_closed = [&](P2pEnd& end) { return end.closed == std::vector{id}; };
  EXPECT_TRUE(pair.viewer.wait(is_closed));
  EXPECT_TRUE(pair.camera.wait(is_closed));
  EXPECT_EQ(pair.camera.send(id, "x").error(), Errc::not_found);
}

TEST(P2pLinkTest, RefusesAPeerWithAnotherCertificate) {
  P2pPair pair;
  pair.connect([](rtc::Description& offer) { offer.fingerprint.sha256[0] ^= std::byte{1}; });
  ASSERT_TRUE(pair.camera.wait([](P2pEnd& camera) { return !camera.ended.empty(); }));
  EXPECT_EQ(pair.camera.ended.front().code, Errc::tls_untrusted);
  EXPECT_THAT(pair.camera.ended.front().sentence, testing::HasSubstr("fingerprint"));
  EXPECT_TRUE(pair.viewer.wait([](P2pEnd& viewer) { return !viewer.ended.empty(); }));
  EXPECT_TRUE(pair.camera.look([](P2pEnd& camera) { return camera.channels.empty(); }));
}

// A browser that has no permission for the microphone offers mDNS names alone; its checks make the path.
TEST(P2pLinkTest, FindsThePathWithoutACandidateThatItCanUse) {
  P2pPair pair;
  pair.viewer.other = nullptr;
  pair.connect([](rtc::Description& offer) {
    offer.candidates = {"candidate:1 1 udp 2113937151 0b6b3c34-9f0a-4b8e-a0b6-24fbbd2a5ae0.local 50000 typ host",
                        "candidate:nonsense", "candidate:2 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active"};
  });
  pair.viewer.open_channel({"x"});
  EXPECT_TRUE(pair.camera.wait(has_channel));
  EXPECT_EQ(pair.camera.look([](P2pEnd& camera) { return camera.path.remote_type; }), "prflx");
  pair.camera.run([](P2pLink& link) { EXPECT_EQ(link.stats().candidates_ignored, 3U); });
}

TEST(P2pLinkTest, IgnoresAFloodOfCandidates) {
  P2pPair pair;
  pair.connect();
  pair.camera.run([](P2pLink& link) {
    for (int i = 0; i < 10'000; ++i)
      link.add_candidate("candidate:" + std::to_string(i) + " 1 udp 2113937151 127.0.0.1 " + std::to_string(1 + i) +
                         " typ host");
    EXPECT_GE(link.stats().candidates_ignored, 9'975U);
  });
  pair.viewer.open_channel({"x"});
  EXPECT_TRUE(pair.camera.wait(has_channel));
}

TEST(P2pLinkTest, GathersOnThePortsItIsGiven) {
  auto settings = P2pPair::loopback();
  settings.min_port = 40'000;
  settings.max_port = 40'999;
  P2pPair pair(settings);
  std::string sdp;
  pair.viewer.run([&](P2pLink& link) { sdp = link.offer().value(); });
  const auto offer = rtc::parse_description(sdp).value();
  ASSERT_EQ(offer.candidates.size(), 1U);
  EXPECT_THAT(offer.candidates.front(), testing::MatchesRegex("candidate:.* 127.0.0.1 40[0-9][0-9][0-9] typ host.*"));
  EXPECT_TRUE(offer.end_of_candidates);
  EXPECT_TRUE(pair.viewer.wait([](P2pEnd& viewer) { return viewer.candidates == std::vector<std::string>{""}; }));
}

TEST(P2pLinkTest, NeedsADataSection) {
  P2pPair pair;
  rtc::Description offer;
  pair.camera.run([&](P2pLink& link) { EXPECT_EQ(link.answer(offer).error(), Errc::unsupported); });
}

}  // namespace
}  // namespace camspan::net
