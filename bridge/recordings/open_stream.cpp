#include "recordings/open_stream.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "core/time.hpp"
#include "recordings/segment_name.hpp"
#include "recordings/segment_scan.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;

// How far audio and video of one moment lie apart at most in a stream that is muxed in order of time. What is further
// before the media (script and config tags often have timestamp 0) says nothing about when it was captured.
constexpr std::int64_t kInterleaveMs = 1000;
// Tags looked at to find the earliest timestamp of a segment: over a second of audio and video.
constexpr std::size_t kLookAhead = 64;
// What names of segments can write.
constexpr UtcTime kFirstUtc{};
constexpr UtcTime kLastUtc{std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + milliseconds(86'399'999)};

bool is_video(const flv::TagInfo& info) {
  return info.kind == UnitKind::key || info.kind == UnitKind::delta;
}
bool is_media(const flv::TagInfo& info) {
  return is_video(info) || info.kind == UnitKind::audio;
}
bool is_key(const flv::TagInfo& info) {
  return info.kind == UnitKind::key && info.track == static_cast<std::uint8_t>(flv::TagType::video);
}

std::int64_t advance(flv::Timeline& timeline, const flv::TagInfo& info) {
  return is_media(info) ? timeline.advance(info.timestamp_ms) : timeline.place(info.timestamp_ms);
}

Failure failure_of(std::error_code error, const std::string& device, const std::string& root) {
  if (error == Errc::no_space)
    return {error, "The recording of " + device + " stopped because the disk of " + root +
                       " is full. Free space there, or keep less (max_bytes, max_age)."};
  if (error == Errc::gap || error == Errc::malformed)
    return {error, "The recording of " + device + " stopped: " + error.message() + " in the stream."};
  return {error, "The recording of " + device + " in " + root + " stopped: " + error.message() +
                     ". Check the disk, and that this program may write to the folder."};
}

}  // namespace

OpenStream::OpenStream(const RecorderOptions& options, SegmentIndex& index, std::shared_ptr<RecordingLink> link,
                       Recorder::Begin begin, std::optional<Segment> last, RecordingEvents events)
    : options_(options),
      index_(index),
      link_(std::move(link)),
      begin_(std::move(begin)),
      events_(std::move(events)),
      last_(std::move(last)) {
  bool head_known = false;
  if (last_) {
    next_ = placed_ = stored_ = told_ = written_ = last_->end;
    timeline_ = flv::Timeline(last_->base_ms + last_->duration.count());
    auto head = head_at_end(options_.root, *last_);
    head_known = head.has_value();
    if (head) head_ = std::move(*head);
  } else if (options_.any_first) {
    next_ = placed_ = stored_ = told_ = written_ = begin_.first;
  }
  // The tags between first and what is stored may have changed the head since.
  if (begin_.first == stored_ || !head_known) {
    for (const SharedUnit& tag : begin_.head) head_.put(tag);
  }
  // The tag that begin.start speaks of was stored before and does not come again.
  if (last_ && begin_.first < stored_) anchor_ = Anchor{last_->base_ms, last_->start, true};
}

std::string OpenStream::growing_path() const {
  return writer_ ? writer_->stored().path : std::string();
}

Result<> OpenStream::queue(SharedUnit tag, std::uint64_t number) {
  if (number != next_) return camspan::fail(Errc::gap);
  const auto info = flv::inspect(tag->bytes);
  if (!info || tag->bytes.size() != flv::tag_bytes(info->data_bytes)) return camspan::fail(Errc::malformed);
  queued_.push_back({std::move(tag), *info});
  ++next_;
  return {};
}

Result<> OpenStream::write() {
  const std::span<const Queued> all(queued_);
  if (writer_) writer_->expect(gathered_bytes());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (const auto placed = place(all.subspan(i)); !placed) return placed;
  }
  if (writer_) {
    if (const auto written = writer_->write(); !written) return written;
  }
  forget_queued();
  tell_written();
  return {};
}

void OpenStream::tell_written() {
  if (std::exchange(written_, placed_) != placed_ && events_.written) events_.written(placed_);
}

