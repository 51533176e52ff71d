#include "core/media_queue.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "core/memory_budget.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SharedUnit unit(UnitKind kind, std::size_t size, milliseconds dts = milliseconds(0), std::uint8_t track = 0) {
  auto made = std::make_shared<Unit>(*make_unit(Bytes(size), kind));
  made->dts = dts;
  made->track = track;
  return made;
}

class MediaQueueTest : public ::testing::Test {
 protected:
  static MediaQueue::Bounds bounds(std::size_t bytes, Leaky leaky, std::chrono::nanoseconds time = seconds(0)) {
    return {bytes, time, leaky};
  }
  /// Kinds of what is handed out, as letters.
  static std::string drain(MediaQueue& queue) {
    std::string kinds;
    while (const auto next = queue.next()) kinds += "Ckdaso"[static_cast<int>(next->unit->kind)];
    return kinds;
  }
  int wakes = 0;
  std::function<void()> count_wakes = [this] { ++wakes; };
};

TEST_F(MediaQueueTest, NumbersUnitsInTheOrderTheyAreHandedOut) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 10)));
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_EQ(wakes, 2) << "one wake-up for a backlog, and one for its first media";
  EXPECT_EQ(queue.next()->number, 0u);
  EXPECT_EQ(queue.next()->number, 1u);
  EXPECT_EQ(queue.next()->number, 2u);
  EXPECT_FALSE(queue.next());
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_EQ(wakes, 3);
  EXPECT_EQ(queue.next()->number, 3u);
}

TEST_F(MediaQueueTest, HandsOutABatchUpToItsSizeOrToWhatIsNotWanted) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(queue.push(unit(i == 3 ? UnitKind::key : UnitKind::delta, 100)));
  const auto any = [](const Unit&) { return true; };
  const auto no_key = [](const Unit& next) { return next.kind != UnitKind::key; };
  const auto numbers = [](const std::vector<MediaQueue::Numbered>& batch) {
    std::vector<std::uint64_t> result;
    for (const auto& unit : batch) result.push_back(unit.number);
    return result;
  };
  EXPECT_EQ(numbers(queue.next_batch(150, any)), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(numbers(queue.next_batch(1000, no_key)), (std::vector<std::uint64_t>{2}));
  EXPECT_TRUE(queue.next_batch(1000, no_key).empty());
  EXPECT_EQ(numbers(queue.next_batch(1, any)), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(numbers(queue.next_batch(1, any)), (std::vector<std::uint64_t>{4}));
  EXPECT_TRUE(queue.next_batch(1, any).empty());
}

TEST_F(MediaQueueTest, ForgetsTheTimeOfWhatIsGone) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10, seconds(1))));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10, seconds(3))));
  EXPECT_EQ(queue.level().time, seconds(2));
  drain(queue);
  queue.acknowledge(2);
  ASSERT_TRUE(queue.push(make_unit(Bytes(10), UnitKind::other)));
  EXPECT_EQ(queue.level().time, seconds(0));
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10, seconds(9))));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10, seconds(10))));
  EXPECT_EQ(queue.level().time, seconds(1));
}

TEST_F(MediaQueueTest, HoldsWhatWasSentUntilItIsAcknowledged) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  drain(queue);
  EXPECT_EQ(queue.level().bytes, 400u);
  EXPECT_EQ(queue.level().unsent_bytes, 0u);
  queue.acknowledge(3);
  EXPECT_EQ(queue.level().bytes, 100u);
  ASSERT_TRUE(queue.rewind(3));
  EXPECT_EQ(queue.next()->number, 3u);
  EXPECT_EQ(queue.rewind(2).error(), make_error_code(Errc::gap));
  EXPECT_EQ(queue.rewind(5).error(), make_error_code(Errc::gap));
}

