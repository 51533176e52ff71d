#include "proto/rtc/peer.hpp"

#include <gmock/gmock.h>

#include "support/peer_pair.hpp"

namespace camspan::rtc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::LossyLink;
using test::PeerPair;
using test::VirtualTime;

constexpr milliseconds kForever{0};

std::string payload(std::size_t number, std::size_t size) {
  std::string text = std::to_string(number) + ":";
  text.resize(size, static_cast<char>('a' + number % 26));
  return text;
}

/// Sends all of `messages` from the server, whenever there is room. @return they all went
bool send_all(PeerPair& pair, ChannelId channel, const std::vector<std::string>& messages,
              Delivery delivery = Delivery::reliable, milliseconds lifetime = kForever) {
  std::size_t next = 0;
  return pair.run_until([&] {
    while (next < messages.size() &&
           pair.server->peer.send(channel, false, as_bytes(messages[next]), delivery, lifetime))
      ++next;
    pair.settle();
    return next == messages.size();
  });
}

std::vector<std::string> many(std::size_t count, std::size_t size) {
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < count; ++i) messages.push_back(payload(i, size));
  return messages;
}

TEST(PeerTest, OpensAChannelInFourRoundTripsWithoutLoss) {
  PeerPair pair;
  const auto begin = VirtualTime::now();
  const auto id = pair.client->peer.open_channel({"action=live", "camspan-flv"});
  ASSERT_TRUE(id);
  pair.start();
  ASSERT_TRUE(pair.run_until([&] { return !pair.server->channels.empty() && !pair.client->channels.empty(); }));
  const auto& opened = pair.server->channels.front();
  EXPECT_EQ(opened.label, "action=live");
  EXPECT_EQ(opened.protocol, "camspan-flv");
  EXPECT_TRUE(opened.by_peer);
  EXPECT_FALSE(pair.client->channels.front().by_peer);
  EXPECT_EQ(opened.id % 2, 0) << "ids of the DTLS client are even";
  EXPECT_LE(VirtualTime::now() - begin, 4 * 2 * pair.link.delay);
}

TEST(PeerTest, CarriesMessagesOfAllKindsBothWays) {
  PeerPair pair;
  const auto id = pair.server->peer.open_channel({"command", "camspan-command"}).value();
  ASSERT_TRUE(pair.connect());
  EXPECT_EQ(id % 2, 1) << "ids of the DTLS server are odd";
  ASSERT_TRUE(pair.run_until([&] { return !pair.client->channels.empty(); }));
  auto& client = pair.client->peer;
  ASSERT_TRUE(client.send(id, true, as_bytes("text"), Delivery::reliable, kForever));
  ASSERT_TRUE(client.send(id, false, {}, Delivery::reliable, kForever));
  ASSERT_TRUE(client.send(id, true, {}, Delivery::reliable, kForever));
  ASSERT_TRUE(client.send(id, false, as_bytes(std::string(16384, 'x')), Delivery::timed, seconds(1)));
  ASSERT_TRUE(client.send(id, false, as_bytes("late"), Delivery::unordered, kForever));
  ASSERT_TRUE(pair.run_until([&] { return pair.server->messages.size() == 5; }));
  EXPECT_EQ(pair.server->texts, 2U);
  EXPECT_THAT(pair.server->messages, testing::IsSupersetOf({"text", "", "late"}));
}

TEST(PeerTest, DeliversEverythingInOrderOverALinkThatLosesDoublesAndReorders) {
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U, 5U}) {
    LossyLink link;
    link.seed = seed;
    link.loss = 0.05;
    link.doubled = 0.05;
    link.reordered = 0.05;
    PeerPair pair(link);
    const auto id = pair.server->peer.open_channel({"live"}).value();
    ASSERT_TRUE(pair.connect()) << seed;
    const auto messages = many(300, 4000);
    ASSERT_TRUE(send_all(pair, id, messages)) << seed;
    ASSERT_TRUE(pair.run_until([&] { return pair.client->messages.size() == messages.size(); })) << seed;
    EXPECT_EQ(pair.client->messages, messages) << seed;
  }
}

