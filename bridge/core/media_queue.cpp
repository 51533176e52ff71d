#include "core/media_queue.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/memory_budget.hpp"

namespace camspan {
namespace {

// What is further from the media than this says nothing about when that was captured (recordings go by the same).
constexpr std::chrono::seconds kInterleave{1};

bool is_video(const Unit& unit) {
  return unit.kind == UnitKind::key || unit.kind == UnitKind::delta;
}

}  // namespace

bool MediaQueue::is_head(const Unit& unit) {
  return unit.kind == UnitKind::config || unit.kind == UnitKind::script;
}

/// Head units stay however old they are.
bool MediaQueue::is_timed(const Unit& unit) {
  return unit.dts.has_value() && !is_head(unit);
}

MediaQueue::MediaQueue(Bounds bounds, std::function<void()> ready) : ready_(std::move(ready)), bounds_(bounds) {}

MediaQueue::~MediaQueue() {
  MemoryBudget::process().give_back(bytes_);
}

Result<> MediaQueue::push(SharedUnit unit) {
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    if (const auto room = find_room(lock, *unit); !room) return room;
    MemoryBudget::process().take(unit->bytes.size());
    bytes_ += unit->bytes.size();
    // Whoever waits for the first media has heads before it.
    const bool first = is_timed(*unit) && timed_++ == 0;
    wake = first || sent_ == entries_.size() || (tap_ && tapped_ == entries_.size());
    entries_.push_back({std::move(unit), {}, false});
    note_count();
    wake = note_pressure() || wake;
  }
  if (wake) ready_();
  return {};
}

Result<> MediaQueue::find_room(std::unique_lock<std::mutex>& lock, const Unit& unit) {
  if (closed_) return fail(Errc::closed);
  // Always taken: nothing after it can be decoded without it, and it is small.
  if (is_head(unit)) return {};
  drop_stale_sent();
  make_room(unit);
  if (bounds_.leaky == Leaky::no) {
    room_.wait(lock, [&] {
      make_room(unit);  // what may be given up can have changed
      return has_room(unit) || unlocked_ || closed_;
    });
    if (closed_) return fail(Errc::closed);
    if (!has_room(unit)) return fail(Errc::cancelled);
  }
  // make_room() may have dropped the key frame that a delta hangs on.
  if (!has_room(unit) || (wait_for_key_ && unit.kind == UnitKind::delta)) return refuse(unit);
  if (unit.kind == UnitKind::key) wait_for_key_ = false;
  return {};
}

Result<> MediaQueue::refuse(const Unit& unit) {
  if (is_video(unit) && !wait_for_key_) need_key();
  ++dropped_units_;
  dropped_bytes_ += unit.bytes.size();
  return fail(Errc::queue_full);
}

void MediaQueue::need_key() {
  wait_for_key_ = key_request_ = true;
}

/// Span from the oldest unsent unit to `newest`, or to the last one held.
std::chrono::nanoseconds MediaQueue::time_with(const Unit* newest) const {
  if (timed_ == 0) return std::chrono::nanoseconds(0);  // bytes without a time: nothing to look for among many
  const auto timed = [](const Entry& entry) { return is_timed(*entry.unit); };
  const auto oldest = std::find_if(entries_.begin() + static_cast<std::ptrdiff_t>(sent_), entries_.end(), timed);
  if (oldest == entries_.end()) return std::chrono::nanoseconds(0);
  if (newest && newest->dts) return std::max(*newest->dts - *oldest->unit->dts, std::chrono::nanoseconds(0));
  const auto last = std::find_if(entries_.rbegin(), entries_.rend(), timed);
  return std::max(*last->unit->dts - *oldest->unit->dts, std::chrono::nanoseconds(0));
}

bool MediaQueue::has_room(const Unit& unit) const {
  const std::size_t size = unit.bytes.size();
  if (!MemoryBudget::process().has_room(size) && !(entries_.empty() && bounds_.leaky == Leaky::no)) return false;
  if (entries_.empty()) return true;
  if (size > bounds_.max_bytes || bytes_ > bounds_.max_bytes - size) return false;
  return bounds_.max_time.count() == 0 || time_with(&unit) <= bounds_.max_time;
}