TEST_F(MediaQueueTest, DropsTheOldestWholeGopWhenLeakyDownstream) {
  MediaQueue queue(bounds(500, Leaky::downstream), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 10)));
  for (const UnitKind kind : {UnitKind::key, UnitKind::delta, UnitKind::audio, UnitKind::key, UnitKind::delta})
    ASSERT_TRUE(queue.push(unit(kind, 90)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 90)));
  EXPECT_EQ(drain(queue), "Ckdd") << "the first GOP is gone, the configuration stays";
  EXPECT_EQ(queue.level().dropped_units, 3u);
  EXPECT_EQ(queue.level().dropped_bytes, 270u);
  EXPECT_TRUE(queue.take_key_request());
  EXPECT_FALSE(queue.take_key_request());
}

TEST_F(MediaQueueTest, WaitsForTheNextKeyFrameAfterTheOnlyGopWasDropped) {
  MediaQueue queue(bounds(200, Leaky::downstream), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  EXPECT_EQ(queue.push(unit(UnitKind::delta, 100)).error(), make_error_code(Errc::queue_full));
  EXPECT_EQ(queue.push(unit(UnitKind::delta, 100)).error(), make_error_code(Errc::queue_full));
  ASSERT_TRUE(queue.push(unit(UnitKind::audio, 10)));
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  EXPECT_EQ(drain(queue), "ak");
  EXPECT_EQ(queue.level().dropped_units, 4u);
}

TEST_F(MediaQueueTest, DropsDisposableFramesBeforeWholeGops) {
  MediaQueue queue(bounds(300, Leaky::downstream), count_wakes);
  auto disposable = std::make_shared<Unit>(*unit(UnitKind::delta, 100));
  disposable->disposable = true;
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  ASSERT_TRUE(queue.push(disposable));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  EXPECT_EQ(drain(queue), "kdd");
  EXPECT_EQ(queue.level().dropped_units, 1u);
}

TEST_F(MediaQueueTest, DropsTheNewestWhenLeakyUpstream) {
  MediaQueue queue(bounds(250, Leaky::upstream), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  EXPECT_FALSE(queue.push(unit(UnitKind::delta, 100)));
  EXPECT_FALSE(queue.push(unit(UnitKind::delta, 10))) << "it hangs on the one dropped";
  EXPECT_EQ(drain(queue), "kd");
  EXPECT_TRUE(queue.take_key_request());
}

TEST_F(MediaQueueTest, BoundsTheMediaTimeThatWaits) {
  MediaQueue queue(bounds(1 << 20, Leaky::downstream, seconds(2)), count_wakes);
  for (int i = 0; i < 100; ++i) {
    const UnitKind kind = i % 10 == 0 ? UnitKind::key : UnitKind::delta;
    queue.push(unit(kind, 10, milliseconds(100) * i)).has_value();
    EXPECT_LE(queue.level().time, seconds(2));
  }
  EXPECT_EQ(queue.peek()->kind, UnitKind::key);
}

TEST_F(MediaQueueTest, KeepsTheHeadHoweverLongNothingCanBeSent) {
  MediaQueue queue(bounds(1 << 20, Leaky::downstream, seconds(2)), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 10)));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(queue.push(unit(UnitKind::key, 10, seconds(i))));
  EXPECT_EQ(drain(queue), "Ckkk");
}

TEST_F(MediaQueueTest, GivesUpSentUnitsBeforeUnsentOnesAndCountsThemWhenNeeded) {
  MediaQueue queue(bounds(300, Leaky::downstream), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  drain(queue);
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  EXPECT_EQ(queue.level().dropped_units, 0u);
  EXPECT_FALSE(queue.rewind(0)) << "the first one is no longer held";
  queue.restart();
  EXPECT_EQ(queue.level().lost_units, 4u) << "without a key frame nothing held can begin a stream";
  EXPECT_EQ(queue.level().lost_bytes, 400u);
}

TEST_F(MediaQueueTest, DoesNotCountAsLostWhatWasAcknowledgedAfterItWasGivenUp) {
  MediaQueue queue(bounds(300, Leaky::downstream), count_wakes);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  drain(queue);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 200)));
  queue.acknowledge(2);
  EXPECT_TRUE(queue.rewind(2));
  queue.restart();
  EXPECT_EQ(queue.level().lost_units, 0u);
}