TEST(PeerTest, LosesNoSecondToAFirstFlightThatIsLost) {
  for (const std::size_t lost : {0U, 1U, 2U, 3U}) {
    PeerPair pair;
    pair.lost = {lost};
    const auto begin = VirtualTime::now();
    ASSERT_TRUE(pair.connect()) << lost;
    EXPECT_LT(VirtualTime::now() - begin, milliseconds(250)) << lost;
  }
}

TEST(PeerTest, KeepsEveryDatagramWithinThePathMtu) {
  PeerPair pair;
  const auto id = pair.server->peer.open_channel({std::string(4000, 'l')}).value();
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(send_all(pair, id, many(20, 16384)));
  ASSERT_TRUE(pair.run_until([&] { return pair.client->messages.size() == 20; }));
  EXPECT_LE(pair.largest, 1200U - 28U);
  EXPECT_GT(pair.largest, 1200U - 28U - 8U) << "datagrams are not filled";
}

TEST(PeerTest, KeepsEveryDatagramWithinTheBoundThatIsSet) {
  for (const std::size_t bound : {500U, 561U, 900U, 1200U, 1460U}) {
    PeerPair pair({}, {}, true, bound);
    const auto id = pair.server->peer.open_channel({std::string(4000, 'l')}).value();
    ASSERT_TRUE(pair.connect()) << bound;
    ASSERT_TRUE(send_all(pair, id, many(20, 16384))) << bound;
    ASSERT_TRUE(pair.run_until([&] { return pair.client->messages.size() == 20; })) << bound;
    const std::size_t most = std::max(bound, kLeastSctpPacket + kDtlsOverhead);
    EXPECT_LE(pair.largest, most);
    EXPECT_GT(pair.largest, most - 20) << "datagrams are not filled";
  }
}

TEST(PeerTest, RefusesAnotherCertificateBeforeAnyData) {
  PeerPair pair({}, {}, false);
  ASSERT_TRUE(pair.client->peer.open_channel({"live"}));
  pair.start();
  ASSERT_TRUE(pair.run_until([&] { return !pair.client->ended.empty(); }));
  EXPECT_EQ(pair.client->ended.front(), Errc::tls_untrusted);
  EXPECT_TRUE(pair.run_until([&] { return !pair.server->ended.empty(); })) << "the alert did not arrive";
  EXPECT_FALSE(pair.server->connected);
  EXPECT_FALSE(pair.client->secured);
  EXPECT_TRUE(pair.server->channels.empty());
}

TEST(PeerTest, PassesOverGarbage) {
  PeerPair pair;
  const auto id = pair.client->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    Bytes garbage(random() % 1300);
    for (auto& byte : garbage) byte = static_cast<std::byte>(random() & 0xff);
    if (!garbage.empty() && i % 2 == 0) garbage[0] = static_cast<std::byte>(20 + i % 6);
    pair.server->peer.feed(garbage);
  }
  pair.settle();
  ASSERT_TRUE(pair.client->peer.send(id, false, as_bytes("still here"), Delivery::reliable, kForever));
  EXPECT_TRUE(pair.run_until([&] { return pair.server->messages == std::vector<std::string>{"still here"}; }));
  EXPECT_TRUE(pair.server->ended.empty());
}

TEST(PeerTest, ClosesOneChannelAndLeavesTheOther) {
  PeerPair pair;
  const auto first = pair.client->peer.open_channel({"first"}).value();
  const auto second = pair.client->peer.open_channel({"second"}).value();
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(pair.run_until([&] { return pair.server->channels.size() == 2; }));
  ASSERT_TRUE(pair.client->peer.send(first, false, as_bytes("last words"), Delivery::reliable, kForever));
  pair.client->peer.close_channel(first);
  ASSERT_TRUE(pair.run_until([&] { return !pair.server->closed.empty() && !pair.client->closed.empty(); }));
  EXPECT_THAT(pair.server->closed, testing::ElementsAre(first));
  EXPECT_THAT(pair.client->closed, testing::ElementsAre(first));
  EXPECT_THAT(pair.server->messages, testing::ElementsAre("last words"));
  EXPECT_EQ(pair.server->peer.send(first, false, as_bytes("x"), Delivery::reliable, kForever).error(), Errc::not_found);
  EXPECT_TRUE(pair.server->peer.send(second, false, as_bytes("x"), Delivery::reliable, kForever));
  // The id is free again.
  EXPECT_EQ(pair.client->peer.open_channel({"third"}).value(), first);
  EXPECT_TRUE(pair.run_until([&] { return pair.server->channels.size() == 3; }));
  EXPECT_EQ(pair.server->channels.back().label, "third");
}

