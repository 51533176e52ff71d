/// Runs coroutines of `net` from a test's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <stdexcept>

#include "net/io_thread.hpp"

namespace camspan::test {

/// No test waits longer for anything; it fails then.
inline constexpr std::chrono::seconds kPatience{20};

/// Runs `work` on the I/O thread and gives its result. Throws what it throws, and when it takes longer than kPatience.
template <class T>
T io_run(net::IoThread& thread, asio::awaitable<T> work) {
  auto result = asio::co_spawn(thread.executor(), std::move(work), asio::use_future);
  if (result.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("the coroutine does not end");
  return result.get();
}

}  // namespace camspan::test
