#include "recordings/segment_writer.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <cerrno>

#include "proto/flv/timeline.hpp"
#include "recordings/segment_file.hpp"
#include "recordings/segment_name.hpp"

namespace camspan::recordings {
namespace {

// Large enough for few calls, small enough for a board.
constexpr std::size_t kGatherBytes = 1 << 20;
// More segments of one device in one millisecond are no recording.
constexpr unsigned kMaxCopies = 1000;

constexpr std::uint64_t kFlagsOffset = 4;

std::byte flag_of(std::uint8_t track) {
  switch (static_cast<flv::TagType>(track & 0x1f)) {
    case flv::TagType::audio:
      return std::byte{4};
    case flv::TagType::video:
      return std::byte{1};
    default:
      return {};
  }
}

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<> result_of(int error) {
  return error == 0 ? Result<>() : fail(file_error(error));
}

/// Makes the ".part" file under the first name that is free; `path.copy` becomes its number.
Result<File> create_file(const std::filesystem::path& root, SegmentPath& path) {
  for (path.copy = 0; path.copy < kMaxCopies; ++path.copy) {
    const std::filesystem::path part = root / format_segment_path(path);
    if (is_there(std::string(final_path(part.string())))) continue;
    if (path.copy == 0) {
      const int error = hal()->folder_create(part.parent_path().c_str());
      if (error != 0) return fail(file_error(error));
    }
    auto file = File::open(part.string(), HAL_FILE_READ | HAL_FILE_WRITE | HAL_FILE_CREATE | HAL_FILE_EXCLUSIVE);
    if (file || file.error() != file_error(EEXIST)) return file;
  }
  return fail(file_error(EEXIST));
}

}  // namespace

SegmentWriter::SegmentWriter(std::filesystem::path root, File file, Segment segment)
    : root_(std::move(root)), file_(std::move(file)), now_(std::move(segment)), stored_(now_) {}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(std::filesystem::path root, const Plan& plan) {
  SegmentPath path{plan.name.device, plan.name.channel, plan.start, 0, true, plan.boot};
  auto file = create_file(root, path);
  if (!file) return fail(file.error());
  Segment segment{.name = plan.name,
                  .path = format_segment_path(path),
                  .start = plan.start,
                  .first = plan.first,
                  .end = plan.first,
                  .base_ms = plan.base_ms};
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(root), std::move(*file), std::move(segment)));
  writer->dirty_ = writer->new_name_ = true;
  writer->gathered_ = flv::file_header(false, false);
  const auto metadata = static_cast<std::size_t>(!plan.head.empty() && flv::is_metadata(plan.head[0].tag->bytes));
  const Bytes stamp = make_stamp({.stream = plan.name.stream,
                                  .channel = plan.name.channel,
                                  .first = plan.first,
                                  .start = plan.start,
                                  .base_ms = plan.base_ms,
                                  .head = static_cast<unsigned>(plan.head.size() - metadata)});
  for (std::size_t i = 0; i <= plan.head.size(); ++i) {
    if (i == metadata) writer->gathered_.insert(writer->gathered_.end(), stamp.begin(), stamp.end());
    if (i == plan.head.size()) break;
    const HeadTag& head = plan.head[i];
    writer->add_rebased(head.tag->bytes, head.tag->track, head.place_ms);
  }
  writer->now_.bytes = writer->gathered_.size();
  return writer;
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::reopen(std::filesystem::path root, const Segment& segment) {
  Segment growing = segment;
  growing.path = std::string(final_path(segment.path)) + ".part";
  if (!parse_segment_path(growing.path)) return fail(Errc::wrong_type);
  const std::filesystem::path part = root / growing.path;
  if (!is_there(part)) {
    const int error = hal()->file_rename((root / final_path(growing.path)).c_str(), part.c_str());
    if (error != 0) return fail(file_error(error));
  }
  auto file = File::open(part.string(), HAL_FILE_READ | HAL_FILE_WRITE);
  if (!file) return fail(file.error());
  const auto size = file->size();
  if (!size) return fail(size.error());
  if (*size < segment.bytes) return fail(Errc::gap);
  const bool cut = *size > segment.bytes;
  if (cut) {
    if (const auto done = file->truncate(segment.bytes); !done) return fail(done.error());
  }
  std::byte flags{};
  if (const auto read = file->read(std::span(&flags, 1), kFlagsOffset); !read) return fail(read.error());
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(root), std::move(*file), std::move(growing)));
  writer->flags_ = writer->written_flags_ = flags;
  writer->dirty_ = cut;
  return writer;
}

