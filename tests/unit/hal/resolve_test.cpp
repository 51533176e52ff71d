#include "../../../hal/posix/posix.hpp"

#include <camspan/hal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

/// A name server whose answers wait until the test opens the gate. A table entry is a plain function: hence static.
struct FakeNames {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = true;
  int calls = 0;
  int running = 0;
  int most_running = 0;
  int status = 0;

  static FakeNames*& current() {
    static FakeNames* names = nullptr;
    return names;
  }

  static int resolve(const char*, uint16_t port, hal_address* out, size_t, size_t* count) {
    FakeNames& self = *current();
    std::unique_lock lock(self.mutex);
    ++self.calls;
    ++self.running;
    self.most_running = std::max(self.most_running, self.running);
    self.changed.notify_all();
    self.changed.wait(lock, [&] { return self.open; });
    --self.running;
    *count = self.status == 0 ? 1 : 0;
    return self.status != 0 ? self.status : hal_address_parse("192.0.2.7", port, out);
  }

  void wait_for_running(int wanted) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == wanted; });
  }
  void set_open(bool value) {
    const std::lock_guard lock(mutex);
    open = value;
    changed.notify_all();
  }
  int calls_so_far() {
    const std::lock_guard lock(mutex);
    return calls;
  }
};

struct Answer {
  int status;
  std::vector<std::string> addresses;
  std::thread::id thread;
};

/// Asks, and gives what will be answered.
std::future<Answer> ask(const std::string& host, uint16_t port = 443) {
  auto promise = std::make_unique<std::promise<Answer>>();
  auto future = promise->get_future();
  const auto done = [](void* user, int status, const hal_address* addresses, size_t count) {
    const std::unique_ptr<std::promise<Answer>> to(static_cast<std::promise<Answer>*>(user));
    Answer answer{status, {}, std::this_thread::get_id()};
    for (size_t i = 0; i < count; ++i) answer.addresses.emplace_back(addresses[i].text);
    to->set_value(answer);
  };
  hal_resolve(host.c_str(), port, done, promise.release());
  return future;
}

