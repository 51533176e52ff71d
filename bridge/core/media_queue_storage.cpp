/// The part of MediaQueue that hands units to storage, and waits for it.
#include <algorithm>
#include <atomic>

#include "core/media_queue.hpp"

namespace camspan {

void MediaQueue::tap(std::uint64_t from) {
  const std::lock_guard lock(mutex_);
  tap_ = true;
  const std::uint64_t skip = from - std::min(from, first_number_);
  tapped_ = static_cast<std::size_t>(std::min<std::uint64_t>(skip, numbered_));
  written_ = write_from_ = from;
}

void MediaQueue::untap() {
  const std::lock_guard lock(mutex_);
  tap_ = false;
  tapped_ = 0;
}

std::vector<MediaQueue::Numbered> MediaQueue::store_batch(std::size_t bytes,
                                                          const std::function<bool(const Unit&)>& wanted) {
  std::vector<Numbered> batch;
  const std::lock_guard lock(mutex_);
  for (std::size_t size = 0; tap_ && size < bytes && tapped_ < entries_.size(); ++tapped_) {
    const Entry& entry = entries_[tapped_];
    if (!wanted(*entry.unit)) break;
    batch.push_back({entry.unit, first_number_ + tapped_, entry.repeated});
    size += entry.unit->bytes.size();
  }
  numbered_ = std::max(numbered_, tapped_);
  return batch;
}

bool MediaQueue::await_written(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const auto over = [this] { return !write_ahead_ || unlocked_ || closed_ || all_written(); };
  if (write_late_ || over()) return true;
  awaiting_ = true;
  write_late_ = !written_came_.wait_for(lock, limit, over);
  awaiting_ = false;
  return !write_late_;
}

void MediaQueue::write_ahead(bool on) {
  {
    const std::lock_guard lock(mutex_);
    write_ahead_ = on;
  }
  if (!on) written_came_.notify_all();
}

void MediaQueue::count_in(std::uint64_t* cell) {
  const std::lock_guard lock(mutex_);
  count_ = cell;
  note_count();
}

void MediaQueue::note_count() const {
  if (count_) std::atomic_ref(*count_).store(first_number_ + entries_.size(), std::memory_order_release);
}

std::uint64_t MediaQueue::numbering() const {
  const std::lock_guard lock(mutex_);
  return numbering_;
}

/// What comes before the first audio and video waits for that.
bool MediaQueue::all_written() const {
  if (written_ >= first_number_ + entries_.size()) return true;
  if (written_ != write_from_) return false;
  const std::uint64_t skip = written_ - std::min(written_, first_number_);
  return std::all_of(entries_.begin() + static_cast<std::ptrdiff_t>(skip), entries_.end(),
                     [](const Entry& entry) { return is_head(*entry.unit); });
}

void MediaQueue::written(std::uint64_t numbering, std::uint64_t number) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (numbering != numbering_) return;
    written_ = std::max(written_, number);
    const bool all = all_written();
    if (all) write_late_ = false;
    wake = all && awaiting_;
  }
  if (wake) written_came_.notify_all();
}

bool MediaQueue::all_stored() const {
  const std::lock_guard lock(mutex_);
  return tapped_ == entries_.size();
}

void MediaQueue::send_below(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  send_below_ = number;
}

}  // namespace camspan
