#include "recordings/segment_reader.hpp"

#include <algorithm>
#include <utility>

#include "recordings/segment_scan.hpp"
#include "recordings/segment_search.hpp"

namespace camspan::recordings {
namespace {

using std::chrono::milliseconds;

// Between the last tag of a stream and the first of another: a frame at 25 fps.
constexpr std::int64_t kBetweenStreamsMs = 40;
// Further back than audio and video lie apart (open_stream.cpp): the timestamps of the stream began anew.
constexpr std::int64_t kRestartMs = 1000;
// Pieces are gathered in memory of this much at once.
constexpr std::size_t kReserveBytes = 256 << 10;

std::int64_t place_of(const Unit& tag) {
  return flv::Timeline(0).place(flv::inspect(tag.bytes).value_or(flv::TagInfo{}).timestamp_ms);
}

Bytes at_timestamp(ByteView tag, std::int64_t timestamp_ms) {
  Bytes copy(tag.begin(), tag.end());
  flv::write_timestamp(copy.data(), flv::rebase(timestamp_ms, 0));
  return copy;
}

}  // namespace

Result<std::unique_ptr<RangeReader>> RangeReader::open(std::filesystem::path root, std::vector<Segment> segments,
                                                       TimeRange range) {
  std::unique_ptr<RangeReader> reader(new RangeReader(std::move(root), std::move(segments), range));
  if (const auto begun = reader->begin(); !begun) return fail(begun.error());
  return reader;
}

Result<> RangeReader::begin() {
  auto start = find_start(root_, segments_, range_.start);
  if (!start) return fail(start.error());
  if (!*start) return fail(Errc::not_found);
  const StartPoint& point = **start;
  current_ = point.segment;
  auto file = open_segment_file(root_, segments_[current_]);
  if (!file) return fail(file.error());
  file_ = std::move(*file);
  if (after_end(point.tag)) return fail(Errc::not_found);
  // Repeated head tags have no time of their own.
  const auto earliest = earliest_place(*file_, point.tag, point.first ? point.head : flv::Head());
  if (!earliest) return fail(earliest.error());
  offset_ms_ = -*earliest;
  start_time_ = segments_[current_].start + milliseconds(*earliest);
  ready_.push_back(flv::file_header(file_->has_audio(), file_->has_video()));
  for (const SharedUnit& tag : point.head.tags()) send_unit(tag, point.first ? place_of(*tag) + offset_ms_ : 0);
  return {};
}

bool RangeReader::after_end(const TagAt& tag) const {
  return range_.end && tag.media() && segments_[current_].start + milliseconds(tag.place_ms) >= *range_.end;
}

/// Makes the next tag ready. @return false at the end
Result<bool> RangeReader::advance() {
  if (!file_) return false;
  const auto tag = file_->next();
  if (!tag) return fail(tag.error());
  if (!*tag) return open_next();
  if (after_end(**tag)) {
    file_.reset();
    return false;
  }
  if (const auto sent = send(**tag); !sent) return fail(sent.error());
  return true;
}

/// Goes on with the next segment that can be played. @return false when there is none
Result<bool> RangeReader::open_next() {
  const Segment before = segments_[current_];
  file_.reset();
  while (!file_ && ++current_ < segments_.size()) {
    const Segment& segment = segments_[current_];
    if (range_.end && segment.start >= *range_.end) return false;
    auto file = open_segment_file(root_, segment);
    if (!file && !is_unplayable(file.error())) return fail(file.error());
    if (file) file_ = std::move(*file);
  }
  if (!file_) return false;
  std::vector<SharedUnit> head;
  auto tag = file_->next();
  for (; tag && *tag && (*tag)->head; tag = file_->next()) {
    auto unit = file_->unit_of(**tag);
    if (!unit) return fail(unit.error());
    head.push_back(std::move(*unit));
  }
  if (!tag) return fail(tag.error());
  std::int64_t earliest = 0;
  if (*tag) {
    const auto found = earliest_place(*file_, **tag, {});
    if (!found) return fail(found.error());
    earliest = *found;
  }
  const std::int64_t same_offset_ms = offset_ms_ + segments_[current_].base_ms - before.base_ms;
  const bool goes_on = before.name == segments_[current_].name && !is_restart(earliest + same_offset_ms);
  offset_ms_ = goes_on ? same_offset_ms : last_out_ms_ + kBetweenStreamsMs - earliest;
  for (const SharedUnit& unit : head) {
    if (!head_.holds(*unit)) send_unit(unit, goes_on ? place_of(*unit) + offset_ms_ : earliest + offset_ms_);
  }
  return true;
}

/// Time in the FLV does not go back, whatever the stream's does.
bool RangeReader::is_restart(std::int64_t out_ms) const {
  return out_ms + kRestartMs < last_out_ms_;
}

Result<> RangeReader::send(const TagAt& tag) {
  if (tag.media() && is_restart(tag.place_ms + offset_ms_))
    offset_ms_ = last_out_ms_ + kBetweenStreamsMs - tag.place_ms;
  const std::int64_t out_ms = tag.place_ms + offset_ms_;
  if (flv::Head::may_belong(tag.info)) {
    const auto unit = file_->unit_of(tag);
    if (!unit) return fail(unit.error());
    send_unit(*unit, out_ms);
    return {};
  }
  if (tag.media()) last_out_ms_ = std::max(last_out_ms_, out_ms);
  Bytes header(flv::kTagHeaderBytes);
  if (const auto read = file_->read(tag, 0, header); !read) return read;
  ready_.push_back(at_timestamp(header, out_ms));
  body_ = Body{tag, flv::kTagHeaderBytes};
  return {};
}

void RangeReader::send_unit(const SharedUnit& unit, std::int64_t out_ms) {
  ready_.push_back(at_timestamp(unit->bytes, out_ms));
  head_.put(unit);
}

Result<std::optional<Bytes>> RangeReader::next(std::size_t max_bytes) {
  Bytes out;
  out.reserve(std::min(max_bytes, kReserveBytes));
  while (out.size() < max_bytes) {
    const std::size_t room = max_bytes - out.size();
    if (!ready_.empty()) {
      const ByteView left = ByteView(ready_.front()).subspan(ready_from_);
      const ByteView part = left.first(std::min(left.size(), room));
      out.insert(out.end(), part.begin(), part.end());
      ready_from_ += part.size();
      if (part.size() < left.size()) continue;
      ready_.pop_front();
      ready_from_ = 0;
    } else if (body_) {
      if (const auto appended = append_body(out, room); !appended) return fail(appended.error());
    } else {
      const auto more = advance();
      if (!more) return fail(more.error());
      if (!*more) break;
    }
  }
  if (out.empty()) return std::optional<Bytes>();
  return std::optional(std::move(out));
}

Result<> RangeReader::append_body(Bytes& out, std::size_t room) {
  const std::size_t size = std::min(room, body_->tag.bytes() - body_->from);
  const std::size_t at = out.size();
  out.resize(at + size);
  if (const auto read = file_->read(body_->tag, body_->from, std::span(out).subspan(at)); !read) return read;
  body_->from += size;
  if (body_->from == body_->tag.bytes()) body_.reset();
  return {};
}

Result<KeyFrame> read_key_frame(const std::filesystem::path& root, const std::vector<Segment>& segments, UtcTime at) {
  const auto found = find_key_frame(root, segments, at);
  if (!found) return fail(found.error());
  if (!*found) return fail(Errc::not_found);
  const StartPoint& point = **found;
  const auto file = open_segment_file(root, segments[point.segment]);
  if (!file) return fail(file.error());
  const auto key = file->unit_of(point.tag);
  if (!key) return fail(key.error());
  KeyFrame frame{segments[point.segment].start + milliseconds(point.tag.place_ms), flv::file_header(false, true)};
  const auto append = [&](const Unit& tag) {
    const Bytes moved = at_timestamp(tag.bytes, 0);
    frame.flv.insert(frame.flv.end(), moved.begin(), moved.end());
  };
  for (const SharedUnit& tag : point.head.tags()) {
    if ((tag->track & 0x1f) != static_cast<std::uint8_t>(flv::TagType::audio)) append(*tag);
  }
  append(**key);
  return frame;
}

}  // namespace camspan::recordings