/// Puts the first of `rest` where it belongs.
Result<> OpenStream::place(std::span<const Queued> rest) {
  const auto& [unit, info] = rest.front();
  const std::int64_t place_ms = advance(timeline_, info);
  if (is_media(info)) {
    follow(info, place_ms);
  } else {
    set_anchor(place_ms, false);
  }
  if (begins_stream(*unit) && head_.put(unit)) {
    leading_.push_back({unit, place_ms});
    ++placed_;
    return {};
  }
  Result<> ready;
  if (!writer_) {
    ready = open_segment(rest, place_ms);
  } else if (cut_is_due(info, place_ms)) {
    ready = finish_segment();
    if (ready) ready = create_segment(rest, place_ms);
  }
  if (ready) ready = writer_->add(unit->bytes, info, place_ms);
  if (!ready) return ready;
  if (is_video(info)) video_in_segment_ = place_ms;
  head_.put(unit);
  ++placed_;
  return {};
}

/// True for the script and config tags at the front of a stream, which become the head of its first segment. A second
/// one of a kind is not among them: both must be kept.
bool OpenStream::begins_stream(const Unit& tag) const {
  return !writer_ && stored_ == 0 && !head_.holds_place_of(tag);
}

/// The first tag since begin(): goes on with the last segment unless a new one can begin with this tag.
Result<> OpenStream::open_segment(std::span<const Queued> rest, std::int64_t place_ms) {
  const std::optional<Segment> last = std::exchange(last_, std::nullopt);
  if (!last || is_key(rest.front().info)) return create_segment(rest, place_ms);
  auto writer = SegmentWriter::reopen(options_.root, *last);
  if (!writer) {
    // Better a segment that begins without a key frame than tags lost.
    log::warn("recordings", "cannot go on with ", last->path, ": ", writer.error().message());
    return create_segment(rest, place_ms);
  }
  writer_ = std::move(*writer);
  video_in_segment_.reset();
  if (head_.has_config(static_cast<std::uint8_t>(flv::TagType::video))) video_in_segment_ = place_ms;
  index_.put(writer_->stored(), false);
  return {};
}

Result<> OpenStream::create_segment(std::span<const Queued> rest, std::int64_t place_ms) {
  flv::Timeline timeline = timeline_;
  std::vector<std::int64_t> places{place_ms};
  std::optional<std::int64_t> media;
  for (std::size_t i = 0; i < std::min(rest.size(), kLookAhead); ++i) {
    if (i > 0) places.push_back(advance(timeline, rest[i].info));
    if (is_media(rest[i].info) && !media) media = places.back();
  }
  for (const auto& tag : leading_) places.push_back(tag.place_ms);
  if (media) set_anchor(*media, true);
  const std::int64_t origin = media.value_or(place_ms);
  std::int64_t base_ms = origin;
  for (const std::int64_t place : places) {
    if (place >= origin - kInterleaveMs) base_ms = std::min(base_ms, place);
  }
  SegmentWriter::Plan plan{begin_.name, utc_of(base_ms), placed_, base_ms, {}, {}};
  if (plan.start < kClockSet) plan.boot = options_.boot;
  for (const SharedUnit& tag : head_.tags()) {
    const auto own = std::ranges::find(leading_, tag, &SegmentWriter::HeadTag::tag);
    plan.head.push_back({tag, own == leading_.end() ? base_ms : own->place_ms});
  }
  auto writer = SegmentWriter::create(options_.root, plan);
  if (!writer) return camspan::fail(writer.error());
  writer_ = std::move(*writer);
  leading_.clear();
  video_in_segment_.reset();
  if (head_.has_config(static_cast<std::uint8_t>(flv::TagType::video))) video_in_segment_ = base_ms;
  restarted_ = false;
  return {};
}

Result<> OpenStream::finish_segment() {
  if (const auto finished = writer_->finish(); !finished) return finished;
  index_.put(writer_->stored(), true);
  stored_ = writer_->stored().end;
  writer_.reset();
  return {};
}