TEST_F(MediaQueueTest, NeverMakesAHoleAmongNumberedUnits) {
  MediaQueue queue(bounds(400, Leaky::downstream), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  drain(queue);
  ASSERT_TRUE(queue.rewind(0));
  for (int i = 0; i < 20; ++i) queue.push(unit(i % 2 ? UnitKind::delta : UnitKind::key, 100)).has_value();
  std::uint64_t expected = queue.next_number();
  while (const auto next = queue.next()) EXPECT_EQ(next->number, expected++);
}

TEST_F(MediaQueueTest, RestartsAtTheFirstKeyFrameWithTheHeadInForce) {
  MediaQueue queue(bounds(10000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::script, 1, milliseconds(0), 18)));
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 2, milliseconds(0), 9)));
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 3, milliseconds(0), 8)));
  for (const UnitKind kind : {UnitKind::key, UnitKind::delta, UnitKind::delta}) ASSERT_TRUE(queue.push(unit(kind, 10)));
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 4, milliseconds(0), 9)));
  for (const UnitKind kind : {UnitKind::key, UnitKind::delta}) ASSERT_TRUE(queue.push(unit(kind, 10)));
  drain(queue);
  queue.acknowledge(4);
  queue.restart();
  std::vector<std::size_t> sizes;
  std::uint64_t number = 0;
  while (const auto next = queue.next()) {
    EXPECT_EQ(next->number, number++);
    sizes.push_back(next->unit->bytes.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 4, 3, 10, 10}))
      << "metadata, newer video and audio configuration, key, delta";
  EXPECT_EQ(queue.level().lost_units, 2u) << "the deltas before the key frame";
}

TEST_F(MediaQueueTest, TellsTheHeadInForceBeforeANumber) {
  MediaQueue queue(bounds(10000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::script, 1, milliseconds(0), 18)));
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 2, milliseconds(0), 9)));
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10)));
  ASSERT_TRUE(queue.push(unit(UnitKind::config, 3, milliseconds(0), 9)));
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10)));
  drain(queue);
  queue.acknowledge(2);
  EXPECT_EQ(queue.head_before(3).at(1)->bytes.size(), 2u);
  EXPECT_EQ(queue.head_before(4).at(1)->bytes.size(), 3u);
}

