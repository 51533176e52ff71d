/// One bound for the memory that all queues and send buffers of the process hold together.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace camspan {

/// A bound of memory that a setting gives in `bytes`: more than the address space is no bound.
constexpr std::size_t memory_bound(std::uint64_t bytes) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, SIZE_MAX));
}

/// Any thread. What is taken is given back by its holder. Asking and taking are two steps, so several holders may
/// together go over the limit by one piece each.
class MemoryBudget {
 public:
  /// The process's budget. Its limit is 0 = none until somebody sets one.
  static MemoryBudget& process() noexcept;

  /// Lowers the limit to `bytes` if that is less than the limit in force: the smallest one set counts. 0 is ignored.
  void restrict_to(std::uint64_t bytes) noexcept;

  bool has_room(std::size_t bytes) const noexcept;
  void take(std::size_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> limit_{0};
};

}  // namespace camspan
