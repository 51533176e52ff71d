#include "proto/h2/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/h2/types.hpp"

namespace camspan::h2 {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(H2SettingsTest, TheServerAnnouncesWhatDevicesNeed) {
  EXPECT_THAT(
      Settings::server().entries(),
      ElementsAre(Pair(SettingId::max_concurrent_streams, 100u), Pair(SettingId::initial_window_size, 16777215u),
                  Pair(SettingId::max_frame_size, 16384u), Pair(SettingId::max_header_list_size, 16384u),
                  Pair(SettingId::enable_connect_protocol, 0u), Pair(SettingId::no_rfc7540_priorities, 1u)));
}

TEST(H2SettingsTest, TheClientRefusesPushes) {
  EXPECT_THAT(Settings::client(70000).entries(),
              ElementsAre(Pair(SettingId::enable_push, 0u), Pair(SettingId::initial_window_size, 70000u)));
}

TEST(H2SettingsTest, NamesTheFirstValueThatIsNotAllowed) {
  struct Case {
    std::optional<std::uint32_t> Settings::*member;
    SettingId id;
    std::uint32_t good;
    std::uint32_t bad;
  };
  const Case cases[] = {
      {&Settings::enable_push, SettingId::enable_push, 1, 2},
      {&Settings::initial_window_size, SettingId::initial_window_size, 0x7fffffff, 0x80000000},
      {&Settings::max_frame_size, SettingId::max_frame_size, 16384, 16383},
      {&Settings::max_frame_size, SettingId::max_frame_size, 16777215, 16777216},
      {&Settings::enable_connect_protocol, SettingId::enable_connect_protocol, 1, 2},
      {&Settings::no_rfc7540_priorities, SettingId::no_rfc7540_priorities, 0, 2},
  };
  for (const Case& c : cases) {
    Settings settings;
    settings.*c.member = c.good;
    EXPECT_EQ(settings.invalid(), std::nullopt);
    settings.*c.member = c.bad;
    EXPECT_EQ(settings.invalid(), c.id);
  }
}

TEST(H2StreamIdTest, KnowsWhoStartedTheStream) {
  EXPECT_TRUE(kConnectionStream.is_connection());
  EXPECT_FALSE(kConnectionStream.is_server());
  EXPECT_TRUE(StreamId(1).is_client());
  EXPECT_TRUE(StreamId(0x7ffffffe).is_server());
  EXPECT_LT(StreamId(1), StreamId(3));
}

TEST(H2StreamStateTest, SaysWhichSidesAreOpen) {
  struct Case {
    StreamState state;
    bool local;
    bool remote;
  };
  const Case cases[] = {
      {StreamState::idle, false, false},
      {StreamState::reserved_local, false, false},
      {StreamState::reserved_remote, false, false},
      {StreamState::open, true, true},
      {StreamState::half_closed_local, false, true},
      {StreamState::half_closed_remote, true, false},
      {StreamState::closed, false, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(local_open(c.state), c.local);
    EXPECT_EQ(remote_open(c.state), c.remote);
  }
}

TEST(H2ErrorCodeTest, CountsUnknownCodesAsInternalError) {
  EXPECT_EQ(to_error_code(0xb), ErrorCode::enhance_your_calm);
  EXPECT_EQ(to_error_code(0xe), ErrorCode::internal_error);
  EXPECT_EQ(to_error_code(0xffffffff), ErrorCode::internal_error);
  EXPECT_EQ(name(ErrorCode::refused_stream), "REFUSED_STREAM");
}

}  // namespace
}  // namespace camspan::h2
