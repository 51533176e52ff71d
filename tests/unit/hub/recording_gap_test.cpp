#include "hub/recording_gap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace camspan::hub {
namespace {

UtcTime at(int seconds) {
  return UtcTime(std::chrono::seconds(1'800'000'000 + seconds));
}

struct Row {
  int from, to;
  std::optional<EndReason> reason;
  bool operator==(const Row&) const = default;
};

std::vector<Row> rows(const std::vector<RecordedSpan>& segments, const std::optional<Span>& expired, int from, int to) {
  const auto seconds = [](UtcTime time) {
    return static_cast<int>(std::chrono::floor<std::chrono::seconds>(time - at(0)).count());
  };
  std::vector<Row> result;
  for (const Gap& gap : find_gaps(segments, expired, {at(from), at(to)}))
    result.push_back({seconds(gap.span.from), seconds(gap.span.to), gap.reason});
  return result;
}

RecordedSpan segment(int from, int to, std::optional<EndReason> end = {}) {
  return {{at(from), at(to)}, end};
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RecordingGapTest, LiesBetweenSegmentsAndBehindTheLast) {
  EXPECT_THAT(
      rows({segment(0, 60), segment(60, 90, EndReason::offline), segment(200, 260, EndReason::stopped)}, {}, 0, 300),
      ElementsAre(Row{90, 200, EndReason::offline}, Row{260, 300, EndReason::stopped}));
}

TEST(RecordingGapTest, IsLeftOutWhereNobodyKnowsWhy) {
  EXPECT_THAT(rows({segment(0, 60), segment(200, 260)}, {}, 0, 300), IsEmpty());
  EXPECT_THAT(rows({}, {}, 0, 300), IsEmpty());
}

TEST(RecordingGapTest, SaysWhatWasLostHoweverShortItIs) {
  const std::vector<RecordedSpan> segments{{{at(0), at(60)}, EndReason::offline, 5},
                                           {{at(60) + std::chrono::milliseconds(400), at(90)}, {}}};
  const auto gaps = find_gaps(segments, {}, {at(0), at(90)});
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].reason, EndReason::lost);
  EXPECT_EQ(gaps[0].lost_tags, 5u);
}

TEST(RecordingGapTest, IsNoneForAPauseOfAFrame) {
  EXPECT_THAT(rows({segment(0, 60, EndReason::stopped), segment(61, 100)}, {}, 0, 100), IsEmpty());
}

TEST(RecordingGapTest, IsCutToWhatWasAskedFor) {
  EXPECT_THAT(rows({segment(0, 60, EndReason::offline), segment(200, 260)}, {}, 100, 150),
              ElementsAre(Row{100, 150, EndReason::offline}));
}

TEST(RecordingGapTest, NamesTheReasonOfTheSegmentThatReachesFurthest) {
  EXPECT_THAT(rows({segment(0, 100, EndReason::disk_full), segment(20, 60, EndReason::stopped)}, {}, 0, 200),
              ElementsAre(Row{100, 200, EndReason::disk_full}));
}

TEST(RecordingGapTest, SaysWhatHasExpired) {
  const Span expired{at(100), at(200)};
  EXPECT_THAT(rows({segment(250, 300)}, expired, 0, 300), ElementsAre(Row{100, 200, std::nullopt}));
  EXPECT_THAT(rows({}, expired, 150, 300), ElementsAre(Row{150, 200, std::nullopt}));
  // A removed segment between two that were kept, and the camera was away behind it.
  EXPECT_THAT(rows({segment(0, 100, EndReason::offline), segment(300, 400)}, expired, 0, 400),
              ElementsAre(Row{100, 200, std::nullopt}, Row{200, 300, EndReason::offline}));
}

TEST(RecordingGapTest, ReasonsHaveNames) {
  for (const EndReason reason : {EndReason::offline, EndReason::stopped, EndReason::disk_full})
    EXPECT_EQ(parse_end_reason(to_string(reason)), reason);
  EXPECT_EQ(to_string(EndReason::disk_full), "disk-full");
  EXPECT_FALSE(parse_end_reason("else"));
}

}  // namespace
}  // namespace camspan::hub