void MediaQueue::make_room(const Unit& unit) {
  const bool may_evict = bounds_.leaky != Leaky::no || keep_sent_;
  while (!has_room(unit)) {
    if (sent_ > 0 && may_evict) {
      evict_front();
    } else if (bounds_.leaky != Leaky::downstream) {
      return;
    } else if (!drop_disposable() && !drop_oldest_gop()) {
      // Only units that wait to be sent again are left. What is new goes before what is old.
      if (numbered_ == 0) return;
      evict_front();
    }
  }
}

template <class Predicate>
void MediaQueue::drop_fresh(std::size_t end, Predicate victim) {
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(numbered_);
  const auto last = entries_.begin() + static_cast<std::ptrdiff_t>(end);
  const auto kept = std::stable_partition(first, last, [&](const Entry& entry) { return !victim(*entry.unit); });
  for (auto it = kept; it != last; ++it) {
    ++dropped_units_;
    dropped_bytes_ += it->unit->bytes.size();
    forget(*it->unit);
  }
  entries_.erase(kept, last);
  note_count();
}

bool MediaQueue::drop_disposable() {
  const std::size_t before = entries_.size();
  drop_fresh(before, [](const Unit& unit) { return unit.disposable; });
  return entries_.size() != before;
}

bool MediaQueue::drop_oldest_gop() {
  std::size_t end = numbered_;
  while (end < entries_.size() && is_head(*entries_[end].unit)) ++end;
  if (end == entries_.size()) return false;
  const bool structured = entries_[end].unit->kind != UnitKind::other;
  bool video = is_video(*entries_[end].unit);
  ++end;
  if (structured) {
    while (end < entries_.size() && entries_[end].unit->kind != UnitKind::key) {
      video = video || is_video(*entries_[end].unit);
      ++end;
    }
  }
  const bool reached_key = end < entries_.size();
  drop_fresh(end, [](const Unit& unit) { return !is_head(unit); });
  if (video && !reached_key) need_key();
  if (video) key_request_ = true;
  return true;
}

void MediaQueue::forget(const Unit& unit) {
  bytes_ -= unit.bytes.size();
  if (is_timed(unit)) --timed_;
  MemoryBudget::process().give_back(unit.bytes.size());
}

/// The front unit is no longer needed.
void MediaQueue::release_front(bool settled) {
  const SharedUnit unit = entries_.front().unit;
  if (is_head(*unit)) put_in_head(head_, {unit, settled || entries_.front().repeated});
  forget(*unit);
  entries_.pop_front();
  ++first_number_;
  if (sent_ > 0) {
    --sent_;
    sent_bytes_ -= unit->bytes.size();
  }
  if (numbered_ > 0) --numbered_;
  if (tapped_ > 0) --tapped_;
}

/// The front unit has to go although the receiver may not have it.
void MediaQueue::evict_front() {
  if (!keep_sent_) evicted_.push_back(entries_.front().repeated ? 0 : entries_.front().unit->bytes.size());
  release_front(true);
}

void MediaQueue::drop_stale_sent() {
  if (!keep_sent_) return;
  const auto limit = std::chrono::steady_clock::now() - *keep_sent_;
  while (sent_ > 0 && entries_.front().sent_at < limit) release_front(true);
}

void MediaQueue::put_in_head(Head& head, const HeadUnit& unit) {
  const auto same = std::find_if(head.begin(), head.end(), [&](const HeadUnit& old) {
    return old.unit->kind == unit.unit->kind && old.unit->track == unit.unit->track;
  });
  if (same != head.end()) {
    *same = unit;
  } else {
    head.push_back(unit);
  }
}

void MediaQueue::unlock(bool unlocked) {
  {
    const std::lock_guard lock(mutex_);
    unlocked_ = unlocked;
  }
  room_.notify_all();
  written_came_.notify_all();
}

void MediaQueue::set_bounds(Bounds bounds) {
  {
    const std::lock_guard lock(mutex_);
    bounds_ = bounds;
  }
  room_.notify_all();
}

bool MediaQueue::take_key_request() {
  const std::lock_guard lock(mutex_);
  return std::exchange(key_request_, false);
}

std::optional<MediaQueue::Numbered> MediaQueue::next() {
  std::optional<Numbered> result;
  {
    const std::lock_guard lock(mutex_);
    if (sent_ == send_end()) return std::nullopt;
    result = hand_out(std::chrono::steady_clock::now());
  }
  room_.notify_all();  // the time bound looks at unsent units only
  return result;
}

