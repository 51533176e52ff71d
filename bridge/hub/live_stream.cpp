#include "hub/live_stream.hpp"

#include <algorithm>
#include <utility>

#include "proto/ws/frame.hpp"

namespace camspan::hub {

namespace {

Bytes message_header(const Unit& unit, std::uint64_t) {
  return ws::frame_header(ws::Opcode::binary, unit.bytes.size());
}

// The cache and a viewer's queue each hold half of what one viewer may cost when nobody else watches.
flv::FanOut::Limits with_cache(flv::FanOut::Limits limits) {
  limits.cache_bytes = limits.max_bytes / 2;
  return limits;
}

}  // namespace

flv::SharedPiece frame(SharedUnit unit) {
  Bytes header = message_header(*unit, 0);
  return std::make_shared<const flv::Piece>(flv::Piece{std::move(unit), std::move(header)});
}

LiveStream::LiveStream(flv::FanOut::Limits limits) : fan_out_(with_cache(limits), message_header) {}

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
  fan_out_.clear();
  shown_ = Shown{upload.stream, upload.start};
  for (const SharedUnit& tag : upload.head.tags()) fan_out_.deliver(tag, {});
}

void LiveStream::push_head(const std::string& stream, const SharedUnit& tag, TimePoint now) {
  if (Upload* upload = find(stream)) upload->head.put(tag);
  // A stream that goes on before its viewers has given them these tags already.
  if (shown_ && shown_->stream == stream && !shown_->begun) fan_out_.deliver(tag, now);
}

void LiveStream::push(const std::string& stream, std::uint64_t number, const SharedUnit& tag, TimePoint now) {
  Upload* upload = find(stream);
  if (!upload) return;
  upload->head.put(tag);
  if (!shown_ || shown_->stream != stream || number < shown_->next) return;
  shown_->next = number + 1;
  shown_->begun = true;
  fan_out_.deliver(tag, now);
}

void LiveStream::close(const std::string& stream, TimePoint now) {
  std::erase_if(uploads_, [&](const Upload& upload) { return upload.stream == stream; });
  if (!shown_ || shown_->stream != stream) return;
  shown_->open = false;
  shown_->closed_at = now;
}

std::vector<SharedUnit> LiveStream::join(flv::Viewer& viewer) {
  auto opening = fan_out_.join(viewer);
  opening.head.insert(opening.head.end(), opening.units.begin(), opening.units.end());
  return std::move(opening.head);
}

void LiveStream::tick(TimePoint now) {
  fan_out_.tick(now);
  if (!shown_ || shown_->open || now - shown_->closed_at < kGrace) return;
  shown_.reset();
  end_viewers();
  fan_out_.clear();
  choose();
}

}  // namespace camspan::hub
