/// Work on another thread (storage, reading) that a coroutine of the I/O thread waits for.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "net/wake_up.hpp"
#include "recordings/recorder.hpp"

namespace camspan::hub {

/// What a call gives back: its value, or the exception it ended with.
template <class Value>
struct CallResult {
  explicit CallResult(const asio::any_io_executor& executor) : done(executor) {}

  std::optional<Value> value;
  std::exception_ptr thrown;
  net::WakeUp done;
};

/// Runs `task` by `start`, which hands a std::function<void()> to the other thread, and gives what `task` returns. If
/// the coroutine is destroyed meanwhile, the task still runs; so it owns what it uses.
template <class Task>
asio::awaitable<std::invoke_result_t<Task>> run_elsewhere(std::function<void(std::function<void()>)> start, Task task) {
  using Value = std::invoke_result_t<Task>;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto result = std::make_shared<CallResult<Value>>(executor);
  start([executor, held = result, task]() mutable {
    // The last reference goes on the I/O thread, where the timer in it belongs.
    auto shared = std::exchange(held, nullptr);
    try {
      shared->value.emplace(task());
    } catch (...) {
      shared->thrown = std::current_exception();
    }
    asio::post(executor, [shared = std::move(shared)] { shared->done.notify(); });
  });
  co_await result->done.wait();
  if (result->thrown) std::rethrow_exception(result->thrown);
  co_return std::move(*result->value);
}

/// Runs `task` on the storage thread.
template <class Task>
asio::awaitable<std::invoke_result_t<Task>> on_storage(recordings::Recorder& recorder, Task task) {
  const auto start = [&recorder](std::function<void()> work) { recorder.run(std::move(work)); };
  co_return co_await run_elsewhere<Task>(start, std::move(task));
}

}  // namespace camspan::hub
