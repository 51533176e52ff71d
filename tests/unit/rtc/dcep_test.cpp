#include "proto/rtc/dcep.hpp"

#include <gtest/gtest.h>

namespace camspan::rtc {
namespace {

TEST(DcepTest, ReadsWhatItWrote) {
  ChannelSettings settings{"action=live&channel=0", "camspan-flv-timed", false, 1000, std::nullopt};
  auto read = parse_channel_open(write_channel_open(settings));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->label, settings.label);
  EXPECT_EQ(read->protocol, settings.protocol);
  EXPECT_FALSE(read->ordered);
  EXPECT_EQ(read->max_lifetime_ms, 1000U);
  EXPECT_FALSE(read->max_retransmits);
  settings = {"x", "", true, std::nullopt, 3};
  read = parse_channel_open(write_channel_open(settings));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->ordered);
  EXPECT_EQ(read->max_retransmits, 3U);
}

// DATA_CHANNEL_OPEN of RFC 8832 section 5.1, written by hand.
TEST(DcepTest, ReadsTheLayoutOfTheRfc) {
  const std::string bytes("\x03\x82\x01\x00\x00\x00\x03\xe8\x00\x04\x00\x02livep1", 18);
  const auto read = parse_channel_open(as_bytes(bytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->label, "live");
  EXPECT_EQ(read->protocol, "p1");
  EXPECT_FALSE(read->ordered);
  EXPECT_EQ(read->max_lifetime_ms, 1000U);
  EXPECT_EQ(as_text(write_channel_open(*read)), bytes);
}

TEST(DcepTest, RefusesWhatIsBroken) {
  const Bytes good = write_channel_open({"label", "protocol"});
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_channel_open(ByteView(good).first(size))) << size;
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_EQ(parse_channel_open(longer).error(), Errc::malformed);
  Bytes unknown = good;
  unknown[1] = std::byte{0x03};
  EXPECT_EQ(parse_channel_open(unknown).error(), Errc::malformed);
  EXPECT_EQ(parse_channel_open(write_channel_open({std::string(kMaxLabelBytes + 1, 'x')})).error(), Errc::too_large);
  EXPECT_EQ(parse_channel_open(write_channel_open({"", std::string(kMaxProtocolBytes + 1, 'x')})).error(),
            Errc::too_large);
  EXPECT_EQ(parse_channel_open(write_channel_ack()).error(), Errc::malformed);
}

TEST(DcepTest, KnowsTheAck) {
  EXPECT_TRUE(is_channel_ack(write_channel_ack()));
  EXPECT_FALSE(is_channel_ack({}));
  EXPECT_FALSE(is_channel_ack(write_channel_open({"x"})));
}

}  // namespace
}  // namespace camspan::rtc