TEST_F(MediaQueueTest, BlocksAProducerUntilThereIsRoom) {
  MediaQueue queue(bounds(100, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  auto blocked = std::async(std::launch::async, [&] { return queue.push(unit(UnitKind::delta, 50)); });
  EXPECT_EQ(queue.next()->number, 0u);
  queue.acknowledge(1);
  EXPECT_TRUE(blocked.get());
  EXPECT_EQ(queue.next()->number, 1u);
}

TEST_F(MediaQueueTest, GivesAWaitingProducerAnyRoomOnceAllIsSent) {
  MediaQueue queue(bounds(100, Leaky::no), count_wakes);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  auto blocked = std::async(std::launch::async, [&] { return queue.push(unit(UnitKind::delta, 10)); });
  EXPECT_EQ(drain(queue).size(), 10u);
  queue.acknowledge(1);  // a tenth of the queue
  ASSERT_EQ(blocked.wait_for(seconds(30)), std::future_status::ready);
  EXPECT_TRUE(blocked.get());
}

TEST_F(MediaQueueTest, UnlockEndsAWaitAndCloseEndsItForGood) {
  MediaQueue queue(bounds(100, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  auto blocked = std::async(std::launch::async, [&] { return queue.push(unit(UnitKind::delta, 50)); });
  queue.unlock(true);
  EXPECT_EQ(blocked.get().error(), make_error_code(Errc::cancelled));
  queue.unlock(false);
  auto again = std::async(std::launch::async, [&] { return queue.push(unit(UnitKind::delta, 50)); });
  queue.close();
  EXPECT_EQ(again.get().error(), make_error_code(Errc::closed));
}

TEST_F(MediaQueueTest, TakesAUnitLargerThanTheBoundWhenItIsEmpty) {
  MediaQueue queue(bounds(100, Leaky::downstream), count_wakes);
  EXPECT_TRUE(queue.push(unit(UnitKind::key, 5000)));
}

TEST_F(MediaQueueTest, KeepsSentUnitsForAWhileWhereNothingIsAcknowledged) {
  MediaQueue queue(bounds(300, Leaky::no), count_wakes);
  queue.expect_no_acknowledgement(seconds(60));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(queue.push(unit(UnitKind::key, 100))) << "room is made from what was sent";
    ASSERT_TRUE(queue.next());
  }
  EXPECT_EQ(queue.level().bytes, 300u);
  queue.expect_no_acknowledgement(seconds(-1));
  EXPECT_EQ(queue.level().bytes, 0u) << "older than its time";
}

TEST_F(MediaQueueTest, CountsAgainstTheBudgetOfTheProcess) {
  const std::size_t before = MemoryBudget::process().used();
  {
    MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
    ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
    EXPECT_EQ(MemoryBudget::process().used(), before + 100);
  }
  EXPECT_EQ(MemoryBudget::process().used(), before);
}

TEST_F(MediaQueueTest, FlushDropsOnlyWhatWasNotSent) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 100)));
  drain(queue);
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 100)));
  queue.clear();
  EXPECT_EQ(queue.level().bytes, 100u);
  EXPECT_FALSE(queue.push(unit(UnitKind::delta, 10))) << "its reference is gone";
  EXPECT_TRUE(queue.push(unit(UnitKind::key, 10)));
}

TEST_F(MediaQueueTest, HandsTheSameUnitsToStorageUnderTheSameNumbers) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  const auto any = [](const Unit&) { return true; };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_TRUE(queue.store_batch(1000, any).empty()) << "no tap yet";
  queue.next();
  queue.next();
  queue.acknowledge(1);
  queue.tap();
  const auto stored = queue.store_batch(1000, any);
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].number, 1u);
  EXPECT_EQ(queue.next()->number, 2u);
  EXPECT_TRUE(queue.all_stored());
  wakes = 0;
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_EQ(wakes, 1);
  queue.next();
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_EQ(queue.store_batch(1000, any).size(), 2u);
  queue.acknowledge(5);
  EXPECT_TRUE(queue.empty());
  // A unit that storage has a number for is not dropped as one that has none.
  EXPECT_EQ(queue.next_number(), 5u);
}

TEST_F(MediaQueueTest, HoldsBackWhatIsNotYetStored) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  queue.send_below(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_EQ(queue.next()->number, 0u);
  EXPECT_FALSE(queue.next());
  EXPECT_TRUE(queue.all_sent());
  EXPECT_FALSE(queue.all_handed_out());
  queue.send_below(2);
  EXPECT_EQ(queue.next()->number, 1u);
  EXPECT_FALSE(queue.peek());
  queue.send_below(MediaQueue::kSendAll);
  EXPECT_EQ(queue.next()->number, 2u);
  EXPECT_TRUE(queue.all_handed_out());
}

TEST_F(MediaQueueTest, SaysWhenHalfOfABoundIsUsed) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 400)));
  EXPECT_FALSE(queue.pressed());
  wakes = 0;
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 200)));
  EXPECT_TRUE(queue.pressed());
  EXPECT_EQ(wakes, 1);
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 200)));
  EXPECT_EQ(wakes, 1);
}

