#include "proto/flv/fan_out.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace camspan::flv {
namespace {

void add(LossCounts& to, const LossCounts& more) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i].units += more[i].units;
    to[i].bytes += more[i].bytes;
  }
}

}  // namespace

Viewer::Viewer(std::function<void()> wake, std::function<void()> abort)
    : wake_(std::move(wake)), abort_(std::move(abort)) {}

Viewer::~Viewer() {
  if (fan_out_) fan_out_->leave(*this);
}

void Viewer::resize(std::size_t bytes) {
  if (fan_out_) fan_out_->level_ += bytes - bytes_;
  bytes_ = bytes;
}

SharedPiece Viewer::take() {
  SharedPiece piece = std::move(queue_.front().piece);
  queue_.pop_front();
  ++taken_;
  resize(bytes_ - piece->unit->bytes.size());
  return piece;
}

std::vector<SharedPiece> Viewer::take(std::size_t max_bytes) {
  std::vector<SharedPiece> round;
  std::size_t size = 0;
  while (!queue_.empty()) {
    const std::size_t next = queue_.front().piece->unit->bytes.size();
    if (!round.empty() && size + next > max_bytes) break;
    size += next;
    round.push_back(take());
  }
  return round;
}

void Viewer::lost(Loss cause, const Unit& unit) {
  LossCount& count = losses_[static_cast<std::size_t>(cause)];
  ++count.units;
  count.bytes += unit.bytes.size();
}

std::uint64_t Viewer::skipped() const {
  std::uint64_t units = 0;
  for (const LossCount& count : losses_) units += count.units;
  return units;
}

std::chrono::nanoseconds Viewer::queue_delay(TimePoint now) const {
  return queue_.empty() ? std::chrono::nanoseconds(0) : now - queue_.front().since;
}

bool Viewer::over_hard_bound(const Unit& unit, std::size_t max_bytes, TimePoint now) const {
  if (queue_.empty()) return false;  // one unit larger than the whole bound still gets through
  return bytes_ + unit.bytes.size() > max_bytes || queue_delay(now) > fan_out_->limits_.max_delay;
}

bool Viewer::over_soft_bound(TimePoint now) const {
  return queue_delay(now) > fan_out_->limits_.soft_max;
}

/// @param video      the stream has video: without any there is no key frame to wait for
/// @param max_bytes  that may wait for this viewer now
void Viewer::push(const SharedPiece& piece, bool video, std::size_t max_bytes, TimePoint now) {
  const Unit& unit = *piece->unit;
  if (over_hard_bound(unit, max_bytes, now)) {
    if (fan_out_->limits_.recover == RecoverPolicy::none) {
      removal_ = Removal::slow;  // FanOut does the rest
      return;
    }
    recover(video, now);
  }
  if (unit.kind == UnitKind::key) {
    wait_for_key_ = false;
  } else if (!Head::belongs(unit)) {
    if (!wait_for_key_ && over_soft_bound(now)) {
      wait_for_key_ = video;
      waits_because_ = Loss::late;
      if (!video) return lost(Loss::late, unit);
    }
    if (wait_for_key_) {
      if (waits_because_) lost(*waits_because_, unit);
      return;
    }
  }
  queue_.push_back({piece, now});
  resize(bytes_ + unit.bytes.size());
  wake_();
}

void Viewer::recover(bool video, TimePoint now) {
  const FanOut::Limits& limits = fan_out_->limits_;
  Place resume = queue_.end();
  if (limits.recover == RecoverPolicy::soft_limit) resume = first_key_since(now - limits.soft_max);
  if (limits.recover != RecoverPolicy::latest && resume == queue_.end()) resume = newest_key();
  // What follows the newest key frame that waits may already have been dropped over the soft bound.
  wait_for_key_ = video && limits.recover != RecoverPolicy::latest && (wait_for_key_ || resume == queue_.end());
  waits_because_ = Loss::overflow;
  drop_before(resume, Loss::overflow, now);
}

/// The newest key frame that waits, if dropping what is before it makes any room; else the end.
Viewer::Place Viewer::newest_key() {
  auto key = queue_.end();
  bool makes_room = false;
  bool droppable = false;
  for (auto entry = queue_.begin(); entry != queue_.end(); ++entry) {
    const Unit& unit = *entry->piece->unit;
    if (unit.kind == UnitKind::key) {
      key = entry;
      makes_room = droppable;
    }
    droppable = droppable || !Head::belongs(unit);
  }
  return makes_room ? key : queue_.end();
}

/// The same for the first key frame that came at `since` or later.
Viewer::Place Viewer::first_key_since(TimePoint since) {
  bool droppable = false;
  for (auto entry = queue_.begin(); entry != queue_.end(); ++entry) {
    const Unit& unit = *entry->piece->unit;
    if (unit.kind == UnitKind::key && entry->since >= since && droppable) return entry;
    droppable = droppable || !Head::belongs(unit);
  }
  return queue_.end();
}