TEST(PeerTest, OpensAndClosesChannelsOverALossyLinkManyTimes) {
  LossyLink link;
  link.loss = 0.1;
  PeerPair pair(link);
  ASSERT_TRUE(pair.connect());
  for (std::size_t i = 1; i <= 100; ++i) {
    const auto id = pair.client->peer.open_channel({"channel " + std::to_string(i)});
    ASSERT_TRUE(id) << i;
    ASSERT_TRUE(pair.run_until([&] { return pair.server->channels.size() == i; })) << i;
    pair.client->peer.close_channel(*id);
    ASSERT_TRUE(pair.run_until([&] { return pair.server->closed.size() == i && pair.client->closed.size() == i; }))
        << i;
  }
}

TEST(PeerTest, RefusesTheSeventeenthChannelOfASide) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(pair.client->peer.open_channel({"x"})) << i;
  EXPECT_EQ(pair.client->peer.open_channel({"x"}).error(), Errc::busy);
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(pair.server->peer.open_channel({"x"})) << i;
  EXPECT_TRUE(pair.run_until([&] { return pair.server->channels.size() == 32; }));
}

TEST(PeerTest, HearsWhenTheOtherSideLeaves) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  pair.client->peer.close();
  EXPECT_TRUE(pair.run_until([&] { return !pair.server->ended.empty(); }, seconds(1)));
  EXPECT_THAT(pair.server->ended, testing::ElementsAre(std::error_code(Errc::closed)));
  EXPECT_TRUE(pair.client->ended.empty());
  EXPECT_EQ(pair.client->peer.open_channel({"x"}).error(), Errc::closed);
}

TEST(PeerTest, GivesUpASilentPeerWithinHalfAMinute) {
  PeerPair pair;
  const auto id = pair.client->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  pair.cut = true;
  ASSERT_TRUE(pair.client->peer.send(id, false, as_bytes("hello?"), Delivery::reliable, kForever));
  EXPECT_TRUE(pair.run_until([&] { return !pair.client->ended.empty(); }, seconds(30)));
  EXPECT_THAT(pair.client->ended, testing::ElementsAre(std::error_code(Errc::connection_lost)));
  // The other one has nothing to send, and hears nothing.
  EXPECT_TRUE(pair.run_until([&] { return !pair.server->ended.empty(); }, seconds(5)));
  EXPECT_THAT(pair.server->ended, testing::ElementsAre(std::error_code(Errc::connection_lost)));
}

TEST(PeerTest, KeepsAPeerThatSaysNothingOfItsOwn) {
  LossyLink link;
  link.loss = 0.1;
  PeerPair pair(link);
  ASSERT_TRUE(pair.connect());
  pair.run_for(seconds(300));
  EXPECT_TRUE(pair.client->ended.empty());
  EXPECT_TRUE(pair.server->ended.empty());
}

TEST(PeerTest, GoesOnAfterALinkThatCarriesNothingForAWhile) {
  PeerPair pair;
  const auto id = pair.client->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  pair.cut = true;
  ASSERT_TRUE(pair.client->peer.send(id, false, as_bytes("hello?"), Delivery::reliable, kForever));
  pair.run_for(seconds(14));
  pair.cut = false;
  EXPECT_TRUE(pair.run_until([&] { return !pair.server->messages.empty(); }, seconds(5)));
}

TEST(PeerTest, KeepsAPeerOnALinkThatCollapses) {
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U, 5U}) {
    LossyLink link;
    link.seed = seed;
    link.rate = 4'000;  // bytes/s
    link.queue = 8 << 10;
    link.loss = 0.2;
    PeerPair pair(link);
    const auto id = pair.client->peer.open_channel({"live"}).value();
    ASSERT_TRUE(pair.connect());
    const auto until = VirtualTime::now() + seconds(60);
    pair.run_until([&] {
      while (pair.client->peer.has_room(16384, seconds(1)) &&
             pair.client->peer.send(id, false, as_bytes(payload(1, 16384)), Delivery::timed, seconds(3))) {
      }
      pair.settle();
      return VirtualTime::now() >= until;
    });
    EXPECT_TRUE(pair.client->ended.empty()) << "seed " << seed;
    EXPECT_TRUE(pair.server->ended.empty()) << "seed " << seed;
  }
}

