#include "net/p2p/p2p_thread.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace camspan::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(P2pThreadTest, RunsTasksInOrderOnItsOwnThread) {
  std::vector<int> order;
  P2pThread thread;
  for (int i = 0; i < 100; ++i) thread.post([&order, i] { order.push_back(i); });
  bool here = false;
  thread.run([&] { here = thread.here(); });
  EXPECT_TRUE(here);
  EXPECT_FALSE(thread.here());
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(P2pThreadTest, GivesTheCallerWhatATaskThrows) {
  P2pThread thread;
  EXPECT_THROW(thread.run([] { throw std::runtime_error("no"); }), std::runtime_error);
  thread.post([] { throw std::runtime_error("logged"); });
  bool ran = false;
  thread.run([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(P2pThreadTest, DestroysTasksThatDidNotRun) {
  auto owned = std::make_shared<int>(1);
  {
    std::promise<void> begun;
    std::promise<void> go_on;
    P2pThread thread;  // ends before what its tasks use
    thread.post([&] {
      begun.set_value();
      go_on.get_future().wait();
    });
    begun.get_future().wait();
    thread.post([owned] {});
    auto released = std::async(std::launch::async, [&] { go_on.set_value(); });
    released.wait();
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(P2pThreadTest, RunsTimersInTheOrderOfTheirTimes) {
  std::vector<int> order;
  std::promise<void> last;
  P2pThread thread;
  std::unique_ptr<P2pThread::Timer> first;
  std::unique_ptr<P2pThread::Timer> second;
  std::unique_ptr<P2pThread::Timer> cancelled;
  const auto begin = steady_clock::now();
  thread.run([&] {
    second = std::make_unique<P2pThread::Timer>(thread, [&] {
      order.push_back(2);
      last.set_value();
    });
    first = std::make_unique<P2pThread::Timer>(thread, [&] { order.push_back(1); });
    cancelled = std::make_unique<P2pThread::Timer>(thread, [&] { order.push_back(3); });
    second->set(begin + milliseconds(30));
    first->set(begin + milliseconds(20));
    cancelled->set(begin + milliseconds(10));
    cancelled->cancel();
  });
  last.get_future().wait();
  EXPECT_GE(steady_clock::now() - begin, milliseconds(30));
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
  thread.run([&] { first.reset(), second.reset(), cancelled.reset(); });
}

TEST(P2pThreadTest, LetsATimerSetItselfAnewAndDestroyItself) {
  std::unique_ptr<P2pThread::Timer> timer;
  unsigned times = 0;
  std::promise<void> gone;
  P2pThread thread;
  thread.run([&] {
    timer = std::make_unique<P2pThread::Timer>(thread, [&] {
      if (++times < 3) return timer->set_after(milliseconds(1));
      timer.reset();
      gone.set_value();
    });
    timer->set_after(milliseconds(0));
  });
  gone.get_future().wait();
  EXPECT_EQ(times, 3U);
}

TEST(P2pThreadTest, EndsWithMemoryToBeGivenBackYet) {
  P2pThread thread;
  thread.run([&] {
    thread.trim_memory_soon();
    thread.trim_memory_soon();
  });
}

TEST(P2pThreadTest, IsSharedWhileAnybodyUsesIt) {
  auto first = P2pThread::shared();
  EXPECT_EQ(first, P2pThread::shared());
  std::weak_ptr<P2pThread> watched = first;
  first.reset();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace camspan::net