/// Of what is dropped, the configuration in force stays.
void Viewer::drop_before(Place resume, Loss cause, TimePoint now) {
  Head head;
  for (auto entry = queue_.begin(); entry != resume; ++entry)
    if (!head.put(entry->piece->unit)) lost(cause, *entry->piece->unit);
  std::deque<Waiting> kept;
  for (const SharedUnit& unit : head.tags()) {
    const auto entry =
        std::find_if(queue_.begin(), resume, [&](const Waiting& waiting) { return waiting.piece->unit == unit; });
    kept.push_back({entry->piece, now});
  }
  std::move(resume, queue_.end(), std::back_inserter(kept));
  queue_ = std::move(kept);
  std::size_t bytes = 0;
  for (const Waiting& waiting : queue_) bytes += waiting.piece->unit->bytes.size();
  resize(bytes);
}

void Viewer::end() {
  if (fan_out_) fan_out_->level_ -= bytes_;
  fan_out_ = nullptr;
  ended_ = true;
  wake_();
}

FanOut::FanOut(Limits limits, Framing framing, MemoryBudget* budget)
    : limits_(limits), framing_(std::move(framing)), budget_(budget), cache_(limits.cache_bytes) {}

FanOut::~FanOut() {
  end_viewers();
}

void FanOut::set_limits(const Limits& limits) {
  limits_ = limits;
  cache_.set_max_bytes(limits.cache_bytes);
}

/// What may wait for one viewer. When all of them together have too much, none may have more than its share: those who
/// are quick do not notice.
std::size_t FanOut::bound_of_each(std::size_t unit_bytes) const {
  const std::size_t more = unit_bytes * viewers_.size();
  std::size_t total = limits_.max_total_bytes;
  if (budget_ && !budget_->has_room(more)) total = std::min(total, level_);
  if (more <= total && level_ <= total - more) return limits_.max_bytes;
  return std::min(limits_.max_bytes, total / viewers_.size());
}

void FanOut::deliver(const SharedUnit& unit, TimePoint now) {
  cache_.push(unit);
  const std::uint64_t number = number_++;
  if (viewers_.empty()) return;
  const auto piece = std::make_shared<const Piece>(Piece{unit, framing_ ? framing_(*unit, number) : Bytes()});
  const std::size_t max_bytes = bound_of_each(unit->bytes.size());
  bool removes = false;
  for (Viewer* viewer : viewers_) {
    viewer->push(piece, cache_.has_video(), max_bytes, now);
    removes = removes || viewer->removal_ != Removal::none;
  }
  if (removes) {
    const std::vector<Viewer*> before = viewers_;
    for (Viewer* viewer : before)
      if (viewer->removal_ != Removal::none) remove(*viewer, viewer->removal_);
  }
  settle_budget();
}

FanOut::Opening FanOut::join(Viewer& viewer) {
  viewer.fan_out_ = this;
  viewers_.push_back(&viewer);
  Opening opening{cache_.head(), {}, number_};
  if (limits_.sync == SyncMethod::latest_keyframe && cache_.has_key()) {
    opening.head = cache_.head_at_key();
    opening.units = cache_.since_key();
    opening.first = number_ - opening.units.size();
  } else {
    viewer.wait_for_key_ = limits_.sync != SyncMethod::latest && cache_.has_video();
  }
  return opening;
}

bool FanOut::has_room() const {
  return level_ < limits_.max_total_bytes && (!budget_ || budget_->has_room(1));
}

void FanOut::remove(Viewer& viewer, Removal why) {
  leave(viewer);
  viewer.removal_ = why;
  viewer.end();
  viewer.abort_();
}

void FanOut::leave(Viewer& viewer) {
  std::erase(viewers_, &viewer);
  add(left_, viewer.losses_);
  level_ -= viewer.bytes_;
  viewer.fan_out_ = nullptr;
  settle_budget();
}

void FanOut::end_viewers() {
  for (Viewer* viewer : std::exchange(viewers_, {})) {
    add(left_, viewer->losses_);
    viewer->end();
  }
  settle_budget();
}

void FanOut::end_viewer(Viewer& viewer) {
  if (viewer.fan_out_ == this) leave(viewer);
  viewer.end();
}

void FanOut::flush(TimePoint now) {
  for (Viewer* viewer : viewers_) {
    viewer->wait_for_key_ = cache_.has_video();
    viewer->waits_because_.reset();
    viewer->drop_before(viewer->queue_.end(), Loss::late, now);
  }
  cache_.forget_units();
  settle_budget();
}

void FanOut::tick(TimePoint now) {
  const std::vector<Viewer*> before = viewers_;
  for (Viewer* viewer : before)
    if (viewer->writing_since_ && now - *viewer->writing_since_ > limits_.timeout) remove(*viewer, Removal::timeout);
  settle_budget();
}

LossCounts FanOut::losses() const {
  LossCounts all = left_;
  for (const Viewer* viewer : viewers_) add(all, viewer->losses_);
  return all;
}

/// The budget is told once a unit, not once a viewer: it is shared by threads.
void FanOut::settle_budget() {
  if (!budget_) return;
  if (level_ > in_budget_)
    budget_->take(level_ - in_budget_);
  else
    budget_->give_back(in_budget_ - level_);
  in_budget_ = level_;
}

}  // namespace camspan::flv
