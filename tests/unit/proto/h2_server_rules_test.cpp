// What a server session accepts as a request, from peers that nghttp2's client would not be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/h2/connection.hpp"
#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Frames;
using test::H2RawPeer;
using test::TextSource;

H2Frames::Fields device_send(std::string_view length) {
  return {{":method", "POST"},
          {":path", "/stream/send/c/iot"},
          {":scheme", "https"},
          {"content-length", length},
          {"x-data-stream-id", "DS1"}};
}

TEST(H2ServerRulesTest, ServesADeviceThatNamesNoAuthorityAndNeverEndsItsStream) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, device_send("8"), false).data(1, "four", false));
  EXPECT_TRUE(peer.observer.streams[1].head);
  EXPECT_EQ(peer.observer.streams[1].content_length, 8u);
  EXPECT_FALSE(peer.observer.streams[1].remote_closed);
  peer.feed(H2Frames().data(1, "more", false));
  EXPECT_EQ(peer.observer.streams[1].body, "fourmore");
  EXPECT_TRUE(peer.observer.streams[1].remote_closed);

  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {{"x-data-stream-id", "DS1"}}, nullptr));
  peer.flush();
  EXPECT_EQ(peer.reset_of(1), ErrorCode::no_error);
  EXPECT_EQ(peer.observer.streams[1].closed, ErrorCode::no_error);
  EXPECT_EQ(peer.ours->state(StreamId(1)), StreamState::closed);
}

TEST(H2ServerRulesTest, ServesADeviceForHours) {
  H2RawPeer peer;
  peer.start();
  for (std::uint32_t id = 1; id < 20'000; id += 2) {
    peer.feed(H2Frames().headers(id, device_send("4"), false).data(id, "data", false));
    const StreamId stream(static_cast<std::int32_t>(id));
    ASSERT_TRUE(peer.ours->submit_response(stream, 200, {}, nullptr));
    peer.flush();
    peer.ours->release(stream);
    peer.now += 10ms;
  }
  EXPECT_EQ(peer.ours->stats().requests, 10'000u);
  EXPECT_FALSE(peer.go_away());
}

TEST(H2ServerRulesTest, EndsABodyOfLengthZeroWithItsHead) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, device_send("0"), false));
  EXPECT_TRUE(peer.observer.streams[1].remote_closed);
}

TEST(H2ServerRulesTest, ResetsABodyThatIsNotAsLongAsItsHeadSaid) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, device_send("4"), false).data(1, "five!", false));
  peer.feed(H2Frames().headers(3, device_send("4"), false).data(3, "one", true));
  peer.feed(H2Frames().headers(5, device_send("4"), true));
  peer.feed(H2Frames().headers(7, device_send("x"), false));
  for (const std::uint32_t id : {1u, 3u, 5u, 7u}) EXPECT_EQ(peer.reset_of(id), ErrorCode::protocol_error) << id;
  EXPECT_EQ(peer.observer.streams[1].body, "");
  EXPECT_EQ(peer.observer.streams[1].closed, ErrorCode::protocol_error);
  EXPECT_EQ(peer.observer.streams.count(5), 0u);
  EXPECT_EQ(peer.ours->stats().malformed, 4u);
  EXPECT_FALSE(peer.go_away());
}

TEST(H2ServerRulesTest, KnowsAFrameThatIsTooLongBeforeItsBytesCompleteTheRequest) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, device_send("3"), false));
  const Bytes frame = H2Frames().data(1, "four", true).bytes();
  for (const std::byte& byte : frame) {
    static_cast<void>(peer.ours->feed(ByteView(&byte, 1), peer.now));
    EXPECT_FALSE(peer.observer.streams[1].remote_closed);
  }
  peer.flush();
  EXPECT_EQ(peer.reset_of(1), ErrorCode::protocol_error);
  EXPECT_EQ(peer.ours->stats().malformed, 1u);
}

