#include "proto/rtc/request_label.hpp"

#include <gtest/gtest.h>

namespace camspan::rtc {
namespace {

TEST(RequestLabelTest, ReadsALiveRequest) {
  const auto label = parse_request_label("action=live&channel=2&quality=high");
  ASSERT_TRUE(label);
  EXPECT_EQ(label->action, RequestAction::live);
  EXPECT_EQ(label->channel, 2u);
  EXPECT_EQ(label->quality, "high");
}

TEST(RequestLabelTest, TakesWhatIsLeftOutAsChannelZero) {
  const auto label = parse_request_label("action=live");
  ASSERT_TRUE(label);
  EXPECT_EQ(label->channel, 0u);
  EXPECT_EQ(label->quality, "");
}

TEST(RequestLabelTest, ReadsWhatShippedProgramsWrite) {
  EXPECT_EQ(parse_request_label("ipc.flv?action=live&channel=1")->channel, 1u);
  EXPECT_EQ(parse_request_label("voice?channel=3")->channel, 3u);
  EXPECT_EQ(parse_request_label("Action=Live&Channel=0")->action, RequestAction::live);
  EXPECT_EQ(parse_request_label("action=live&qualtity=SUPER")->quality, "super");
  EXPECT_EQ(parse_request_label("action=live&channel=12}")->channel, 12u);
  EXPECT_EQ(parse_request_label("action=live&channel=99999999999")->channel, 0u);
}

TEST(RequestLabelTest, KeepsUnknownKeysInOrderAndLeavesOutThoseOfTheTransport) {
  const auto label = parse_request_label("_crypto=off&b=2&a=1&_port=7&b=3");
  ASSERT_TRUE(label);
  ASSERT_EQ(label->fields.size(), 3u);
  EXPECT_EQ(label->fields[0].first, "b");
  EXPECT_EQ(label->value("a"), "1");
  EXPECT_EQ(label->value("b"), "2") << "the first of a key counts";
  EXPECT_EQ(label->value("_crypto"), "");
  EXPECT_EQ(label->action, RequestAction::other);
}

TEST(RequestLabelTest, RefusesWhatHasNoGrammar) {
  for (const std::string_view text : {"", "live", "=1", "action=live&", "&action=live", "action=live&&channel=0",
                                      "action", "action=live\n&channel=0", "\x7f=1"})
    EXPECT_EQ(parse_request_label(text).error(), Errc::malformed) << text;
  EXPECT_EQ(parse_request_label("a=" + std::string(kMaxLabelBytes, 'x')).error(), Errc::too_large);
}

TEST(RequestLabelTest, NamesTheRightThatEachActionNeeds) {
  const auto right = [](std::string_view text) { return right_for(parse_request_label(text)->action); };
  EXPECT_EQ(right("action=live"), "live");
  EXPECT_EQ(right("action=playback&start=1&end=2"), "playback");
  EXPECT_EQ(right("action=download&file_name=x"), "playback");
  EXPECT_EQ(right("action=voice&codec=pcma"), "talk");
  EXPECT_EQ(right("action=user_define&cmd=ptz_left"), "command");
  EXPECT_EQ(right("action=something"), "live");
}

}  // namespace
}  // namespace camspan::rtc
