#include "net/io_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <thread>

#include "support/io_run.hpp"

namespace camspan::net {
namespace {

TEST(IoThreadTest, RunsTasksOnItsOwnThreadInOrder) {
  IoThread thread;
  std::vector<int> order;
  std::thread::id where;
  thread.post([&] { order.push_back(1); });
  thread.post([&] { order.push_back(2); });
  thread.run([&] {
    order.push_back(3);
    where = std::this_thread::get_id();
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(IoThreadTest, GivesAnExceptionOfRunToItsCaller) {
  IoThread thread;
  EXPECT_THROW(thread.run([] { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST(IoThreadTest, OutlivesATaskThatThrows) {
  IoThread thread;
  thread.post([] { throw std::runtime_error("lost"); });
  bool ran = false;
  thread.run([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(IoThreadTest, KeepsTheProgramsSignalsAway) {
  IoThread thread;
  sigset_t blocked;
  thread.run([&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
}

struct Note {
  explicit Note(bool& flag) : gone(flag) {}
  ~Note() { gone = true; }
  bool& gone;
};

asio::awaitable<void> wait_for_ever(bool& gone) {
  const Note note(gone);
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(24));
  co_await timer.async_wait(asio::use_awaitable);
}

TEST(IoThreadTest, DestroysCoroutinesThatStillWait) {
  bool gone = false;
  {
    IoThread thread;
    asio::co_spawn(thread.executor(), wait_for_ever(gone), asio::detached);
    thread.run([] {});
  }
  EXPECT_TRUE(gone);
}

TEST(IoThreadTest, IsSharedWhileSomebodyUsesIt) {
  auto first = IoThread::shared();
  auto second = IoThread::shared();
  EXPECT_EQ(first, second);
  const std::weak_ptr<IoThread> watch = first;
  first.reset();
  EXPECT_FALSE(watch.expired());
  second.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_NE(IoThread::shared(), nullptr);
}

}  // namespace
}  // namespace camspan::net
