// How connections end.
#include <gtest/gtest.h>

#include "proto/h2/connection.hpp"
#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Frames;
using test::H2Pair;
using test::H2RawPeer;
using test::TextSource;

std::vector<std::uint32_t> go_aways(const H2RawPeer& peer) {
  std::vector<std::uint32_t> last_ids;
  for (const auto& frame : peer.sent)
    if (frame.type == H2Frames::go_away_type) last_ids.push_back(frame.number());
  return last_ids;
}

TEST(H2ShutdownTest, ServesWhatWasUnderWayBetweenTheTwoGoAways) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  peer.ours->shutdown(peer.now);
  peer.flush();
  EXPECT_EQ(go_aways(peer), std::vector<std::uint32_t>{0x7fffffff});
  peer.feed(H2Frames().headers(3, H2RawPeer::get(), true));
  EXPECT_TRUE(peer.observer.streams[3].head);
  peer.feed(H2Frames().ping(1, true));
  EXPECT_EQ(go_aways(peer), (std::vector<std::uint32_t>{0x7fffffff, 3}));
  peer.feed(H2Frames().headers(5, H2RawPeer::get(), true));
  EXPECT_EQ(peer.observer.streams.count(5), 0u);

  EXPECT_FALSE(peer.ours->done());
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, nullptr));
  ASSERT_TRUE(peer.ours->submit_response(StreamId(3), 200, {}, nullptr));
  peer.flush();
  EXPECT_TRUE(peer.ours->done());
  EXPECT_EQ(peer.ours->error(), ErrorCode::no_error);
}

TEST(H2ShutdownTest, DoesNotWaitLongForADeviceThatAnswersPingsLate) {
  H2RawPeer peer;
  peer.start();
  peer.ours->shutdown(peer.now);
  peer.flush();
  EXPECT_EQ(peer.ours->next_timeout(), peer.now + 2s);
  peer.advance(2s);
  EXPECT_EQ(go_aways(peer), (std::vector<std::uint32_t>{0x7fffffff, 0}));
  EXPECT_TRUE(peer.ours->done());
}

TEST(H2ShutdownTest, LetsStreamsFinishAndRefusesNewOnesOnTheClient) {
  H2Pair pair;
  pair.start();
  TextSource body("late answer");
  const StreamId id = pair.request("GET", "/");
  pair.run();
  pair.server->shutdown(pair.now);
  pair.run();
  EXPECT_EQ(pair.at_client.go_away, StreamId(1));
  EXPECT_TRUE(pair.client->closing());
  const auto refused = pair.client->submit_request({"GET", "https", "hub.example", "/", {}}, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::closed);
  ASSERT_TRUE(pair.server->submit_response(id, 200, {}, &body));
  pair.run();
  EXPECT_EQ(pair.at_client.streams[1].body, "late answer");
  EXPECT_TRUE(pair.client->done());
  EXPECT_TRUE(pair.server->done());
  EXPECT_EQ(pair.client->error(), ErrorCode::no_error);
}

TEST(H2ShutdownTest, TellsTheClientWhichRequestsWereNotServed) {
  H2Pair pair;
  pair.start();
  pair.request("GET", "/");
  pair.run();
  pair.server->shutdown(pair.now);
  pair.now += 2s;
  pair.server->on_timeout(pair.now);
  Bytes both;
  pair.server->pending_output(both, 65536, pair.now);
  pair.request("GET", "/too/late");  // before it hears of them
  pair.move(*pair.client, *pair.server);
  pair.deliver(*pair.client, both);
  pair.run();
  EXPECT_EQ(pair.at_client.streams[3].closed, ErrorCode::refused_stream);
  EXPECT_EQ(pair.at_server.streams.count(3), 0u);
  EXPECT_FALSE(pair.at_client.streams[1].closed);
}

TEST(H2ShutdownTest, EndsTheClientWhenItsLastStreamIsOver) {
  H2Pair pair;
  pair.start();
  const StreamId id = pair.request("GET", "/");
  pair.run();
  pair.client->shutdown(pair.now);
  pair.run();
  EXPECT_FALSE(pair.client->done());
  ASSERT_TRUE(pair.server->submit_response(id, 204, {}, nullptr));
  pair.run();
  EXPECT_TRUE(pair.client->done());
  EXPECT_TRUE(pair.server->done());
}

TEST(H2ShutdownTest, NeverRaisesTheLastStreamAndRepeatsNothing) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  peer.ours->shutdown(peer.now);
  peer.ours->shutdown(peer.now);
  peer.feed(H2Frames().ping(1, true));
  peer.ours->shutdown(peer.now);
  peer.flush();
  peer.feed(H2Frames().headers(3, H2RawPeer::get(), true));
  peer.ours->terminate(ErrorCode::internal_error);
  peer.ours->terminate(ErrorCode::protocol_error);
  peer.flush();
  EXPECT_EQ(go_aways(peer), (std::vector<std::uint32_t>{0x7fffffff, 1, 1}));
  EXPECT_EQ(peer.go_away(), ErrorCode::internal_error);
}

TEST(H2ShutdownTest, TerminatesAtOnce) {
  H2Pair pair;
  pair.start();
  pair.request("GET", "/");
  pair.run();
  pair.server->terminate(ErrorCode::internal_error);
  pair.run();
  EXPECT_TRUE(pair.server->done());
  EXPECT_EQ(pair.server->error(), ErrorCode::internal_error);
  EXPECT_EQ(pair.client->error(), ErrorCode::internal_error);
  EXPECT_TRUE(pair.client->closing());
}

TEST(H2ShutdownTest, AnswersABrokenFrameWithGoAway) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().frame(H2Frames::ping_type, 0, 1, as_bytes("12345678")));  // PING on a stream
  EXPECT_EQ(peer.go_away(), ErrorCode::protocol_error);
  EXPECT_EQ(peer.ours->error(), ErrorCode::protocol_error);
  EXPECT_TRUE(peer.ours->closing());
  EXPECT_TRUE(peer.ours->done());
}

TEST(H2ShutdownTest, ForgetsAStreamOnlyWhenItIsClosedAndReleased) {
  H2Pair pair;
  pair.start();
  const StreamId id = pair.request("GET", "/");
  EXPECT_EQ(pair.client->state(id), StreamState::idle);
  pair.run();
  pair.client->release(id);
  ASSERT_TRUE(pair.server->submit_response(id, 204, {}, nullptr));
  pair.run();
  EXPECT_FALSE(pair.at_client.streams[1].closed);  // nobody wanted to know
  EXPECT_EQ(pair.at_server.streams[1].closed, ErrorCode::no_error);
  pair.server->release(id);
  pair.server->reset(id, ErrorCode::cancel);
  pair.run();
  EXPECT_EQ(pair.client->stats().resets_received, 0u);
}

}  // namespace
}  // namespace camspan::h2
