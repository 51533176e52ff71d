// SETTINGS that come: every row of RFC 9113 section 6.5.2, at its bound and beyond, in both roles.
#include <gtest/gtest.h>

#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Frames;
using test::H2RawPeer;
using test::TextSource;

using Entries = std::vector<std::pair<std::uint16_t, std::uint32_t>>;

struct Row {
  const char* name;
  Entries entries;
  std::optional<ErrorCode> of_client;  ///< what our server answers; nullopt = it goes on
  std::optional<ErrorCode> of_server;  ///< what our client answers
};

const Row kRows[] = {
    {"HEADER_TABLE_SIZE", {{1, 0}, {1, 0xffffffff}}, std::nullopt, std::nullopt},
    {"ENABLE_PUSH 0", {{2, 0}}, std::nullopt, std::nullopt},
    {"ENABLE_PUSH 1", {{2, 1}}, std::nullopt, ErrorCode::protocol_error},
    {"ENABLE_PUSH 2", {{2, 2}}, ErrorCode::protocol_error, ErrorCode::protocol_error},
    {"MAX_CONCURRENT_STREAMS", {{3, 0}, {3, 0xffffffff}}, std::nullopt, std::nullopt},
    {"INITIAL_WINDOW_SIZE 2^31-1", {{4, 0}, {4, 0x7fffffff}}, std::nullopt, std::nullopt},
    {"INITIAL_WINDOW_SIZE 2^31", {{4, 0x80000000}}, ErrorCode::flow_control_error, ErrorCode::flow_control_error},
    {"MAX_FRAME_SIZE in bounds", {{5, 16384}, {5, 16777215}}, std::nullopt, std::nullopt},
    {"MAX_FRAME_SIZE 16383", {{5, 16383}}, ErrorCode::protocol_error, ErrorCode::protocol_error},
    {"MAX_FRAME_SIZE 2^24", {{5, 16777216}}, ErrorCode::protocol_error, ErrorCode::protocol_error},
    {"MAX_HEADER_LIST_SIZE", {{6, 0}, {6, 0xffffffff}}, std::nullopt, std::nullopt},
    {"ENABLE_CONNECT_PROTOCOL 1", {{8, 1}}, std::nullopt, std::nullopt},
    {"ENABLE_CONNECT_PROTOCOL 2", {{8, 2}}, ErrorCode::protocol_error, ErrorCode::protocol_error},
    {"NO_RFC7540_PRIORITIES 1", {{9, 1}}, std::nullopt, std::nullopt},
    {"NO_RFC7540_PRIORITIES 2", {{9, 2}}, ErrorCode::protocol_error, ErrorCode::protocol_error},
    {"an unknown one", {{0x77, 5}}, std::nullopt, std::nullopt},
};

TEST(H2PeerSettingsTest, AServerTakesGoodOnesAndEndsABadPeer) {
  for (const Row& row : kRows) {
    H2RawPeer peer;
    peer.start(row.entries);
    EXPECT_EQ(peer.go_away(), row.of_client) << row.name;
  }
}

TEST(H2PeerSettingsTest, AClientTakesGoodOnesAndEndsABadPeer) {
  for (const Row& row : kRows) {
    H2RawPeer peer;
    peer.start_client();
    peer.flush();
    peer.feed(H2Frames().settings(row.entries));
    EXPECT_EQ(peer.go_away(), row.of_server) << row.name;
  }
}

TEST(H2PeerSettingsTest, SomeCannotBeTakenBack) {
  H2RawPeer connect;
  connect.start_client();
  connect.flush();
  connect.feed(H2Frames().settings({{8, 1}}));
  EXPECT_FALSE(connect.go_away());
  connect.feed(H2Frames().settings({{8, 0}}));
  EXPECT_EQ(connect.go_away(), ErrorCode::protocol_error);

  H2RawPeer priorities;
  priorities.start();
  priorities.feed(H2Frames().settings({{9, 1}}));
  EXPECT_EQ(priorities.go_away(), ErrorCode::protocol_error) << "fixed by the first SETTINGS";
}

TEST(H2PeerSettingsTest, MoveTheWindowsOfOpenStreamsEvenBelowZero) {
  H2RawPeer peer;
  peer.start({{4, 10}});
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  TextSource body(std::string(40, 'b'));
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, &body));
  peer.flush();
  EXPECT_EQ(body.given(), 10u);
  peer.feed(H2Frames().settings({{4, 4}}));  // -6
  peer.feed(H2Frames().window_update(1, 6));
  EXPECT_EQ(body.given(), 10u);
  peer.feed(H2Frames().window_update(1, 1));
  EXPECT_EQ(body.given(), 11u);
  peer.feed(H2Frames().settings({{4, 24}}));
  EXPECT_EQ(body.given(), 31u);
}

TEST(H2PeerSettingsTest, EndThePeerWhoseSettingsTakeAWindowTooFar) {
  H2RawPeer peer;
  peer.start({{4, 0}});
  peer.feed(H2Frames().headers(1, H2RawPeer::get(), true));
  TextSource body("body", false);
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, &body));
  peer.feed(H2Frames().window_update(1, 0x7ffffff0).settings({{4, 10}}));
  EXPECT_FALSE(peer.go_away());
  peer.feed(H2Frames().window_update(1, 9).settings({{4, 11}}));
  EXPECT_EQ(peer.go_away(), ErrorCode::flow_control_error);
}

TEST(H2PeerSettingsTest, OfOursAServerNeverEnablesPushes) {
  H2RawPeer peer;
  Settings settings = Settings::server();
  settings.enable_push = 1;
  const auto refused = Connection::create_server(settings, peer.limits, peer.observer, peer.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::bad_setting);
  settings.enable_push = 0;
  EXPECT_TRUE(Connection::create_server(settings, peer.limits, peer.observer, peer.now));
}

TEST(H2PeerSettingsTest, AClientWaitsTenSecondsForTheAcknowledgement) {
  H2RawPeer peer;
  peer.start_client();
  peer.flush();
  peer.feed(H2Frames().settings());
  peer.advance(9999ms);
  EXPECT_FALSE(peer.go_away());
  peer.advance(1ms);
  EXPECT_EQ(peer.go_away(), ErrorCode::settings_timeout);
  EXPECT_EQ(peer.ours->passed_limit(), Limit::settings_ack);
}

}  // namespace
}  // namespace camspan::h2