/// A segment ends before a key frame, or anywhere once there is no video to wait for.
bool OpenStream::cut_is_due(const flv::TagInfo& info, std::int64_t place_ms) const {
  const std::int64_t segment_ms = options_.segment.count();
  const bool full = options_.segment_bytes != 0 && writer_->bytes() >= options_.segment_bytes;
  if (!restarted_ && !full && place_ms - writer_->stored().base_ms < segment_ms) return false;
  if (is_key(info)) return true;
  return is_media(info) && (!video_in_segment_ || place_ms - *video_in_segment_ >= segment_ms);
}

/// Watches the timestamps of one track for a new beginning: time does not go back, so capture times go on from the
/// latest one.
void OpenStream::follow(const flv::TagInfo& info, std::int64_t place_ms) {
  if (is_video(info) && !last_is_video_) {
    last_is_video_ = true;
    last_ms_.reset();
  }
  if (is_video(info) == last_is_video_) {
    if (last_ms_ && place_ms + kInterleaveMs < *last_ms_) {
      anchor_ = Anchor{place_ms, latest_utc_, true};
      restarted_ = true;
    }
    last_ms_ = place_ms;
  }
  set_anchor(place_ms, true);
  if (is_video(info) == last_is_video_) latest_utc_ = std::max(latest_utc_, utc_of(place_ms));
}

/// begin.start is the capture time of the first tag, which may have a timestamp that has nothing to do with the
/// media's.
void OpenStream::set_anchor(std::int64_t place_ms, bool media) {
  if (!anchor_) {
    anchor_ = Anchor{place_ms, begin_.start, media};
  } else if (media && !anchor_->firm) {
    const std::int64_t apart = place_ms - anchor_->place_ms;
    if (apart > kInterleaveMs || apart < -kInterleaveMs) anchor_->place_ms = place_ms;
    anchor_->firm = true;
  }
}

UtcTime OpenStream::utc_of(std::int64_t place_ms) const {
  return std::clamp(anchor_->utc + milliseconds(place_ms - anchor_->place_ms), kFirstUtc, kLastUtc);
}

Result<> OpenStream::sync() {
  if (has_unsynced()) {
    if (const auto synced = writer_->sync(); !synced) return synced;
    note_synced();
  }
  return {};
}

Result<> OpenStream::disk_was_synced() {
  if (has_unsynced()) {
    writer_->disk_was_synced();
    note_synced();
  }
  return {};
}

void OpenStream::note_synced() {
  stored_ = writer_->stored().end;
  index_.put(writer_->stored(), false);
}

Result<> OpenStream::end() {
  auto done = write();
  // Nothing but script and config tags came: they are what the stream is.
  if (done && !writer_ && !leading_.empty()) done = create_segment({}, leading_.front().place_ms);
  if (done && writer_) done = finish_segment();
  if (done) tell_stored();
  return done;
}

void OpenStream::fail(std::error_code error) {
  if (writer_) {
    const std::string path = writer_->stored().path;
    if (const auto rest = writer_->abandon()) {
      stored_ = rest->end;
      index_.put(*rest, final_path(rest->path) == rest->path);
    } else {
      index_.remove(path);
    }
    writer_.reset();
  }
  forget_queued();
  tell_stored();
  if (events_.failed) events_.failed(failure_of(error, begin_.name.device, options_.root.string()));
}

void OpenStream::tell_stored() {
  if (stored_ == told_) return;
  told_ = stored_;
  if (events_.committed) events_.committed(stored_);
}

std::size_t OpenStream::queued_bytes() const {
  std::size_t bytes = 0;
  for (const Queued& queued : queued_) bytes += queued.unit->bytes.size();
  return bytes;
}

/// Of `queued_`, what the writer puts together.
std::size_t OpenStream::gathered_bytes() const {
  std::size_t bytes = 0;
  for (const Queued& queued : queued_)
    if (queued.unit->bytes.size() < SegmentWriter::kLargeTagBytes) bytes += queued.unit->bytes.size();
  return bytes;
}

void OpenStream::forget_queued() {
  link_->pending_bytes.fetch_sub(queued_bytes(), std::memory_order_relaxed);
  queued_.clear();
}

}  // namespace camspan::recordings
