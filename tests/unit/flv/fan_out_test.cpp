#include "proto/flv/fan_out.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <random>

#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::flv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::tag_unit;

std::string describe(const Unit& unit) {
  if (as_text(unit.bytes).starts_with("FLV")) return "header ";
  const char* const kinds[] = {"config", "key", "delta", "audio", "script", "other"};
  const std::string kind = kinds[static_cast<int>(unit.kind)];
  const auto info = inspect(unit.bytes);
  if (!info || unit.kind == UnitKind::config || unit.kind == UnitKind::script) return kind + ' ';
  return kind + std::to_string(info->timestamp_ms) + ' ';
}

class FanOutTest : public testing::Test {
 protected:
  static FanOut::Limits limits() {
    FanOut::Limits limits;
    limits.max_bytes = 20'000;
    limits.soft_max = seconds(1);
    limits.max_delay = seconds(4);
    return limits;
  }

  /// A viewer that a test drains by hand.
  struct Watcher {
    explicit Watcher(FanOut& fan_out) : viewer([this] { ++woken; }, [this] { aborted = true; }) {
      const FanOut::Opening opened = fan_out.join(viewer);
      for (const SharedUnit& unit : opened.head) opening += describe(*unit);
      for (const SharedUnit& unit : opened.units) opening += describe(*unit);
      first = opened.first;
    }
    std::string take() {
      std::string text;
      for (const SharedPiece& piece : viewer.take(1 << 20)) text += describe(*piece->unit);
      return text;
    }
    const LossCount& lost(Loss cause) const { return viewer.losses()[static_cast<std::size_t>(cause)]; }

    int woken = 0;
    bool aborted = false;
    std::string opening;
    std::uint64_t first = 0;
    Viewer viewer;
  };

  void push(Bytes tag) { fan_out_.deliver(tag_unit(std::move(tag)), now_); }
  void begin() {
    push(maker_.metadata());
    push(maker_.avc_config());
    push(maker_.key(0));
  }
  void change(auto set) {
    FanOut::Limits changed = fan_out_.limits();
    set(changed);
    fan_out_.set_limits(changed);
  }

  test::FlvMaker maker_;
  TimePoint now_{seconds(1000)};
  FanOut fan_out_{limits(), [](const Unit& unit, std::uint64_t number) {
                    return Bytes{static_cast<std::byte>(unit.bytes.size()), static_cast<std::byte>(number)};
                  }};
};

TEST_F(FanOutTest, AViewerStartsWithTheGopThatRuns) {
  begin();
  push(maker_.delta(40));
  Watcher watcher(fan_out_);
  EXPECT_EQ(watcher.opening, "header script config key0 delta40 ");
  EXPECT_EQ(watcher.first, 2u);
  push(maker_.delta(80));
  EXPECT_EQ(watcher.take(), "delta80 ");
}

TEST_F(FanOutTest, SyncMethodNextKeyframeWaitsForOneAndMissesNothingByThat) {
  change([](FanOut::Limits& to) { to.sync = SyncMethod::next_keyframe; });
  begin();
  Watcher watcher(fan_out_);
  EXPECT_EQ(watcher.opening, "header script config ");
  push(maker_.delta(40));
  push(maker_.key(80));
  EXPECT_EQ(watcher.take(), "key80 ");
  EXPECT_EQ(watcher.viewer.skipped(), 0u);
}

TEST_F(FanOutTest, SyncMethodLatestStartsWithWhateverComes) {
  change([](FanOut::Limits& to) { to.sync = SyncMethod::latest; });
  begin();
  Watcher watcher(fan_out_);
  EXPECT_EQ(watcher.opening, "header script config ");
  push(maker_.delta(40));
  EXPECT_EQ(watcher.take(), "delta40 ");
}

TEST_F(FanOutTest, GivesEachPieceItsPrefixAndNumberOnce) {
  begin();
  Watcher one(fan_out_);
  Watcher two(fan_out_);
  push(maker_.delta(40));
  ASSERT_NE(one.viewer.peek(), nullptr);
  EXPECT_EQ(*one.viewer.peek(), *two.viewer.peek());
  const SharedPiece piece = one.viewer.take();
  EXPECT_EQ(std::to_integer<int>(piece->prefix[1]), 3);
  EXPECT_EQ(one.viewer.peek(), nullptr);
  EXPECT_EQ(one.viewer.taken(), 1u);
}

TEST_F(FanOutTest, OverTheSoftBoundOnlyKeyFramesAndConfigurationGo) {
  begin();
  Watcher watcher(fan_out_);
  push(maker_.delta(40));
  now_ += seconds(1) + milliseconds(1);
  push(maker_.delta(80));
  push(maker_.audio(81));
  push(maker_.avc_config(82, 1));
  push(maker_.key(120));
  push(maker_.delta(160));
  EXPECT_EQ(watcher.take(), "delta40 config key120 ");
  EXPECT_EQ(watcher.lost(Loss::late).units, 3u);
  EXPECT_EQ(watcher.lost(Loss::overflow).units, 0u);
  // Having caught up, it goes on at a key frame and not in the middle of a GOP.
  push(maker_.delta(200));
  push(maker_.key(240));
  push(maker_.delta(280));
  EXPECT_EQ(watcher.take(), "key240 delta280 ");
  EXPECT_EQ(watcher.lost(Loss::late).units, 4u);
}

