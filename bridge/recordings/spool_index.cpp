#include "recordings/spool_index.hpp"

#include <camspan/hal.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/time.hpp"
#include "recordings/boot_clock.hpp"
#include "recordings/segment_name.hpp"
#include "recordings/spool_reader.hpp"

namespace camspan::recordings {
namespace {

// File header, stamp, metadata and decoder configuration of a segment that begins with the next commit: some hundred
// bytes, of which a commit begins two at most.
constexpr std::uint64_t kHeadRoom = 8 << 10;

bool older(const SpooledSegment& a, const SpooledSegment& b) {
  return std::pair(a.segment.start, a.segment.first) < std::pair(b.segment.start, b.segment.first);
}

std::string key_of(const std::string& path) {
  return std::string(final_path(path));
}

}  // namespace

SpoolIndex::SpoolIndex(std::filesystem::path root, std::uint64_t max_bytes, std::function<void(SpoolLevel)> changed)
    : root_(std::move(root)), max_bytes_(max_bytes), changed_(std::move(changed)) {}

void SpoolIndex::put(const Segment& segment, bool finished) {
  const auto entry = rows_.try_emplace(key_of(segment.path)).first;
  Row& row = entry->second;
  bytes_ += segment.bytes - row.spooled.segment.bytes;
  row.spooled.segment = segment;
  row.finished = finished;
  if (finished) {
    learn(row);
    settle(entry);
  }
  tell();
}

/// Reads what only the file and its name know.
void SpoolIndex::learn(Row& row) const {
  SpooledSegment& spooled = row.spooled;
  // The name counts: the file may have been named anew since it was written.
  if (const auto path = parse_segment_path(spooled.segment.path)) {
    spooled.this_boot = path->boot.empty() || path->boot == boot_id();
    if (path->boot.empty() && spooled.segment.start < kClockSet) spooled.segment.start = path->start;
  }
  if (auto reader = SpoolReader::open(root_, spooled.segment)) spooled.payload_bytes = reader->payload_bytes();
}

void SpoolIndex::settle(Rows::iterator row) {
  const auto known = acknowledged_.find(row->second.spooled.segment.name.stream);
  if (known != acknowledged_.end() && row->second.spooled.segment.end <= known->second) {
    erase(row, false);
    return;
  }
  Row copy = row->second;
  if (!name_by_date(copy)) return;
  rows_.erase(row);
  rows_[copy.spooled.segment.path] = std::move(copy);
}

/// @return true when the row has another path now
bool SpoolIndex::name_by_date(Row& row) const {
  Segment& segment = row.spooled.segment;
  auto path = parse_segment_path(segment.path);
  if (!path || path->boot.empty() || path->boot != boot_id()) return false;
  const auto date = date_of(segment.start);
  if (!date) return false;
  path->boot.clear();
  path->start = *date;
  for (path->copy = 0; std::filesystem::exists(root_ / format_segment_path(*path)); ++path->copy) {
  }
  const std::string name = format_segment_path(*path);
  const std::filesystem::path target = root_ / name;
  int error = hal()->folder_create(target.parent_path().c_str());
  if (error == 0) error = hal()->file_rename((root_ / segment.path).c_str(), target.c_str());
  if (error != 0) {
    log::warn("spool", "cannot rename ", segment.path, ": ", file_error(error).message());
    return false;
  }
  hal()->file_remove((root_ / segment.path).parent_path().c_str());  // if it was the last one
  segment.path = name;
  segment.start = *date;
  return true;
}

void SpoolIndex::settle_clock() {
  std::vector<std::string> unnamed;
  for (const auto& [path, row] : rows_)
    if (row.finished && row.spooled.this_boot && row.spooled.segment.start < kClockSet) unnamed.push_back(path);
  for (const std::string& path : unnamed) settle(rows_.find(path));
  if (!unnamed.empty()) tell();
}

void SpoolIndex::remove(const std::string& path) {
  const auto row = rows_.find(key_of(path));
  if (row == rows_.end()) return;
  bytes_ -= row->second.spooled.segment.bytes;
  rows_.erase(row);
  tell();
}

std::optional<Segment> SpoolIndex::last_of(const StreamName&) const {
  return std::nullopt;
}

std::vector<std::string> SpoolIndex::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, row] : rows_) paths.push_back(row.spooled.segment.path);
  return paths;
}

std::uint64_t SpoolIndex::bytes_of(const std::string& path) const {
  const auto row = rows_.find(key_of(path));
  return row == rows_.end() ? 0 : row->second.spooled.segment.bytes;
}

SpoolIndex::Rows::iterator SpoolIndex::erase(Rows::iterator row, bool lost) {
  const SpooledSegment& spooled = row->second.spooled;
  if (const auto removed = remove_segment_file(root_, spooled.segment.path); !removed)
    log::warn("spool", "cannot remove ", spooled.segment.path, ": ", removed.error().message());
  if (lost) {
    dropped_bytes_ += spooled.payload_bytes;
    dropped_tags_ += spooled.segment.end - spooled.segment.first;
  }
  bytes_ -= spooled.segment.bytes;
  return rows_.erase(row);
}

Result<> SpoolIndex::make_room(std::uint64_t bytes) {
  const std::uint64_t wanted = bytes + kHeadRoom;
  bool dropped = false;
  while (bytes_ + wanted > max_bytes_) {
    auto oldest = rows_.end();
    for (auto row = rows_.begin(); row != rows_.end(); ++row) {
      if (!row->second.finished || row->first == uploading_) continue;
      if (oldest == rows_.end() || older(row->second.spooled, oldest->second.spooled)) oldest = row;
    }
    if (oldest == rows_.end()) break;
    erase(oldest, true);
    dropped = true;
  }
  if (dropped) tell();
  return bytes_ + wanted > max_bytes_ ? fail(Errc::no_space) : Result<>();
}

void SpoolIndex::acknowledged(const std::string& stream, std::uint64_t tags) {
  std::uint64_t& known = acknowledged_[stream];
  known = std::max(known, tags);
  bool any = false;
  for (auto row = rows_.begin(); row != rows_.end();) {
    const Segment& segment = row->second.spooled.segment;
    const bool over = row->second.finished && segment.name.stream == stream && segment.end <= known;
    any = any || over;
    row = over ? erase(row, false) : std::next(row);
  }
  if (any) tell();
}

void SpoolIndex::done(const std::string& path, bool lost) {
  if (const auto row = rows_.find(path); row != rows_.end()) {
    erase(row, lost);
    tell();
  }
}

void SpoolIndex::drop() {
  for (auto row = rows_.begin(); row != rows_.end();) row = row->second.finished ? erase(row, true) : std::next(row);
  tell();
}

SpoolLevel SpoolIndex::level() const {
  SpoolLevel level;
  for (const auto& [path, row] : rows_) {
    const UtcTime start = row.spooled.segment.start;
    if (row.finished) level.segments.push_back(row.spooled);
    if (start >= kClockSet && (!level.oldest || start < *level.oldest)) level.oldest = start;
  }
  std::ranges::stable_sort(level.segments, older);
  level.bytes = bytes_;
  level.dropped_bytes = dropped_bytes_;
  level.dropped_tags = dropped_tags_;
  return level;
}

void SpoolIndex::tell() const {
  changed_(level());
}

}  // namespace camspan::recordings
