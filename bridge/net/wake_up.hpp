/// A coroutine waits for it, anything on the same I/O thread sets it off.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace camspan::net {

/// Sticky: a notify() before the wait is not lost. One waiter at a time; one I/O thread. Virtual time is not needed
/// here: what is waited for comes from outside, the deadline only bounds the wait.
class WakeUp {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit WakeUp(const asio::any_io_executor& executor) : timer_(executor) {}

  void notify() {
    set_ = true;
    timer_.cancel();
  }

  /// @return true if notified, false at the deadline.
  asio::awaitable<bool> wait_until(TimePoint deadline) {
    if (!set_) {
      timer_.expires_at(deadline);
      asio::error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    const bool result = set_;
    set_ = false;
    co_return result;
  }

  asio::awaitable<void> wait() { co_await wait_until(TimePoint::max()); }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace camspan::net