bool is_ready(const std::future<Answer>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

std::atomic<int64_t> clock_ns{1'000'000'000};

class HalResolveTest : public testing::Test {
 protected:
  void SetUp() override {
    clock_ns += 60'000'000'000;  // answers outlive a test, but not a minute: the program may be repeating its tests
    FakeNames::current() = &names_;
    hal_ops board = *hal_default();
    board.resolve = FakeNames::resolve;
    board.monotonic_ns = [] { return clock_ns.load(); };
    hal_register(&board);
  }
  void TearDown() override { hal_register(nullptr); }

  /// Answers are kept for the whole program, so each test has names of its own.
  static std::string name(const std::string& host) {
    return host + "." + testing::UnitTest::GetInstance()->current_test_info()->name() + ".test";
  }

  FakeNames names_;
};

TEST_F(HalResolveTest, AnswersNumericAddressesAtOnceOnTheCallingThread) {
  for (const auto& [host, text] : {std::pair("127.0.0.1", "127.0.0.1:443"), std::pair("::1", "[::1]:443"),
                                   std::pair("[2001:db8::1]", "[2001:db8::1]:443")}) {
    auto future = ask(host);
    ASSERT_TRUE(is_ready(future));
    const Answer answer = future.get();
    EXPECT_EQ(answer.status, 0);
    EXPECT_THAT(answer.addresses, testing::ElementsAre(text));
    EXPECT_EQ(answer.thread, std::this_thread::get_id());
  }
  EXPECT_EQ(names_.calls_so_far(), 0);
}

TEST_F(HalResolveTest, RefusesAnUnknownZoneAndAnEmptyNameAtOnce) {
  EXPECT_EQ(ask("fe80::1%nosuch0").get().status, ENODEV);
  EXPECT_EQ(ask("").get().status, EINVAL);
  EXPECT_EQ(names_.calls_so_far(), 0);
}

TEST_F(HalResolveTest, LooksNamesUpOnAThreadOfItsOwn) {
  const Answer answer = ask(name("hub"), 8443).get();
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.addresses, testing::ElementsAre("192.0.2.7:8443"));
  EXPECT_NE(answer.thread, std::this_thread::get_id());
}

TEST_F(HalResolveTest, KeepsAnAnswerFor30Seconds) {
  ask(name("hub")).get();
  clock_ns += 29'999'999'999;
  auto kept = ask(name("hub"));
  ASSERT_TRUE(is_ready(kept));
  EXPECT_THAT(kept.get().addresses, testing::ElementsAre("192.0.2.7:443"));
  EXPECT_EQ(names_.calls_so_far(), 1);

  clock_ns += 1;
  ask(name("hub")).get();
  EXPECT_EQ(names_.calls_so_far(), 2);
}

TEST_F(HalResolveTest, KeepsAnswersPerPort) {
  ask(name("hub"), 1).get();
  EXPECT_THAT(ask(name("hub"), 2).get().addresses, testing::ElementsAre("192.0.2.7:2"));
}

TEST_F(HalResolveTest, ReportsAFailureAndAsksAgain) {
  names_.status = EAGAIN;
  EXPECT_EQ(ask(name("hub")).get().status, EAGAIN);
  names_.status = 0;
  EXPECT_EQ(ask(name("hub")).get().status, 0);
}

TEST_F(HalResolveTest, SharesOneLookupAmongThoseWhoAskForOneName) {
  names_.set_open(false);
  auto first = ask(name("hub"));
  names_.wait_for_running(1);
  auto second = ask(name("hub"));
  EXPECT_FALSE(is_ready(second));
  names_.set_open(true);
  EXPECT_EQ(first.get().status, 0);
  EXPECT_EQ(second.get().status, 0);
  EXPECT_EQ(names_.calls_so_far(), 1);
}

TEST_F(HalResolveTest, RunsTwoLookupsAtATimeAndQueuesTheRest) {
  names_.set_open(false);
  std::vector<std::future<Answer>> answers;
  for (const char* host : {"a", "b", "c", "d", "e"}) answers.push_back(ask(name(host)));
  names_.wait_for_running(2);
  names_.set_open(true);
  for (auto& answer : answers) EXPECT_EQ(answer.get().status, 0);
  EXPECT_EQ(names_.calls_so_far(), 5);
  EXPECT_EQ(names_.most_running, 2);
}

TEST_F(HalResolveTest, MayBeCalledFromACallback) {
  std::promise<int> status;
  const std::string host = name("hub");
  struct Context {
    const std::string& host;
    std::promise<int>& status;
  } context{host, status};
  const auto inner = [](void* user, int result, const hal_address*, size_t) {
    static_cast<Context*>(user)->status.set_value(result);
  };
  static hal_resolved inner_call;
  inner_call = inner;
  const auto outer = [](void* user, int, const hal_address*, size_t) {
    hal_resolve(static_cast<Context*>(user)->host.c_str(), 443, inner_call, user);
  };
  hal_resolve(host.c_str(), 443, outer, &context);
  EXPECT_EQ(status.get_future().get(), 0);
  EXPECT_EQ(names_.calls_so_far(), 1);
}

TEST_F(HalResolveTest, SurvivesManyNames) {
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 200; ++i) answers.push_back(ask(name(std::to_string(i))));
  for (auto& answer : answers) EXPECT_EQ(answer.get().status, 0);
}

TEST(PosixResolveTest, FindsLocalhost) {
  std::array<hal_address, 8> found;
  size_t count = 0;
  ASSERT_EQ(hal_default()->resolve("localhost", 8443, found.data(), found.size(), &count), 0);
  ASSERT_GE(count, 1u);
  for (size_t i = 0; i < count; ++i)
    EXPECT_THAT(found[i].text, testing::AnyOf(testing::StartsWith("127."), testing::StrEq("[::1]:8443")));
}

TEST(PosixResolveTest, StaysWithinTheCapacity) {
  hal_address one;
  size_t count = 9;
  EXPECT_EQ(hal_default()->resolve("localhost", 1, &one, 1, &count), 0);
  EXPECT_EQ(count, 1u);
}

TEST(PosixResolveTest, MapsTheLibrarysErrors) {
  using camspan::posix::resolve_status;
  EXPECT_EQ(resolve_status(0), 0);
  EXPECT_EQ(resolve_status(EAI_NONAME), ENOENT);
  EXPECT_EQ(resolve_status(EAI_AGAIN), EAGAIN);
  EXPECT_EQ(resolve_status(EAI_MEMORY), ENOMEM);
  EXPECT_EQ(resolve_status(EAI_FAIL), EIO);
}

}  // namespace