TEST(H2ServerRulesTest, SaysWhyBeforeItResets) {
  H2RawPeer peer;
  peer.start();
  peer.feed(
      H2Frames().headers(1, {{":method", "GET"}}, true).headers(3, device_send("4"), false).data(3, "five!", false));
  peer.feed(H2Frames().headers(5, device_send("9"), false));
  ASSERT_TRUE(peer.ours->submit_response(StreamId(5), 200, {}, nullptr));
  peer.flush();
  peer.feed(H2Frames().data(5, "too little", true));
  std::vector<std::pair<std::uint32_t, std::uint8_t>> sent;
  for (const auto& frame : peer.sent)
    if (frame.id != 0) sent.emplace_back(frame.id, frame.type);
  // Of the stream that was answered only the reset is left to say.
  const auto head = H2Frames::headers_type, reset = H2Frames::reset_type;
  EXPECT_THAT(
      sent, testing::UnorderedElementsAre(testing::Pair(1u, head), testing::Pair(1u, reset), testing::Pair(3u, head),
                                          testing::Pair(3u, reset), testing::Pair(5u, head), testing::Pair(5u, reset)));
  const auto at = [&](std::uint32_t id, std::uint8_t type) {
    return std::find(sent.begin(), sent.end(), std::pair(id, type));
  };
  for (const std::uint32_t id : {1u, 3u}) EXPECT_LT(at(id, head), at(id, reset));
  EXPECT_EQ(peer.reset_of(3), ErrorCode::protocol_error);
  EXPECT_EQ(peer.ours->stats().resets_sent, 3u);
}

TEST(H2ServerRulesTest, ResetsARequestThatBreaksTheRulesAndServesTheNext) {
  H2RawPeer peer;
  peer.start();
  H2Frames::Fields fields = H2RawPeer::get();
  fields.emplace_back("Upper", "case");
  peer.feed(H2Frames().headers(1, fields, true).headers(3, H2RawPeer::get("/next"), true));
  EXPECT_EQ(peer.reset_of(1), ErrorCode::protocol_error);
  EXPECT_EQ(peer.observer.streams.count(1), 0u);
  EXPECT_EQ(peer.observer.streams[3].request.path, "/next");
}

TEST(H2ServerRulesTest, ReadsOverGoodTrailersAndResetsBadOnes) {
  H2RawPeer peer;
  peer.start();
  for (const std::uint32_t id : {1u, 3u, 5u}) peer.feed(H2Frames().headers(id, device_send("4"), false));
  peer.feed(H2Frames().data(1, "data", false).headers(1, {{"checksum", "1"}}, true));
  EXPECT_TRUE(peer.observer.streams[1].remote_closed);
  EXPECT_FALSE(peer.reset_of(1));
  peer.feed(H2Frames().data(3, "data", false).headers(3, {{":path", "/"}}, true));
  peer.feed(H2Frames().data(5, "data", false).headers(5, {{"checksum", "1"}}, false));
  EXPECT_EQ(peer.reset_of(3), ErrorCode::protocol_error);
  EXPECT_EQ(peer.reset_of(5), ErrorCode::protocol_error);
}