TEST_F(MediaQueueTest, GivesTheTimeOfTheFirstPictureRatherThanThatOfOldMetadata) {
  const UtcTime noon{std::chrono::hours(12)};
  const auto captured = [](SharedUnit plain, UtcTime time) {
    auto made = std::make_shared<Unit>(*plain);
    made->captured = time;
    return made;
  };
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  EXPECT_FALSE(queue.captured_from(0));
  ASSERT_TRUE(queue.push(captured(unit(UnitKind::script, 10, milliseconds(0)), noon - std::chrono::hours(3))));
  EXPECT_EQ(queue.captured_from(0), noon - std::chrono::hours(3));
  ASSERT_TRUE(queue.push(captured(unit(UnitKind::key, 10, seconds(60)), noon)));
  EXPECT_EQ(queue.captured_from(0), noon);
  MediaQueue near(bounds(1000, Leaky::no), count_wakes);
  ASSERT_TRUE(near.push(captured(unit(UnitKind::script, 10, milliseconds(0)), noon - std::chrono::hours(3))));
  ASSERT_TRUE(near.push(captured(unit(UnitKind::key, 10, milliseconds(40)), noon)));
  EXPECT_EQ(near.captured_from(0), noon - milliseconds(40));
}

TEST_F(MediaQueueTest, WaitsUntilStorageHasWrittenWhatWasPushed) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  const auto any = [](const Unit&) { return true; };
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10)));
  EXPECT_TRUE(queue.await_written(milliseconds(0))) << "nobody asks for it";
  queue.tap();
  queue.write_ahead(true);
  const auto waiting = [&] { return std::async(std::launch::async, [&] { return queue.await_written(seconds(60)); }); };
  auto waits = waiting();
  ASSERT_EQ(queue.store_batch(1, any).size(), 1u);
  queue.written(queue.numbering() + 1, 1);
  queue.written(queue.numbering(), 0);
  EXPECT_EQ(waits.wait_for(milliseconds(20)), std::future_status::timeout);
  queue.written(queue.numbering(), 1);
  EXPECT_TRUE(waits.get());
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  for (const auto& end : std::vector<std::function<void()>>{[&] { queue.unlock(true); }, [&] { queue.close(); },
                                                            [&] { queue.write_ahead(false); }}) {
    queue.unlock(false);
    waits = waiting();
    end();
    EXPECT_TRUE(waits.get());
  }
}

TEST_F(MediaQueueTest, DoesNotWaitForStorageTwiceBeforeThatHasCaughtUp) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  const auto any = [](const Unit&) { return true; };
  queue.tap();
  queue.write_ahead(true);
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 10)));
  EXPECT_FALSE(queue.await_written(milliseconds(1)));
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_TRUE(queue.await_written(seconds(60)));
  ASSERT_EQ(queue.store_batch(100, any).size(), 2u);
  queue.written(queue.numbering(), 1);
  EXPECT_TRUE(queue.await_written(seconds(60))) << "not all of it";
  queue.written(queue.numbering(), 2);
  ASSERT_TRUE(queue.push(unit(UnitKind::delta, 10)));
  EXPECT_FALSE(queue.await_written(milliseconds(1))) << "it is waited for again";
}

TEST_F(MediaQueueTest, RepeatsTheHeadAsItIsTold) {
  MediaQueue queue(bounds(1000, Leaky::no), count_wakes);
  ASSERT_TRUE(queue.push(unit(UnitKind::script, 10)));
  ASSERT_TRUE(queue.push(unit(UnitKind::key, 20)));
  queue.next();
  queue.acknowledge(1);
  queue.restart([](const SharedUnit&, const Unit& before) { return unit(UnitKind::script, before.bytes.size()); });
  const auto head = queue.next();
  EXPECT_EQ(head->unit->bytes.size(), 20u);
  EXPECT_TRUE(head->repeated);
}

}  // namespace
}  // namespace camspan
