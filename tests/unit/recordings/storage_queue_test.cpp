#include "recordings/storage_queue.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support/flv_maker.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class StorageQueueTest : public testing::Test {
 protected:
  StorageQueue::Tag tag(std::size_t size = 50) { return {link_, test::tag_unit(maker_.audio(0, size)), next_++}; }

  test::FlvMaker maker_;
  const std::shared_ptr<RecordingLink> link_ = std::make_shared<RecordingLink>(7);
  std::uint64_t next_ = 0;
};

TEST_F(StorageQueueTest, GivesItemsInTheOrderTheyCame) {
  StorageQueue queue(hours(1), SIZE_MAX, SIZE_MAX);
  int ran = 0;
  EXPECT_TRUE(queue.push(tag()));
  EXPECT_TRUE(queue.push([&ran] { ++ran; }));
  EXPECT_TRUE(queue.push(tag()));
  auto batch = queue.take({});
  ASSERT_EQ(batch.items.size(), 3u);
  EXPECT_EQ(std::get<StorageQueue::Tag>(batch.items[0]).number, 0u);
  std::get<StorageQueue::Task>(batch.items[1])();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(std::get<StorageQueue::Tag>(batch.items[2]).number, 1u);
  EXPECT_EQ(batch.tags.bytes, link_->pending_bytes);
  EXPECT_FALSE(batch.closed);
}

TEST_F(StorageQueueTest, IsDueBySizeTogetherWithWhatIsHeld) {
  StorageQueue queue(hours(1), 200, SIZE_MAX);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(queue.due({}));
  EXPECT_FALSE(queue.due({now, 199}));
  EXPECT_TRUE(queue.due({now, 200}));
  queue.push(tag());
  EXPECT_EQ(queue.take({now, 190}).items.size(), 1u) << "returns without a task";
}

TEST_F(StorageQueueTest, IsDueByWhatWaitsOfOneStream) {
  StorageQueue queue(hours(1), SIZE_MAX, 200);
  const auto other = std::make_shared<RecordingLink>(8);
  queue.push({other, test::tag_unit(maker_.audio(0, 150)), 0});
  queue.push(tag(150));
  queue.push([] {});
  EXPECT_FALSE(queue.take({}).tags.stream_full) << "two streams, each below";
  queue.push(tag(150));
  const auto batch = queue.take({});
  EXPECT_EQ(batch.items.size(), 1u) << "returns without a task: the first was taken and not yet written";
  EXPECT_TRUE(queue.due(batch.tags));
}

TEST_F(StorageQueueTest, IsDueByAge) {
  StorageQueue queue(milliseconds(100), SIZE_MAX, SIZE_MAX);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(queue.due({now + hours(1), 1}));
  EXPECT_TRUE(queue.due({now - milliseconds(100), 1}));
  EXPECT_TRUE(queue.take({now - hours(1), 1}).items.empty()) << "only what is held";
}

TEST_F(StorageQueueTest, WakesForATask) {
  StorageQueue queue(hours(1), SIZE_MAX, SIZE_MAX);
  auto taken = std::async(std::launch::async, [&queue] { return queue.take({}).items.size(); });
  queue.push([] {});
  ASSERT_EQ(taken.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(taken.get(), 1u);
}

TEST_F(StorageQueueTest, WakesForTheFirstTagAndWaitsUntilItIsDue) {
  StorageQueue queue(milliseconds(5), SIZE_MAX, SIZE_MAX);
  auto taken = std::async(std::launch::async, [&queue] { return queue.take({}); });
  queue.push(tag());
  ASSERT_EQ(taken.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  const auto batch = taken.get();
  EXPECT_GE(std::chrono::steady_clock::now(), *batch.tags.since + milliseconds(5));
}

TEST_F(StorageQueueTest, TakesNothingAfterItsEnd) {
  StorageQueue queue(hours(1), SIZE_MAX, SIZE_MAX);
  queue.push(tag());
  queue.close();
  EXPECT_FALSE(queue.push(tag()));
  EXPECT_FALSE(queue.push([] {}));
  const auto batch = queue.take({});
  EXPECT_EQ(batch.items.size(), 1u) << "what came before is still there";
  EXPECT_TRUE(batch.closed);
}

}  // namespace
}  // namespace camspan::recordings
