// The rules of p2p.md section 1.8 on what waits for a viewer, in virtual time and without a network.
#include <gmock/gmock.h>

#include "stand.hpp"

namespace camspan::iv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string event(iv_avt_event_e which, int handle) {
  return "event " + std::to_string(which) + " " + std::to_string(handle);
}

class IvWatermarksTest : public IvStand {
 protected:
  static constexpr std::size_t kKiB = 1024;

  IvWatermarksTest() {
    camera->set_marks({200 * kKiB, 400 * kKiB, 500 * kKiB});
    link = &watch();
    heard();
  }
  /// One more chunk of so many bytes is taken.
  void take(std::size_t bytes) {
    program.handle(0).next.push_back(program.owned(std::string(bytes, 'x')));
    run(10ms);
  }
  /// So many bytes are left that the viewer does not have.
  void leave(std::size_t bytes) {
    while (buffered(0) > bytes) {
      link->acknowledge(buffered(0) - bytes);
      run(10ms);
    }
  }

  StandLink* link;
};

TEST_F(IvWatermarksTest, WarnsOnceAboveTheWarnMark) {
  take(400 * kKiB);
  EXPECT_THAT(heard(), IsEmpty()) << "strictly above";
  take(1);
  EXPECT_THAT(heard(), ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_WARN, 0)));
  take(10 * kKiB);
  EXPECT_THAT(heard(), IsEmpty()) << "once";
  EXPECT_EQ(buffered(0), 410 * kKiB + 1);
}

TEST_F(IvWatermarksTest, PausesAboveTheHighMarkUntilBelowTheLowOne) {
  take(450 * kKiB);
  take(50 * kKiB);
  EXPECT_THAT(heard(), ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_WARN, 0)));
  take(1);
  EXPECT_THAT(heard(), ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_HIGH, 0)));
  const int gets = program.handle(0).gets;
  run(1s);
  EXPECT_EQ(program.handle(0).gets, gets) << "paused";
  leave(200 * kKiB);
  EXPECT_EQ(program.handle(0).gets, gets) << "at the low mark";
  EXPECT_THAT(heard(), IsEmpty());
  leave(190 * kKiB);
  EXPECT_THAT(heard(), ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_LOW, 0)));
  run(100ms);
  EXPECT_GT(program.handle(0).gets, gets);
}

TEST_F(IvWatermarksTest, CrossingBothInOneStepWarnsFirst) {
  take(501 * kKiB);
  EXPECT_THAT(heard(),
              ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_WARN, 0), event(IV_AVT_EVENT_P2P_WATERMARK_HIGH, 0)));
}

TEST_F(IvWatermarksTest, AWarningThatPassesEndsWithLow) {
  take(401 * kKiB);
  heard();
  leave(100 * kKiB);
  EXPECT_THAT(heard(), ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_LOW, 0)));
  take(350 * kKiB);
  EXPECT_THAT(heard(), ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_WARN, 0))) << "armed again";
}

TEST_F(IvWatermarksTest, EachHandleIsOnItsOwn) {
  watch("v2");
  heard();
  take(501 * kKiB);
  EXPECT_EQ(heard().size(), 2u);
  const int gets = program.handle(1).gets;
  run(100ms);
  EXPECT_GT(program.handle(1).gets, gets + 5);
}

TEST_F(IvWatermarksTest, NewMarksCountAtOnceForLiveHandles) {
  take(300 * kKiB);
  EXPECT_THAT(heard(), IsEmpty());
  camera->set_marks({10, 20, 30});
  EXPECT_THAT(heard(),
              ElementsAre(event(IV_AVT_EVENT_P2P_WATERMARK_WARN, 0), event(IV_AVT_EVENT_P2P_WATERMARK_HIGH, 0)));
  const int gets = program.handle(0).gets;
  camera->set_marks({});
  run(50ms);
  EXPECT_THAT(heard(), IsEmpty()) << "without marks there are no events";
  EXPECT_GT(program.handle(0).gets, gets);
}

TEST_F(IvWatermarksTest, WithoutMarksTheHardCapStopsFetchingSilently) {
  camera->set_marks({});
  program.on_get = [this](StandProgram::Handle& handle) {
    handle.next.push_back(program.owned(std::string(10'000, 'x')));
  };
  run(10s);
  EXPECT_LT(buffered(0), SendHandle::kHardCap + 10'000);
  EXPECT_GE(buffered(0), SendHandle::kHardCap);
  EXPECT_THAT(heard(), IsEmpty());
  const int gets = program.handle(0).gets;
  link->acknowledge(20'000);
  run(20ms);
  EXPECT_GT(program.handle(0).gets, gets) << "and goes on below it";
}

TEST(IvMarksTest, AreInOrderOrAllZero) {
  EXPECT_TRUE((Marks{0, 0, 0}.valid()));
  EXPECT_TRUE((Marks{1, 1, 1}.valid()));
  EXPECT_TRUE((Marks{200, 400, 500}.valid()));
  EXPECT_FALSE((Marks{0, 1, 2}.valid()));
  EXPECT_FALSE((Marks{2, 1, 3}.valid()));
  EXPECT_FALSE((Marks{1, 3, 2}.valid()));
  EXPECT_FALSE((Marks{1, 0, 0}.valid()));
}

}  // namespace
}  // namespace camspan::iv
