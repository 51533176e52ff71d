#include "proto/rtc/timed_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/flv_maker.hpp"

namespace camspan::rtc {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kMessage = 300;

/// The messages of a stream, tag by tag.
std::vector<std::vector<Bytes>> messages_of(const std::vector<Bytes>& tags) {
  std::vector<SharedUnit> units{make_unit(test::flv_file({}), UnitKind::config)};
  for (const Bytes& tag : tags) units.push_back(test::tag_unit(tag));
  std::vector<std::vector<Bytes>> result;
  for (std::uint32_t sequence = 0; sequence < units.size(); ++sequence) {
    result.emplace_back();
    for (TimedTag tag(*units[sequence], sequence, kMessage); !tag.done(); tag.advance())
      result.back().push_back(tag.message());
  }
  return result;
}

std::vector<Bytes> flat(const std::vector<std::vector<Bytes>>& tags) {
  std::vector<Bytes> all;
  for (const auto& tag : tags) all.insert(all.end(), tag.begin(), tag.end());
  return all;
}

struct Fed {
  TimedReader reader{TimedReader::Limits{1 << 20, milliseconds(500)}};
  TimePoint now{};
  Bytes stream;

  void feed(const std::vector<Bytes>& messages) {
    for (const Bytes& message : messages) {
      EXPECT_TRUE(reader.feed(message, now));
      drain();
    }
  }
  void pass(milliseconds time) {
    now += time;
    reader.on_timeout(now);
    drain();
  }
  void drain() {
    while (auto piece = reader.poll()) stream.insert(stream.end(), piece->begin(), piece->end());
  }
};

test::FlvMaker::Shape shape() {
  test::FlvMaker::Shape shape;
  shape.duration_ms = 1000;
  shape.gop = 5;
  return shape;
}

TEST(TimedReaderTest, GivesTheVeryStreamThatWasCut) {
  const auto tags = test::FlvMaker().stream(shape());
  Fed fed;
  fed.feed(flat(messages_of(tags)));
  EXPECT_EQ(fed.stream, test::flv_file(tags));
  EXPECT_EQ(fed.reader.lost_tags(), 0u);
  EXPECT_FALSE(fed.reader.next_timeout());
}

TEST(TimedReaderTest, PutsWhatComesOutOfOrderInOrder) {
  const auto tags = test::FlvMaker().stream(shape());
  std::vector<Bytes> messages = flat(messages_of(tags));
  std::mt19937 random(7);
  std::shuffle(messages.begin(), messages.end(), random);
  Fed fed;
  fed.feed(messages);
  fed.feed(messages);  // and once more: what is there twice does no harm
  EXPECT_EQ(fed.stream, test::flv_file(tags));
}

TEST(TimedReaderTest, GoesOnAtTheNextKeyFrameWhenAPartIsMissing) {
  test::FlvMaker maker;
  const std::vector<Bytes> tags{maker.avc_config(), maker.key(0),     maker.delta(40), maker.delta(80),
                                maker.audio(90),    maker.delta(120), maker.key(160),  maker.delta(200)};
  auto messages = messages_of(tags);
  messages[3].pop_back();  // of the first delta
  Fed fed;
  fed.feed(flat(messages));
  const std::vector<Bytes> before{tags[0], tags[1]};
  EXPECT_EQ(fed.stream, test::flv_file(before)) << "waits for what may still come";
  fed.pass(milliseconds(500));
  const std::vector<Bytes> shown{tags[0], tags[1], tags[4], tags[6], tags[7]};
  EXPECT_EQ(fed.stream, test::flv_file(shown));
  EXPECT_EQ(fed.reader.lost_tags(), 3u);
}

TEST(TimedReaderTest, GivesUpAWholeTagThatNeverCame) {
  test::FlvMaker maker;
  const std::vector<Bytes> tags{maker.avc_config(), maker.key(0), maker.delta(40), maker.key(80)};
  auto messages = messages_of(tags);
  messages.erase(messages.begin() + 3);
  Fed fed;
  fed.feed(flat(messages));
  fed.pass(milliseconds(499));
  EXPECT_EQ(fed.reader.lost_tags(), 0u);
  fed.pass(milliseconds(1));
  const std::vector<Bytes> shown{tags[0], tags[1], tags[3]};
  EXPECT_EQ(fed.stream, test::flv_file(shown));
  EXPECT_EQ(fed.reader.lost_tags(), 1u);
}

TEST(TimedReaderTest, HoldsNoMoreThanItsBound) {
  TimedReader reader(TimedReader::Limits{10'000, std::chrono::hours(1)});
  Bytes message(1000);
  for (std::uint32_t i = 1; i < 5000; ++i) {  // number 0 never comes
    TimedHeader header;
    header.kind = TimedKind::delta;
    header.parts = 2;
    header.sequence = i;
    write_timed_header(message.data(), header);
    ASSERT_TRUE(reader.feed(message, TimePoint()));
  }
  EXPECT_GT(reader.lost_tags(), 4980u);
  EXPECT_FALSE(reader.poll());
}

TEST(TimedReaderTest, CountsOverTheEndOfTheSequence) {
  TimedReader reader(TimedReader::Limits{1 << 20, milliseconds(0)});
  for (const std::uint32_t sequence : {0x60000000u, 0xc0000000u, 0xffffffffu, 0u, 1u}) {
    Bytes message(TimedHeader::kBytes + 1);
    TimedHeader header;
    header.kind = TimedKind::audio;
    header.sequence = sequence;
    write_timed_header(message.data(), header);
    ASSERT_TRUE(reader.feed(message, TimePoint()));
    EXPECT_TRUE(reader.poll()) << sequence;
  }
}

TEST(TimedReaderTest, RefusesPartsThatContradictEachOther) {
  TimedReader reader;
  Bytes message(TimedHeader::kBytes + 1);
  TimedHeader header;
  header.parts = 2;
  write_timed_header(message.data(), header);
  ASSERT_TRUE(reader.feed(message, TimePoint()));
  header.parts = 3;
  header.part = 1;
  write_timed_header(message.data(), header);
  EXPECT_EQ(reader.feed(message, TimePoint()).error(), Errc::malformed);
}

}  // namespace
}  // namespace camspan::rtc
