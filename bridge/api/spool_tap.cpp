#include "api/spool_tap.hpp"

#include <asio/post.hpp>

#include "recordings/boot_clock.hpp"

namespace camspan {
namespace {

constexpr std::size_t kBatchBytes = 256 << 10;
// What is handed over and not yet written; the queue holds it too, so this costs no memory.
constexpr std::size_t kMaxPending = 1 << 20;
constexpr std::chrono::seconds kRetry{5};

}  // namespace

SpoolTap::SpoolTap(asio::any_io_executor executor, MediaQueue& queue, recordings::Spool& spool, Events events)
    : executor_(std::move(executor)), queue_(queue), spool_(spool), events_(std::move(events)), retry_(executor_) {}

void SpoolTap::begin(std::string stream) {
  close_recording();
  ++recording_id_;
  stream_ = std::move(stream);
  stored_ = 0;
  waiting_.clear();
  on_ = true;
  ending_ = opening_ = video_ = stop_at_key_ = finishing_ = stopping_ = false;
  queue_.tap();
  pump();
}

void SpoolTap::pump() {
  if (!on_ || opening_ || failing_) return;
  while (!stopping_ && !full_ && (!recording_ || recording_->pending_bytes() < kMaxPending)) {
    auto batch = queue_.store_batch(kBatchBytes, [this](const Unit& unit) { return wanted(unit); });
    if (batch.empty()) break;
    for (Numbered& unit : batch) give(std::move(unit));
    if (opening_) return;
  }
  if (finishing_ && !full_ && queue_.all_stored()) stopping_ = true;
  if (!stopping_) return;
  if (waiting_.empty()) {
    close_recording();
  } else {
    open(waiting_.front());
  }
}

/// Asked before each unit; false where the stream is to stop.
bool SpoolTap::wanted(const Unit& unit) {
  if (stop_at_key_ && (unit.kind == UnitKind::key || (!video_ && !MediaQueue::is_head(unit)))) {
    stopping_ = true;
    return false;
  }
  video_ = video_ || unit.kind == UnitKind::key || unit.kind == UnitKind::delta;
  return true;
}

void SpoolTap::give(Numbered unit) {
  if (recording_ && unit.number != next_) close_recording();
  next_ = unit.number + 1;
  if (recording_) return recording_->append(std::move(unit.unit), unit.number);
  waiting_.push_back(std::move(unit));
  // When it begins is known with the first audio or video.
  const Numbered& first = waiting_.front();
  if (!opening_ && queue_.has_media(first.number)) open(first);
}

void SpoolTap::open(const Numbered& first) {
  opening_ = true;
  const unsigned id = ++recording_id_;
  spool_.begin(begin_at(first), events_of(id),
               [executor = executor_, weak = weak_from_this(), id](Result<recordings::Recorder::Ready> ready) {
                 auto shared = std::make_shared<Result<recordings::Recorder::Ready>>(std::move(ready));
                 asio::post(executor, [weak, id, shared] {
                   if (const auto self = weak.lock()) self->on_ready(id, std::move(*shared));
                 });
               });
}

recordings::Spool::Begin SpoolTap::begin_at(const Numbered& first) const {
  return {stream_, first.number, queue_.captured_from(first.number).value_or(recordings::capture_clock()),
          queue_.head_before(first.number)};
}

recordings::RecordingEvents SpoolTap::events_of(unsigned id) {
  recordings::RecordingEvents events;
  // Straight to whoever waits in push(): the queue outlives the spool's thread.
  events.written = [&queue = queue_, numbering = queue_.numbering()](std::uint64_t tags) {
    queue.written(numbering, tags);
  };
  events.committed = [executor = executor_, weak = weak_from_this(), id](std::uint64_t tags) {
    asio::post(executor, [weak, id, tags] {
      if (const auto self = weak.lock()) self->on_stored(id, tags);
    });
  };
  events.failed = [executor = executor_, weak = weak_from_this(), id](const Failure& failure) {
    asio::post(executor, [weak, id, code = failure.code] {
      if (const auto self = weak.lock()) self->on_failed(id, code);
    });
  };
  return events;
}

void SpoolTap::on_ready(unsigned id, Result<recordings::Recorder::Ready> ready) {
  if (id != recording_id_) return;
  opening_ = false;
  if (!ready) return on_failed(id, ready.error());
  recording_ = std::move(ready->recording);
  // A batch that a hole lies in belongs to two recordings.
  for (Numbered& unit : std::exchange(waiting_, {})) {
    next_ = unit.number + 1;
    recording_->append(std::move(unit.unit), unit.number);
  }
  pump();
}

void SpoolTap::on_stored(unsigned id, std::uint64_t number) {
  if (id != recording_id_) return;
  stored_ = std::max(stored_, number);
  events_.worked();
  events_.stored(stored_);
  pump();
}

void SpoolTap::on_failed(unsigned id, std::error_code error) {
  if (id != recording_id_) return;
  recording_.reset();
  waiting_.clear();
  opening_ = false;
  failing_ = true;
  retry_later();
  events_.failed(error);
}

/// What was handed over and not stored is still in the queue, as far as memory goes.
void SpoolTap::retry_later() {
  retry_.expires_after(kRetry);
  retry_.async_wait([weak = weak_from_this()](const std::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || !self->failing_) return;
    self->failing_ = false;
    self->stopping_ = false;
    ++self->recording_id_;
    self->queue_.tap(self->stored_);
    self->pump();
  });
}

void SpoolTap::stop_at_key() {
  stop_at_key_ = true;
  pump();
}

void SpoolTap::go_on() {
  stop_at_key_ = finishing_ = stopping_ = false;
  pump();
}

void SpoolTap::finish() {
  finishing_ = true;
  pump();
}

/// Script and config tags alone count as stored only when their recording has ended.
void SpoolTap::close_recording() {
  if (!recording_) return;
  ending_ = true;
  recording_->end([executor = executor_, weak = weak_from_this(), id = recording_id_](Result<std::uint64_t> tags) {
    asio::post(executor, [weak, id, tags] {
      const auto self = weak.lock();
      if (!self || id != self->recording_id_) return;
      self->ending_ = false;
      if (tags) self->on_stored(id, *tags);
    });
  });
  recording_.reset();
}

void SpoolTap::set_full(bool full) {
  full_ = full;
  if (!full) pump();
}

void SpoolTap::let_go() {
  retry_.cancel();
  ++recording_id_;
  if (!std::exchange(on_, false)) return;
  if (failing_) queue_.tap(stored_);
  std::vector<Numbered> rest = std::exchange(waiting_, {});
  for (Numbered& unit : queue_.store_batch(SIZE_MAX, [](const Unit&) { return true; })) rest.push_back(std::move(unit));
  if (!recording_ && !rest.empty()) return begin_and_end(std::move(rest));
  for (Numbered& unit : rest) recording_->append(std::move(unit.unit), unit.number);
  // Whatever waits for the storage thread is written before it ends.
  recording_.reset();
}

void SpoolTap::begin_and_end(std::vector<Numbered> units) {
  auto begin = begin_at(units.front());
  spool_.begin(std::move(begin), {}, [units = std::move(units)](const Result<recordings::Recorder::Ready>& ready) {
    if (!ready) return;
    for (const Numbered& unit : units) ready->recording->append(unit.unit, unit.number);
  });
}

}  // namespace camspan