TEST_F(FanOutTest, SoundAloneOverTheSoftBoundGoesOnWhenThereIsTime) {
  push(maker_.aac_config());
  Watcher watcher(fan_out_);
  push(maker_.audio(0));
  now_ += seconds(2);
  push(maker_.audio(20));
  EXPECT_EQ(watcher.take(), "audio0 ");
  push(maker_.audio(40));
  EXPECT_EQ(watcher.take(), "audio40 ");
  EXPECT_EQ(watcher.lost(Loss::late).units, 1u);
}

TEST_F(FanOutTest, RecoverPolicyKeyframeGoesOnAtTheNewestThatWaits) {
  begin();
  Watcher watcher(fan_out_);
  push(maker_.delta(40, 9000));
  push(maker_.key(80, 5000));
  push(maker_.key(120, 5000));
  push(maker_.delta(160, 4000));
  EXPECT_EQ(watcher.take(), "key120 delta160 ");
  EXPECT_EQ(watcher.lost(Loss::overflow).units, 2u);
  EXPECT_GT(watcher.lost(Loss::overflow).bytes, 14'000u);
}

TEST_F(FanOutTest, RecoverPolicySoftLimitKeepsAllThatIsNotLate) {
  change([](FanOut::Limits& to) { to.recover = RecoverPolicy::soft_limit; });
  begin();
  Watcher watcher(fan_out_);
  push(maker_.delta(40, 9000));
  push(maker_.key(80, 5000));
  push(maker_.key(120, 5000));
  push(maker_.delta(160, 4000));
  EXPECT_EQ(watcher.take(), "key80 key120 delta160 ");
  EXPECT_EQ(watcher.lost(Loss::overflow).units, 1u);
}

TEST_F(FanOutTest, RecoverPolicySoftLimitWithoutARecentKeyFrameIsAsKeyframe) {
  change([](FanOut::Limits& to) { to.recover = RecoverPolicy::soft_limit; });
  begin();
  Watcher watcher(fan_out_);
  push(maker_.delta(40, 100));
  now_ += seconds(5);
  push(maker_.delta(80, 100));
  EXPECT_EQ(watcher.take(), "");
  push(maker_.key(120));
  EXPECT_EQ(watcher.take(), "key120 ");
  EXPECT_EQ(watcher.lost(Loss::overflow).units, 2u);
}

TEST_F(FanOutTest, RecoverPolicyLatestGoesOnWithTheVeryNext) {
  change([](FanOut::Limits& to) { to.recover = RecoverPolicy::latest; });
  begin();
  Watcher watcher(fan_out_);
  push(maker_.key(40, 9000));
  push(maker_.delta(80, 9000));
  push(maker_.delta(120, 9000));
  EXPECT_EQ(watcher.take(), "delta120 ");
  EXPECT_EQ(watcher.lost(Loss::overflow).units, 2u);
}

TEST_F(FanOutTest, RecoverPolicyNoneSendsTheViewerAwayAndNobodyElse) {
  change([](FanOut::Limits& to) { to.recover = RecoverPolicy::none; });
  begin();
  Watcher slow(fan_out_);
  Watcher quick(fan_out_);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    push(maker_.delta(i * 40, 9000));
    EXPECT_EQ(quick.take(), "delta" + std::to_string(i * 40) + ' ');
  }
  EXPECT_TRUE(slow.aborted);
  EXPECT_EQ(slow.viewer.removal(), Removal::slow);
  EXPECT_FALSE(quick.aborted);
  EXPECT_EQ(fan_out_.viewers(), 1u);
  EXPECT_EQ(fan_out_.level_bytes(), 0u);
}