TEST(H2ServerRulesTest, AnswersAHeadThatIsTooLarge) {
  H2RawPeer peer;
  peer.start();
  H2Frames::Fields fields = H2RawPeer::get();
  const std::string value(3000, 'v');
  for (int i = 0; i < 6; ++i) fields.emplace_back("large", value);
  // Larger than a frame, so it needs a CONTINUATION.
  const Bytes block = H2Frames::block(fields);
  const ByteView view(block);
  peer.feed(H2Frames()
                .frame(H2Frames::headers_type, H2Frames::kEndStream, 1, view.first(10'000))
                .frame(H2Frames::continuation_type, H2Frames::kEndHeaders, 1, view.subspan(10'000)));
  EXPECT_EQ(peer.observer.streams.count(1), 0u);
  EXPECT_EQ(peer.ours->stats().of(Limit::header_list), 1u);
  EXPECT_FALSE(peer.reset_of(1));
  EXPECT_FALSE(peer.go_away());
  EXPECT_EQ(peer.count(H2Frames::headers_type), 1u);
  EXPECT_EQ(peer.ours->state(StreamId(1)), StreamState::closed);
}

TEST(H2ServerRulesTest, ResetsAHeadFarOverTheLimitWithoutKeepingIt) {
  H2RawPeer peer;
  peer.start();
  // 70 kB of fields from 16 kB of frames: one large entry of the HPACK table, named again and again.
  Bytes block = H2Frames::block(H2RawPeer::get());
  const Bytes large = H2Frames::block({{"large", std::string(3000, 'v')}});
  block.push_back(std::byte{0x40});
  block.insert(block.end(), large.begin() + 1, large.end());
  block.insert(block.end(), 30, std::byte{0xbe});  // index 62, the newest entry
  peer.feed(H2Frames().frame(H2Frames::headers_type, H2Frames::kEndHeaders | H2Frames::kEndStream, 1, block));
  EXPECT_EQ(peer.observer.streams.count(1), 0u);
  EXPECT_EQ(peer.reset_of(1), ErrorCode::internal_error);
  EXPECT_EQ(peer.ours->stats().of(Limit::header_list), 1u);
  peer.feed(H2Frames().headers(3, H2RawPeer::get("/next"), true));
  EXPECT_TRUE(peer.observer.streams[3].head);
}

TEST(H2ServerRulesTest, EndsAPeerThatOpensMoreStreamsThanItAcknowledged) {
  H2RawPeer peer;
  peer.start();
  for (std::uint32_t id = 1; id < 200; id += 2) peer.feed(H2Frames().headers(id, device_send("4"), false));
  EXPECT_EQ(peer.observer.streams.size(), 100u);
  EXPECT_FALSE(peer.go_away());
  peer.feed(H2Frames().headers(201, device_send("4"), false));
  EXPECT_EQ(peer.observer.streams.size(), 100u);
  EXPECT_EQ(peer.go_away(), ErrorCode::protocol_error);
}

TEST(H2ServerRulesTest, CountsAStreamWhoseHandlerRunsAsOpenAfterItsReset) {
  H2RawPeer peer;
  peer.start();
  std::uint32_t id = 1;
  for (int i = 0; i < 99; ++i, id += 2) peer.feed(H2Frames().headers(id, H2RawPeer::get(), true).reset(id, 8));
  peer.feed(H2Frames().headers(id, H2RawPeer::get(), true));
  EXPECT_EQ(peer.ours->stats().of(Limit::streams), 0u);
  peer.feed(H2Frames().headers(id + 2, H2RawPeer::get(), true));
  EXPECT_EQ(peer.reset_of(id + 2), ErrorCode::refused_stream);
  peer.ours->release(StreamId(1));  // one handler returns
  peer.feed(H2Frames().headers(id + 4, H2RawPeer::get(), true));
  EXPECT_TRUE(peer.observer.streams[static_cast<std::int32_t>(id + 4)].head);
}

TEST(H2ServerRulesTest, ThrowsDataAwayThatComesAfterTheAnswer) {
  H2RawPeer peer;
  peer.start();
  peer.feed(H2Frames().headers(1, device_send("1000000"), false).data(1, "data", false));
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 401, {}, nullptr));
  peer.flush();
  EXPECT_FALSE(peer.reset_of(1));
  peer.ours->release(StreamId(1));
  peer.advance(500ms);
  EXPECT_EQ(peer.reset_of(1), ErrorCode::no_error);
  const std::string more(16384, 'm');
  const std::size_t before = peer.count(H2Frames::window_update_type);
  for (int i = 0; i < 1100; ++i) peer.feed(H2Frames().data(1, more, false));
  EXPECT_FALSE(peer.go_away());
  EXPECT_EQ(peer.observer.streams[1].body, "data");
  // 18 MB came: without credit for thrown away bytes the connection window of 16 MiB would be used up.
  EXPECT_GT(peer.count(H2Frames::window_update_type), before);
}

TEST(H2ServerRulesTest, EndsAConnectionThatDoesNotBeginWithThePreface) {
  H2RawPeer peer;
  peer.start_server(Settings::server());
  EXPECT_FALSE(peer.ours->feed(as_bytes("GET / HTTP/1.1\r\n\r\n"), peer.now));
  peer.flush();
  EXPECT_EQ(peer.go_away(), ErrorCode::protocol_error);
  EXPECT_TRUE(peer.ours->done());
  EXPECT_FALSE(peer.ours->feed(H2Frames().ping(1).bytes(), peer.now));
}

}  // namespace
}  // namespace camspan::h2