MediaQueue::Numbered MediaQueue::hand_out(std::chrono::steady_clock::time_point now) {
  Entry& entry = entries_[sent_];
  entry.sent_at = now;
  Numbered result{entry.unit, first_number_ + sent_, entry.repeated};
  ++sent_;
  sent_bytes_ += entry.unit->bytes.size();
  numbered_ = std::max(numbered_, sent_);
  return result;
}

std::vector<MediaQueue::Numbered> MediaQueue::next_batch(std::size_t bytes,
                                                         const std::function<bool(const Unit&)>& wanted) {
  std::vector<Numbered> batch;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t size = 0; size < bytes && sent_ < send_end(); size += batch.back().unit->bytes.size()) {
      if (!wanted(*entries_[sent_].unit)) break;
      batch.push_back(hand_out(now));
    }
    wake = worth_waking();
  }
  if (wake) room_.notify_all();
  return batch;
}

/// Index after the last entry that next() may give.
std::size_t MediaQueue::send_end() const {
  const std::uint64_t allowed = send_below_ - std::min(send_below_, first_number_);
  return std::max(sent_, static_cast<std::size_t>(std::min<std::uint64_t>(allowed, entries_.size())));
}

bool MediaQueue::is_pressed() const {
  return bytes_ > bounds_.max_bytes / 2 || (bounds_.max_time.count() != 0 && time_with(nullptr) > bounds_.max_time / 2);
}

/// @return true when the pressure begins
bool MediaQueue::note_pressure() {
  const bool now = is_pressed();
  return std::exchange(pressed_, now) != now && now;
}

bool MediaQueue::pressed() const {
  const std::lock_guard lock(mutex_);
  return is_pressed();
}

/// A producer that waits is woken for a good part of the queue, not for each unit: every wake-up is two switches of
/// thread. When the consumer has nothing left to send, any room will do.
bool MediaQueue::worth_waking() const {
  if (sent_ == send_end()) return true;
  const std::size_t kept = keep_sent_ ? bytes_ - sent_bytes_ : bytes_;
  return kept <= bounds_.max_bytes - bounds_.max_bytes / 4;
}

void MediaQueue::acknowledge(std::uint64_t number) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t first_missing = first_number_ - evicted_.size();
    for (std::uint64_t n = first_missing; n < number && !evicted_.empty(); ++n) evicted_.pop_front();
    while (numbered_ > 0 && first_number_ < number) release_front(true);
    wake = worth_waking();
  }
  if (wake) room_.notify_all();
}

void MediaQueue::expect_no_acknowledgement(std::chrono::nanoseconds keep) {
  {
    const std::lock_guard lock(mutex_);
    keep_sent_ = keep;
    evicted_.clear();
    drop_stale_sent();
  }
  room_.notify_all();
}

void MediaQueue::expect_acknowledgement() {
  const std::lock_guard lock(mutex_);
  keep_sent_.reset();
}

Result<> MediaQueue::rewind(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (number < first_number_ || number > first_number_ + numbered_) return fail(Errc::gap);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(number - first_number_);
  sent_ = static_cast<std::size_t>(number - first_number_);
  sent_bytes_ = 0;
  for (auto entry = entries_.begin(); entry != first; ++entry) sent_bytes_ += entry->unit->bytes.size();
  return {};
}

void MediaQueue::count_lost(const Unit& unit) {
  ++lost_units_;
  lost_bytes_ += unit.bytes.size();
}

void MediaQueue::restart(const Repeat& repeat) {
  const std::lock_guard lock(mutex_);
  for (const std::size_t size : evicted_) {
    ++lost_units_;
    lost_bytes_ += size;
  }
  evicted_.clear();
  const bool any_video =
      std::any_of(entries_.begin(), entries_.end(), [](const Entry& e) { return is_video(*e.unit); });
  while (any_video && !entries_.empty() && entries_.front().unit->kind != UnitKind::key) {
    const Unit& unit = *entries_.front().unit;
    if (!is_head(unit) && !keep_sent_) count_lost(unit);
    release_front(false);
  }
  if (count_) std::atomic_ref(*std::exchange(count_, nullptr)).store(first_number_, std::memory_order_release);
  const SharedUnit first = entries_.empty() ? nullptr : entries_.front().unit;
  for (auto it = head_.rbegin(); it != head_.rend(); ++it) {
    if (repeat && first) it->unit = repeat(it->unit, *first);
    bytes_ += it->unit->bytes.size();
    MemoryBudget::process().take(it->unit->bytes.size());
    entries_.push_front({it->unit, {}, it->repeated});
  }
  head_.clear();
  sent_ = numbered_ = tapped_ = 0;
  send_below_ = kSendAll;
  sent_bytes_ = 0;
  number_anew(0);
  if (any_video &&
      std::none_of(entries_.begin(), entries_.end(), [](const Entry& e) { return e.unit->kind == UnitKind::key; }))
    need_key();
}

