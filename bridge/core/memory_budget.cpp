#include "core/memory_budget.hpp"

namespace camspan {

MemoryBudget& MemoryBudget::process() noexcept {
  static MemoryBudget budget;
  return budget;
}

void MemoryBudget::restrict_to(std::uint64_t bytes) noexcept {
  const std::size_t wanted = memory_bound(bytes);
  std::size_t current = limit_.load(std::memory_order_relaxed);
  while (wanted != 0 && (current == 0 || wanted < current) &&
         !limit_.compare_exchange_weak(current, wanted, std::memory_order_relaxed)) {
  }
}

bool MemoryBudget::has_room(std::size_t bytes) const noexcept {
  const std::size_t limit = limit_.load(std::memory_order_relaxed);
  return limit == 0 || (bytes <= limit && used() <= limit - bytes);
}

}  // namespace camspan