TEST_F(FanOutTest, EveryPictureOfAStreamOfPicturesIsAPlaceToGoOn) {
  const auto picture = [](std::size_t size) {
    auto unit = std::make_shared<Unit>(*make_unit(Bytes(size), UnitKind::key));
    unit->track = static_cast<std::uint8_t>(TagType::video);
    return unit;
  };
  fan_out_.deliver(picture(100), now_);
  Watcher watcher(fan_out_);
  EXPECT_EQ(watcher.first, 0u);
  for (int i = 0; i < 5; ++i) fan_out_.deliver(picture(9000), now_);
  EXPECT_EQ(watcher.viewer.bytes(), 18'000u);
  EXPECT_EQ(watcher.lost(Loss::overflow).units, 3u);
}

TEST_F(FanOutTest, WhoHoldsMoreThanItsShareOfTheTotalGivesWay) {
  change([](FanOut::Limits& to) { to.max_total_bytes = 12'000; });
  begin();
  Watcher slow(fan_out_);
  Watcher quick(fan_out_);
  std::size_t most = 0;
  std::string got;
  for (std::uint32_t i = 1; i <= 40; ++i) {
    push(i % 10 == 0 ? maker_.key(i * 40, 1000) : maker_.delta(i * 40, 1000));
    most = std::max(most, fan_out_.level_bytes());
    got += quick.take();
  }
  EXPECT_LE(most, 12'000u);
  EXPECT_GT(slow.lost(Loss::overflow).units, 0u);
  EXPECT_EQ(quick.viewer.skipped(), 0u);
  EXPECT_EQ(std::ranges::count(got, ' '), 40);
}

TEST_F(FanOutTest, ATotalThatIsUsedUpHasNoRoomForMore) {
  change([](FanOut::Limits& to) { to.max_total_bytes = 2000; });
  begin();
  EXPECT_TRUE(fan_out_.has_room());
  Watcher slow(fan_out_);
  push(maker_.delta(40, 2000));
  EXPECT_FALSE(fan_out_.has_room());
  slow.take();
  EXPECT_TRUE(fan_out_.has_room());
}

TEST_F(FanOutTest, CountsWhatWaitsInTheBudgetOfTheProcess) {
  MemoryBudget budget;
  FanOut fan_out(limits(), {}, &budget);
  {
    Watcher slow(fan_out);
    fan_out.deliver(tag_unit(maker_.audio(0, 500)), now_);
    EXPECT_EQ(budget.used(), slow.viewer.bytes());
    EXPECT_GT(budget.used(), 500u);
    budget.restrict_to(800);
    fan_out.deliver(tag_unit(maker_.audio(20, 500)), now_);
    EXPECT_LE(budget.used(), 800u);
    EXPECT_EQ(slow.lost(Loss::overflow).units, 1u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(FanOutTest, AWriteThatDoesNotEndIsATimeout) {
  begin();
  Watcher stuck(fan_out_);
  stuck.viewer.writing(now_);
  now_ += seconds(10) + milliseconds(1);
  fan_out_.tick(now_);
  EXPECT_TRUE(stuck.aborted);
  EXPECT_EQ(stuck.viewer.removal(), Removal::timeout);
}

TEST_F(FanOutTest, AFlushDropsWhatWaitsAndGoesOnAtAKeyFrame) {
  begin();
  Watcher watcher(fan_out_);
  push(maker_.delta(40));
  fan_out_.flush(now_);
  EXPECT_FALSE(fan_out_.has_key());
  push(maker_.delta(80));
  push(maker_.key(120));
  EXPECT_EQ(watcher.take(), "key120 ");
  EXPECT_EQ(watcher.lost(Loss::late).units, 1u);
}

TEST_F(FanOutTest, RemembersWhatViewersWhoLeftMissed) {
  begin();
  {
    Watcher watcher(fan_out_);
    watcher.viewer.lost(Loss::lifetime, *tag_unit(maker_.delta(40)));
  }
  EXPECT_EQ(fan_out_.losses()[static_cast<std::size_t>(Loss::lifetime)].units, 1u);
}

TEST_F(FanOutTest, TellsHowLongTheOldestWaits) {
  begin();
  Watcher watcher(fan_out_);
  EXPECT_EQ(watcher.viewer.queue_delay(now_), milliseconds(0));
  push(maker_.delta(40));
  EXPECT_EQ(watcher.viewer.queue_delay(now_ + milliseconds(30)), milliseconds(30));
}

// Every unit is either taken or counted, whatever the viewer does and whatever the settings are.
TEST_F(FanOutTest, LosesNothingWithoutCountingIt) {
  std::mt19937 random(7);
  for (int run = 0; run < 200; ++run) {
    FanOut::Limits changed = limits();
    changed.recover = static_cast<RecoverPolicy>(1 + random() % 3);
    changed.max_total_bytes = random() % 2 == 0 ? SIZE_MAX : 10'000;
    FanOut fan_out(changed, {});
    fan_out.deliver(tag_unit(maker_.key(0)), now_);
    Watcher watcher(fan_out);
    const int units = 300;
    for (int i = 0; i < units; ++i) {
      now_ += milliseconds(random() % 100);
      const auto time = static_cast<std::uint32_t>(i);
      fan_out.deliver(tag_unit(i % 25 == 0 ? maker_.key(time, 3000) : maker_.delta(time, random() % 2000)), now_);
      if (random() % 10 == 0) watcher.viewer.take(random() % 30'000);
    }
    watcher.viewer.take(SIZE_MAX);
    EXPECT_EQ(watcher.viewer.taken() + watcher.viewer.skipped(), static_cast<std::uint64_t>(units));
    EXPECT_EQ(fan_out.level_bytes(), 0u);
  }
}

}  // namespace
}  // namespace camspan::flv
