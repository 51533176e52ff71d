#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/recordings_route.hpp"

namespace camspan::hub {
namespace {

using recordings::Segment;
using testing::ElementsAre;

Segment segment(const char* path, int from_s, int to_s) {
  Segment result;
  result.path = path;
  result.start = UtcTime(std::chrono::seconds(from_s));
  result.duration = std::chrono::seconds(to_s - from_s);
  return result;
}

std::vector<std::string> names(std::vector<Segment> segments) {
  std::vector<std::string> names;
  for (const Segment& part : playable(std::move(segments))) names.push_back(part.path);
  return names;
}

TEST(PlayableTest, PlaysInOrderOfTime) {
  EXPECT_THAT(names({segment("c", 120, 180), segment("a", 0, 60), segment("b", 60, 120)}), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(names({}).empty());
}

TEST(PlayableTest, LeavesOutWhatAnotherOneCovers) {
  EXPECT_THAT(names({segment("whole", 0, 60), segment("part", 10, 50), segment("next", 60, 120)}),
              ElementsAre("whole", "next"));
}

TEST(PlayableTest, KeepsAShortOneThatCaptureTimesPutWithinAnother) {
  EXPECT_THAT(names({segment("late", 0, 60), segment("rest", 55, 59), segment("next", 58, 118)}),
              ElementsAre("late", "rest", "next"));
}

TEST(PlayableTest, KeepsWhatOverlapsInPart) {
  EXPECT_THAT(names({segment("a", 0, 60), segment("b", 59, 119)}), ElementsAre("a", "b"));
}

TEST(PlayableTest, OfTheSameTimeTheLaterCopyStays) {
  EXPECT_THAT(names({segment("083000.000Z.flv", 0, 60), segment("083000.000Z-2.flv", 0, 60),
                     segment("083000.000Z-1.flv", 0, 60)}),
              ElementsAre("083000.000Z-2.flv"));
}

}  // namespace
}  // namespace camspan::hub