void MediaQueue::number_anew(std::uint64_t first) {
  first_number_ = written_ = write_from_ = first;
  ++numbering_;
}

void MediaQueue::clear() {
  {
    const std::lock_guard lock(mutex_);
    // What was sent stays until it is acknowledged; what was not is dropped, as the flush asks.
    drop_fresh(entries_.size(), [](const Unit& unit) { return !is_head(unit); });
    wait_for_key_ = true;
  }
  room_.notify_all();
}

void MediaQueue::reset(std::uint64_t first) {
  {
    const std::lock_guard lock(mutex_);
    while (!entries_.empty()) release_front(true);
    count_ = nullptr;
    head_.clear();
    evicted_.clear();
    number_anew(first);
    send_below_ = kSendAll;
    wait_for_key_ = key_request_ = false;
  }
  room_.notify_all();
}

std::vector<SharedUnit> MediaQueue::head_before(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  Head head = head_;
  for (std::size_t i = 0; i < entries_.size() && first_number_ + i < number; ++i)
    if (is_head(*entries_[i].unit)) put_in_head(head, {entries_[i].unit, true});
  std::vector<SharedUnit> units;
  for (const HeadUnit& unit : head) units.push_back(unit.unit);
  return units;
}

void MediaQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  room_.notify_all();
  written_came_.notify_all();
}

MediaQueue::Level MediaQueue::level() const {
  const std::lock_guard lock(mutex_);
  Level level;
  level.bytes = bytes_;
  level.unsent_bytes = bytes_ - sent_bytes_;
  level.time = time_with(nullptr);
  level.dropped_bytes = dropped_bytes_;
  level.dropped_units = dropped_units_;
  level.lost_bytes = lost_bytes_;
  level.lost_units = lost_units_;
  return level;
}

std::uint64_t MediaQueue::dropped_units() const {
  const std::lock_guard lock(mutex_);
  return dropped_units_;
}

SharedUnit MediaQueue::peek() const {
  const std::lock_guard lock(mutex_);
  return sent_ < send_end() ? entries_[sent_].unit : nullptr;
}

std::optional<UtcTime> MediaQueue::captured_from(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t skip = number - std::min(number, first_number_);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(skip, entries_.size()));
  const auto media = std::find_if(first, entries_.end(), [](const Entry& entry) { return !is_head(*entry.unit); });
  if (media == entries_.end()) return first == entries_.end() ? std::nullopt : first->unit->captured;
  const Unit& shown = *media->unit;
  if (!shown.captured || !shown.dts || !first->unit->dts) return shown.captured;
  const auto before = std::chrono::duration_cast<std::chrono::milliseconds>(*shown.dts - *first->unit->dts);
  return std::chrono::abs(before) > kInterleave ? shown.captured : *shown.captured - before;
}

bool MediaQueue::has_media(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t skip = std::min<std::uint64_t>(number - std::min(number, first_number_), entries_.size());
  return std::any_of(entries_.begin() + static_cast<std::ptrdiff_t>(skip), entries_.end(),
                     [](const Entry& entry) { return !is_head(*entry.unit); });
}

bool MediaQueue::all_sent() const {
  const std::lock_guard lock(mutex_);
  return sent_ == send_end();
}

bool MediaQueue::all_handed_out() const {
  const std::lock_guard lock(mutex_);
  return sent_ == entries_.size();
}

bool MediaQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty();
}

std::uint64_t MediaQueue::next_number() const {
  const std::lock_guard lock(mutex_);
  return first_number_ + sent_;
}

}  // namespace camspan