void SegmentWriter::add_rebased(ByteView tag, std::uint8_t track, std::int64_t place_ms) {
  const std::size_t at = gathered_.size();
  gathered_.insert(gathered_.end(), tag.begin(), tag.end());
  flv::write_timestamp(&gathered_[at], flv::rebase(place_ms, now_.base_ms));
  // Some senders leave the trailer 0; here it must be right.
  store_be<flv::kTrailerBytes>(&gathered_[gathered_.size() - flv::kTrailerBytes], tag.size() - flv::kTrailerBytes);
  flags_ |= flag_of(track);
}

void SegmentWriter::expect(std::size_t bytes) {
  gathered_.reserve(gathered_.size() + std::min(bytes, kGatherBytes));
}

/// The header with what was gathered before, then the payload from where it lies.
Result<> SegmentWriter::add_large(ByteView tag, std::uint8_t track, std::int64_t place_ms) {
  const ByteView header = tag.first(flv::kTagHeaderBytes);
  const ByteView payload = tag.subspan(header.size(), tag.size() - header.size() - flv::kTrailerBytes);
  const std::size_t at = gathered_.size();
  gathered_.insert(gathered_.end(), header.begin(), header.end());
  flv::write_timestamp(&gathered_[at], flv::rebase(place_ms, now_.base_ms));
  flags_ |= flag_of(track);
  now_.bytes += header.size();
  if (const auto written = write(); !written) return written;
  if (const auto written = file_->write(payload, now_.bytes); !written) return written;
  now_.bytes += payload.size() + flv::kTrailerBytes;
  gathered_.resize(flv::kTrailerBytes);
  store_be<flv::kTrailerBytes>(gathered_.data(), tag.size() - flv::kTrailerBytes);
  return {};
}

Result<> SegmentWriter::add(ByteView tag, const flv::TagInfo& info, std::int64_t place_ms) {
  dirty_ = true;
  if (tag.size() < kLargeTagBytes) {
    add_rebased(tag, info.track, place_ms);
    now_.bytes += tag.size();
  } else if (const auto added = add_large(tag, info.track, place_ms); !added) {
    return added;
  }
  ++now_.end;
  const bool media = info.kind == UnitKind::key || info.kind == UnitKind::delta || info.kind == UnitKind::audio;
  if (media) now_.duration = std::max(now_.duration, std::chrono::milliseconds(place_ms - now_.base_ms));
  return gathered_.size() >= kGatherBytes ? write() : Result<>();
}

Result<> SegmentWriter::write() {
  if (gathered_.empty()) return {};
  const std::uint64_t offset = now_.bytes - gathered_.size();
  if (offset == 0) gathered_[kFlagsOffset] = written_flags_ = flags_;
  const auto written = file_->write(gathered_, offset);
  if (!written) return written;
  Bytes().swap(gathered_);  // the next writer finds the memory in the cache; assigning {} would keep it
  return write_flags();
}

/// The header was written before a track came that nobody expected.
Result<> SegmentWriter::write_flags() {
  if (flags_ == written_flags_) return {};
  const auto written = file_->write(ByteView(&flags_, 1), kFlagsOffset);
  if (written) written_flags_ = flags_;
  return written;
}

Result<> SegmentWriter::sync() {
  if (!dirty_) return {};
  auto done = write().and_then([&] { return file_->sync(); });
  if (done && new_name_) done = result_of(hal()->folder_sync((root_ / now_.path).parent_path().c_str()));
  if (done) disk_was_synced();
  return done;
}

void SegmentWriter::disk_was_synced() {
  dirty_ = new_name_ = false;
  stored_ = now_;
}

Result<> SegmentWriter::finish() {
  if (const auto synced = sync(); !synced) return synced;
  return close_and_rename();
}

Result<> SegmentWriter::close_and_rename() {
  file_.reset();
  SegmentPath path = *parse_segment_path(now_.path);
  path.part = false;
  // Somebody may have put another file under the name meanwhile.
  while (is_there(root_ / format_segment_path(path)) && path.copy < kMaxCopies) ++path.copy;
  std::string final = format_segment_path(path);
  const int error = hal()->file_rename(full(now_.path).c_str(), full(final).c_str());
  if (error != 0) return fail(file_error(error));
  now_.path = stored_.path = std::move(final);
  return {};
}

std::optional<Segment> SegmentWriter::abandon() {
  if (stored_.bytes == 0) {
    file_.reset();
    hal()->file_remove(full(stored_.path).c_str());
    return std::nullopt;
  }
  // What cannot be cut or renamed now is put right by the next start, or when the stream goes on.
  if (file_ && file_->truncate(stored_.bytes)) static_cast<void>(close_and_rename());
  return stored_;
}

}  // namespace camspan::recordings