TEST(PeerTest, GivesUpAHandshakeThatNobodyAnswers) {
  PeerPair pair;
  pair.cut = true;
  pair.start();
  EXPECT_TRUE(pair.run_until([&] { return !pair.client->ended.empty(); }, seconds(60)));
  EXPECT_THAT(pair.client->ended, testing::ElementsAre(std::error_code(Errc::timed_out)));
}

TEST(PeerTest, TakesNoMoreThanItsSendSpaceAndSaysWhenThereIsRoom) {
  PeerPair pair;
  const auto id = pair.server->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(pair.run_until([&] { return !pair.client->channels.empty(); }));
  pair.run_for(seconds(1));
  pair.cut = true;
  const std::string message(16384, 'x');
  std::size_t taken = 0;
  Result<> sent;
  while ((sent = pair.server->peer.send(id, false, as_bytes(message), Delivery::reliable, kForever)))
    taken += message.size();
  EXPECT_EQ(sent.error(), Errc::queue_full);
  EXPECT_LE(taken, 512U << 10);
  EXPECT_GT(taken, 480U << 10);
  EXPECT_GE(pair.server->peer.buffered(), taken);
  EXPECT_LE(pair.server->peer.buffered(), taken + taken / 100);
  pair.run_for(milliseconds(500));
  EXPECT_EQ(pair.server->writable, 0U);
  pair.cut = false;
  EXPECT_TRUE(pair.run_until([&] { return pair.server->writable == 1; }, seconds(5)));
  EXPECT_TRUE(pair.server->peer.send(id, false, as_bytes(message), Delivery::reliable, kForever));
  EXPECT_TRUE(pair.run_until([&] { return pair.server->peer.buffered() == 0; }, seconds(5)));
  EXPECT_EQ(pair.server->writable, 1U);
}

/// A sender that always has more, over a slow link.
struct Flood {
  double in_flight = 0;  ///< seconds of the link's rate that were accepted and not acknowledged, at most
  double delay = 0;      ///< seconds from send() to the other side, at most
  double carried = 0;    ///< part of the link's rate
};

constexpr seconds kWarmUp{5};
constexpr seconds kFlood{25};

void look_at(PeerPair& pair, ChannelId id, std::vector<TimePoint>& sent, std::size_t& seen, Flood& flood) {
  static const std::string message(16384, 'x');
  while (pair.server->peer.has_room(message.size(), seconds(1)) &&
         pair.server->peer.send(id, false, as_bytes(message), Delivery::reliable, kForever))
    sent.push_back(VirtualTime::now());
  pair.settle();
  const auto seconds_of = [](Nanoseconds time) { return std::chrono::duration<double>(time).count(); };
  const double held = static_cast<double>(pair.server->peer.buffered()) / pair.link.rate;
  const bool warm = !sent.empty() && VirtualTime::now() - sent.front() > kWarmUp;
  for (; seen < pair.client->messages.size(); ++seen) {
    if (!warm) continue;
    flood.delay = std::max(flood.delay, seconds_of(VirtualTime::now() - sent[seen]));
    flood.carried += static_cast<double>(message.size()) / pair.link.rate / seconds_of(kFlood);
  }
  if (warm) flood.in_flight = std::max(flood.in_flight, held);
}

Flood flood_over(const LossyLink& link) {
  PeerPair pair(link);
  const auto id = pair.server->peer.open_channel({"live"}).value();
  Flood flood;
  if (!pair.connect()) return flood;
  std::vector<TimePoint> sent;
  std::size_t seen = 0;
  const auto look = [&] {
    look_at(pair, id, sent, seen, flood);
    return false;
  };
  pair.run_until(look, kWarmUp + kFlood);
  return flood;
}

