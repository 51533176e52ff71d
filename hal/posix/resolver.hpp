#pragma once

#include <camspan/hal.h>

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace camspan::posix {

/// Behind hal_resolve(): runs hal()->resolve on at most two threads that end when nothing is left to look up, lets
/// requests for one name share a lookup, and keeps answers for 30 s. Any thread; never calls out under its lock.
class Resolver {
 public:
  struct Waiter {
    hal_resolved done;
    void* user;
  };

  /// The only one. Never destroyed: its threads are detached and may outlive static destruction.
  static Resolver& instance();

  /// Calls `waiter` exactly once, unless it throws (std::bad_alloc), and then not at all.
  void ask(std::string host, uint16_t port, Waiter waiter);

 private:
  using Key = std::pair<std::string, uint16_t>;
  struct Request {
    Key key;
    std::vector<Waiter> waiters;
    bool running = false;
  };
  struct Answer {
    std::vector<hal_address> addresses;
    int64_t expires_ns;
  };

  void start_thread();
  void run() noexcept;
  void answer(std::list<Request>::iterator request) noexcept;
  void keep(const Key& key, std::span<const hal_address> addresses, int64_t now_ns);
  static void call(std::span<const Waiter> waiters, int status, std::span<const hal_address> addresses) noexcept;

  std::mutex mutex_;
  std::list<Request> requests_;  // oldest first, those being looked up included
  std::map<Key, Answer> answers_;
  int threads_ = 0;
};

}  // namespace camspan::posix
