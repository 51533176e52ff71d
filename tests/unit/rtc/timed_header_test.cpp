#include "proto/rtc/timed_header.hpp"

#include <gtest/gtest.h>

#include "support/flv_maker.hpp"

namespace camspan::rtc {
namespace {

std::vector<Bytes> cut(const Unit& unit, std::uint32_t sequence, std::size_t message_bytes) {
  std::vector<Bytes> messages;
  for (TimedTag tag(unit, sequence, message_bytes); !tag.done(); tag.advance()) messages.push_back(tag.message());
  return messages;
}

TEST(TimedHeaderTest, IsSixteenBytesBigEndian) {
  TimedHeader header;
  header.kind = TimedKind::key;
  header.dropped_before = true;
  header.part = 0x0102;
  header.parts = 0x0304;
  header.queue_delay_ms = 0x0506;
  header.sequence = 0x0708090a;
  header.timestamp_ms = 0x0b0c0d0e;
  Bytes bytes(TimedHeader::kBytes);
  write_timed_header(bytes.data(), header);
  const auto expected = {2, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  ASSERT_EQ(bytes.size(), expected.size());
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), bytes.begin(),
                         [](int a, std::byte b) { return a == std::to_integer<int>(b); }));
  const auto again = parse_timed_header(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind, TimedKind::key);
  EXPECT_TRUE(again->dropped_before);
  EXPECT_EQ(again->part, 0x0102);
  EXPECT_EQ(again->parts, 0x0304);
  EXPECT_EQ(again->queue_delay_ms, 0x0506);
  EXPECT_EQ(again->sequence, 0x0708090au);
  EXPECT_EQ(again->timestamp_ms, 0x0b0c0d0eu);
}

TEST(TimedHeaderTest, RefusesWhatIsNone) {
  Bytes bytes(TimedHeader::kBytes);
  write_timed_header(bytes.data(), TimedHeader());
  EXPECT_TRUE(parse_timed_header(bytes));
  EXPECT_FALSE(parse_timed_header(ByteView(bytes).first(15)));
  for (const int kind : {0, 6, 255}) {
    bytes[0] = static_cast<std::byte>(kind);
    EXPECT_FALSE(parse_timed_header(bytes)) << kind;
  }
  TimedHeader no_such_part;
  no_such_part.part = 1;
  write_timed_header(bytes.data(), no_such_part);
  EXPECT_FALSE(parse_timed_header(bytes));
}

TEST(TimedHeaderTest, CutsATagWithoutItsPreviousTagSize) {
  test::FlvMaker maker;
  const SharedUnit key = test::tag_unit(maker.key(4711, 1000));
  const std::vector<Bytes> messages = cut(*key, 9, 256);
  Bytes joined;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ASSERT_LE(messages[i].size(), 256u);
    const auto header = parse_timed_header(messages[i]);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->kind, TimedKind::key);
    EXPECT_EQ(header->part, i);
    EXPECT_EQ(header->parts, messages.size());
    EXPECT_EQ(header->sequence, 9u);
    EXPECT_EQ(header->timestamp_ms, 4711u);
    joined.insert(joined.end(), messages[i].begin() + TimedHeader::kBytes, messages[i].end());
  }
  EXPECT_EQ(messages.size(), (key->bytes.size() - 4 + 239) / 240);
  EXPECT_EQ(joined, Bytes(key->bytes.begin(), key->bytes.end() - 4));
}

TEST(TimedHeaderTest, NamesEveryKind) {
  test::FlvMaker maker;
  const auto kind = [](Bytes tag) { return timed_kind(test::tag_unit(std::move(tag))->kind); };
  EXPECT_EQ(kind(maker.avc_config()), TimedKind::config);
  EXPECT_EQ(kind(maker.key(0)), TimedKind::key);
  EXPECT_EQ(kind(maker.delta(0)), TimedKind::delta);
  EXPECT_EQ(kind(maker.audio(0)), TimedKind::audio);
  EXPECT_EQ(kind(maker.metadata()), TimedKind::script);
  EXPECT_EQ(timed_kind(UnitKind::other), TimedKind::script);
}

TEST(TimedHeaderTest, TakesTheLargestTagWithTheSmallestMessages) {
  const SharedUnit large = make_unit(Bytes(16 << 20), UnitKind::key);
  const TimedTag tag(*large, 0, 0);
  EXPECT_FALSE(tag.done());
  EXPECT_LE(tag.message().size(), 16u + 257u);
}

}  // namespace
}  // namespace camspan::rtc
