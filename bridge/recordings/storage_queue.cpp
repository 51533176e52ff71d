#include "recordings/storage_queue.hpp"

#include <algorithm>
#include <utility>

namespace camspan::recordings {
namespace {

StorageQueue::Waiting both(const StorageQueue::Waiting& held, const StorageQueue::Waiting& queued) {
  return {held.since ? held.since : queued.since, held.bytes + queued.bytes, held.stream_full || queued.stream_full};
}

}  // namespace

bool StorageQueue::push(Tag tag) {
  const std::size_t size = tag.unit->bytes.size();
  {
    const std::lock_guard lock(mutex_);
    if (batch_.closed) return false;
    const std::size_t pending = tag.link->pending_bytes.fetch_add(size, std::memory_order_relaxed) + size;
    batch_.items.emplace_back(std::move(tag));
    const bool first = !batch_.tags.since;
    if (first) batch_.tags.since = std::chrono::steady_clock::now();
    batch_.tags.bytes += size;
    const bool was_due = batch_.tags.stream_full;
    batch_.tags.stream_full = was_due || pending >= stream_bytes_;
    // In between the thread sleeps until the first one is due.
    if (!eager_ && !first && batch_.tags.bytes < bytes_ && batch_.tags.stream_full == was_due) return true;
  }
  wake_.notify_one();
  return true;
}

bool StorageQueue::push(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (batch_.closed) return false;
    batch_.items.emplace_back(std::move(task));
    has_task_ = true;
  }
  wake_.notify_one();
  return true;
}

StorageQueue::Batch StorageQueue::take(const Waiting& held) {
  std::unique_lock lock(mutex_);
  while (!has_task_ && !batch_.closed && !(eager_ && !batch_.items.empty())) {
    const Waiting waiting = both(held, batch_.tags);
    if (due(waiting)) break;
    if (waiting.since) {
      wake_.wait_until(lock, *waiting.since + interval_);
    } else {
      wake_.wait(lock);
    }
  }
  has_task_ = false;
  return std::exchange(batch_, {.items = {}, .tags = {}, .closed = batch_.closed});
}

bool StorageQueue::due(const Waiting& waiting) const {
  if (!waiting.since) return false;
  return waiting.stream_full || waiting.bytes >= bytes_ ||
         std::chrono::steady_clock::now() >= *waiting.since + interval_;
}

void StorageQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    batch_.closed = true;
  }
  wake_.notify_one();
}

}  // namespace camspan::recordings
