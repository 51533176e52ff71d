#include "hub/live_stream.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proto/ws/frame.hpp"

namespace camspan::hub {

LiveTag frame(SharedUnit unit) {
  LiveTag tag;
  const Bytes header = ws::frame_header(ws::Opcode::binary, unit->bytes.size());
  std::copy(header.begin(), header.end(), tag.frame.begin());
  tag.frame_size = static_cast<std::uint8_t>(header.size());
  tag.unit = std::move(unit);
  return tag;
}

LiveViewer::LiveViewer(Limits limits, std::function<void()> wake, std::function<void()> abort)
    : limits_(limits), wake_(std::move(wake)), abort_(std::move(abort)) {}

LiveViewer::~LiveViewer() {
  if (stream_) stream_->leave(*this);
}

std::vector<LiveTag> LiveViewer::take(std::size_t max_bytes) {
  std::vector<LiveTag> round;
  std::size_t size = 0;
  while (!queue_.empty()) {
    const std::size_t next = queue_.front().tag.unit->bytes.size();
    if (!round.empty() && size + next > max_bytes) break;
    size += next;
    round.push_back(std::move(queue_.front().tag));
    queue_.pop_front();
  }
  bytes_ -= size;
  return round;
}

bool LiveViewer::over_bound(const LiveTag& tag, TimePoint now) const {
  if (queue_.empty()) return false;  // one tag larger than the whole bound still gets through
  return bytes_ + tag.unit->bytes.size() > limits_.max_bytes || now - queue_.front().since > limits_.max_delay;
}

/// @param video  the stream has video: without any there is no key frame to wait for
void LiveViewer::push(const LiveTag& tag, bool video, TimePoint now) {
  const Unit& unit = *tag.unit;
  if (over_bound(tag, now)) skip(video, now);
  if (unit.kind == UnitKind::key) wait_for_key_ = false;
  if (wait_for_key_ && !flv::Head::belongs(unit)) {
    ++skipped_;
    return;
  }
  bytes_ += unit.bytes.size();
  queue_.push_back({tag, now});
  wake_();
}

/// The last key frame that waits, if dropping what is before it makes any room; else the end.
std::deque<LiveViewer::Waiting>::iterator LiveViewer::resume_point() {
  auto key = queue_.end();
  bool makes_room = false;
  bool droppable = false;
  for (auto entry = queue_.begin(); entry != queue_.end(); ++entry) {
    const Unit& unit = *entry->tag.unit;
    if (unit.kind == UnitKind::key) {
      key = entry;
      makes_room = droppable;
    }
    droppable = droppable || !flv::Head::belongs(unit);
  }
  return makes_room ? key : queue_.end();
}

void LiveViewer::skip(bool video, TimePoint now) {
  const auto resume = resume_point();
  flv::Head head;
  for (auto entry = queue_.begin(); entry != resume; ++entry)
    if (!head.put(entry->tag.unit)) ++skipped_;
  std::deque<Waiting> kept;
  for (const SharedUnit& unit : head.tags()) kept.push_back({frame(unit), now});
  wait_for_key_ = video && resume == queue_.end();
  std::move(resume, queue_.end(), std::back_inserter(kept));
  queue_ = std::move(kept);
  bytes_ = 0;
  for (const Waiting& waiting : queue_) bytes_ += waiting.tag.unit->bytes.size();
}

void LiveViewer::end() {
  ended_ = true;
  stream_ = nullptr;
  wake_();
}

// The cache and a viewer's queue each hold half of what one viewer may cost when nobody else watches.
LiveStream::LiveStream(LiveViewer::Limits limits) : limits_(limits), cache_(limits.max_bytes / 2) {}

LiveStream::Upload* LiveStream::find(const std::string& stream) {
  for (Upload& upload : uploads_)
    if (upload.stream == stream) return &upload;
  return nullptr;
}

void LiveStream::open(const std::string& stream, UtcTime start) {
  if (Upload* upload = find(stream))
    upload->start = start;
  else
    uploads_.push_back({stream, start, {}});
  choose();
}

void LiveStream::choose() {
  const Upload* best = nullptr;
  for (const Upload& upload : uploads_)
    if (!best || upload.start >= best->start) best = &upload;
  if (!best) return;
  if (!shown_) return show(*best);
  if (best->stream == shown_->stream) {
    shown_->open = true;
    shown_->start = best->start;
    return;
  }
  if (best->start >= shown_->start) show(*best);
}

void LiveStream::show(const Upload& upload) {
  end_viewers();
  cache_.clear();
  shown_ = Shown{upload.stream, upload.start};
  for (const SharedUnit& tag : upload.head.tags()) cache_.push(tag);
}

void LiveStream::push_head(const std::string& stream, const SharedUnit& tag, TimePoint now) {
  if (Upload* upload = find(stream)) upload->head.put(tag);
  // A stream that goes on before its viewers has given them these tags already.
  if (shown_ && shown_->stream == stream && !shown_->begun) deliver(tag, now);
}

void LiveStream::push(const std::string& stream, std::uint64_t number, const SharedUnit& tag, TimePoint now) {
  Upload* upload = find(stream);
  if (!upload) return;
  upload->head.put(tag);
  if (!shown_ || shown_->stream != stream || number < shown_->next) return;
  shown_->next = number + 1;
  shown_->begun = true;
  deliver(tag, now);
}

void LiveStream::deliver(const SharedUnit& tag, TimePoint now) {
  cache_.push(tag);
  if (viewers_.empty()) return;
  const LiveTag framed = frame(tag);
  for (LiveViewer* viewer : viewers_) viewer->push(framed, cache_.has_video(), now);
}

void LiveStream::close(const std::string& stream, TimePoint now) {
  std::erase_if(uploads_, [&](const Upload& upload) { return upload.stream == stream; });
  if (!shown_ || shown_->stream != stream) return;
  shown_->open = false;
  shown_->closed_at = now;
}

std::vector<SharedUnit> LiveStream::join(LiveViewer& viewer) {
  viewer.stream_ = this;
  viewers_.push_back(&viewer);
  viewer.wait_for_key_ = cache_.has_video() && !cache_.has_key();
  return cache_.has_key() ? cache_.snapshot() : cache_.head();
}

void LiveStream::leave(LiveViewer& viewer) {
  std::erase(viewers_, &viewer);
}

void LiveStream::end_viewers() {
  for (LiveViewer* viewer : std::exchange(viewers_, {})) viewer->end();
}

void LiveStream::tick(TimePoint now) {
  const auto is_gone = [&](const LiveViewer* viewer) {
    return viewer->writing_since_ && now - *viewer->writing_since_ > limits_.timeout;
  };
  std::vector<LiveViewer*> gone;
  std::copy_if(viewers_.begin(), viewers_.end(), std::back_inserter(gone), is_gone);
  for (LiveViewer* viewer : gone) {
    leave(*viewer);
    viewer->dropped_ = true;
    viewer->end();
    viewer->abort_();
  }
  if (!shown_ || shown_->open || now - shown_->closed_at < kGrace) return;
  shown_.reset();
  end_viewers();
  cache_.clear();
  choose();
}

}  // namespace camspan::hub