TEST(PeerTest, KeepsWhatIsInFlightWithinItsTimeAndTheLinkFull) {
  for (const double rate : {125e3, 500e3}) {
    for (const std::uint32_t seed : {1U, 2U, 3U}) {
      LossyLink link;
      link.delay = milliseconds(25);
      link.rate = rate;
      link.loss = seed == 1 ? 0 : 0.005;
      link.queue = seed == 2 ? 1 << 20 : 64 << 10;
      link.seed = seed;
      const Flood flood = flood_over(link);
      EXPECT_LT(flood.in_flight, 1.4) << rate << " " << seed;
      EXPECT_LT(flood.delay, 3) << rate << " " << seed;
      EXPECT_GT(flood.carried, link.loss == 0 ? 0.85 : 0.4) << rate << " " << seed;
    }
  }
}

TEST(PeerTest, KeepsItsWindowWhenThePathOnlyHesitates) {
  LossyLink link;
  link.delay = milliseconds(25);
  SctpSettings sctp;
  sctp.receive_space = 1 << 20;
  PeerPair pair(link, sctp);
  const auto id = pair.server->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  const std::string message(16384, 'x');
  const auto flood_until_it_falls = [&] {
    while (pair.server->peer.send(id, false, as_bytes(message), Delivery::reliable, kForever)) {
    }
    pair.settle();
    pair.client->messages.clear();
    return pair.server->peer.sctp_stats().cwnd < 2 * kMaxDatagram;
  };
  // Longer round trips from one moment to the next, by more than their variance; nothing is lost.
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(pair.run_until(flood_until_it_falls, milliseconds(950))) << "after " << i << " of them";
    pair.link.delay += milliseconds(2);
  }
  EXPECT_EQ(pair.server->peer.sctp_stats().chunks_sent_again, 0U);
}

TEST(PeerTest, GivesUpMessagesWhoseLifetimeIsOverAndGoesOn) {
  PeerPair pair;
  const auto id = pair.server->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(pair.run_until([&] { return !pair.client->channels.empty(); }));
  pair.cut = true;
  for (const auto& message : many(20, 8000))
    ASSERT_TRUE(pair.server->peer.send(id, false, as_bytes(message), Delivery::timed, milliseconds(300)));
  pair.run_for(seconds(2));
  pair.cut = false;
  ASSERT_TRUE(pair.server->peer.send(id, false, as_bytes("config"), Delivery::reliable, kForever));
  EXPECT_TRUE(pair.run_until([&] { return !pair.client->messages.empty() && pair.client->messages.back() == "config"; },
                             seconds(5)));
  EXPECT_LT(pair.client->messages.size(), 20U);
  EXPECT_TRUE(pair.run_until([&] { return pair.server->peer.buffered() == 0; }, seconds(1)));
}

TEST(PeerTest, EndsAPeerThatSendsMoreThanItMayInOneMessage) {
  SctpSettings sctp;
  sctp.max_message = 20'000;
  PeerPair pair({}, sctp);
  const auto id = pair.server->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(send_all(pair, id, {std::string(20'000, 'x'), std::string(20'001, 'x')}));
  EXPECT_TRUE(pair.run_until([&] { return !pair.client->ended.empty(); }, seconds(5)));
  EXPECT_EQ(pair.client->messages.size(), 1U);
  EXPECT_THAT(pair.client->ended, testing::ElementsAre(std::error_code(Errc::too_large)));
}

TEST(PeerTest, MeasuresRoundTripsAndLoss) {
  LossyLink link;
  link.delay = milliseconds(25);
  link.loss = 0.02;
  PeerPair pair(link);
  const auto id = pair.server->peer.open_channel({"live"}).value();
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(send_all(pair, id, many(200, 8000)));
  ASSERT_TRUE(pair.run_until([&] { return pair.client->messages.size() == 200; }));
  const auto stats = pair.server->peer.sctp_stats();
  EXPECT_GE(stats.rtt, milliseconds(45));
  EXPECT_LE(stats.rtt, milliseconds(90));
  EXPECT_GT(stats.cwnd, 0U);
  EXPECT_GT(stats.chunks_sent, 1400U);
  EXPECT_GT(stats.chunks_sent_again, 5U);
  EXPECT_LT(stats.chunks_sent_again, 200U);
  EXPECT_EQ(pair.server->peer.bytes_sent(), 200U * 8000U);
  EXPECT_EQ(pair.client->peer.bytes_received(), 200U * 8000U);
}

}  // namespace
}  // namespace camspan::rtc
