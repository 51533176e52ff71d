#include "hub/sqlite_index.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "recordings/segment_name.hpp"

namespace camspan::hub {
namespace {

using recordings::Segment;

constexpr std::string_view kPart = ".part";

constexpr std::string_view kColumns =
    "path, device, channel, stream, start_ms, duration_ms, bytes, first_tag, end_tag, base_ms, finished";

std::string select(std::string_view rest) {
  return "SELECT " + std::string(kColumns) + " FROM segments " + std::string(rest);
}

UtcTime time_of(std::int64_t ms) {
  return UtcTime(std::chrono::milliseconds(ms));
}
std::int64_t ms_of(UtcTime time) {
  return time.time_since_epoch().count();
}

Segment read(const Statement& row) {
  Segment segment;
  segment.path = row.text(0);
  if (row.integer(10) == 0) segment.path += kPart;
  segment.name = {row.text(1), static_cast<unsigned>(row.integer(2)), row.text(3)};
  segment.start = time_of(row.integer(4));
  segment.duration = std::chrono::milliseconds(row.integer(5));
  segment.bytes = static_cast<std::uint64_t>(row.integer(6));
  segment.first = static_cast<std::uint64_t>(row.integer(7));
  segment.end = static_cast<std::uint64_t>(row.integer(8));
  segment.base_ms = row.integer(9);
  return segment;
}

}  // namespace

tl::expected<std::unique_ptr<SqliteIndex>, Failure> SqliteIndex::open(const std::filesystem::path& file,
                                                                      Changed changed) {
  auto database = Database::open(file, Database::Durability::recent_may_go);
  if (!database) return tl::unexpected(std::move(database.error()));
  std::unique_ptr<SqliteIndex> index(new SqliteIndex(std::move(*database), std::move(changed)));
  if (const auto read = index->read_ranges(); !read)
    return tl::unexpected(Failure{read.error(), "cannot read the segments in " + file.string() +
                                                    ": move it away and start again; it is rebuilt from the files."});
  return index;
}

SqliteIndex::SqliteIndex(Database database, Changed changed)
    : database_(std::move(database)),
      changed_(std::move(changed)),
      put_(database_.prepare("INSERT OR REPLACE INTO segments (" + std::string(kColumns) +
                             ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")),
      update_(database_.prepare(
          "UPDATE segments SET duration_ms = ?1, bytes = ?2, end_tag = ?3, finished = ?4 WHERE path = ?5")),
      remove_(database_.prepare("DELETE FROM segments WHERE path = ?1")),
      first_of_(database_.prepare("SELECT min(start_ms) FROM segments WHERE device = ?1")),
      put_meta_(
          database_.prepare("INSERT OR REPLACE INTO streams (device, channel, stream, meta) VALUES (?1, ?2, ?3, ?4)")),
      put_end_(database_.prepare("INSERT OR REPLACE INTO ends (path, reason) VALUES (?1, ?2)")),
      remove_end_(database_.prepare("DELETE FROM ends WHERE path = ?1")),
      put_expired_(database_.prepare(
          "INSERT INTO expired SELECT device, channel, start_ms, start_ms + duration_ms FROM segments WHERE path = ?1 "
          "ON CONFLICT DO UPDATE SET from_ms = min(from_ms, excluded.from_ms), to_ms = max(to_ms, excluded.to_ms)")),
      older_(database_.prepare(
          "SELECT path FROM segments WHERE finished = 1 AND start_ms + duration_ms < ?1 ORDER BY start_ms")),
      oldest_of_(
          database_.prepare("SELECT path, bytes FROM segments WHERE finished = 1 AND device = ?1 ORDER BY start_ms")),
      find_(database_.prepare(select("WHERE path = ?1"))),
      last_of_(database_.prepare(
          select("WHERE device = ?1 AND channel = ?2 AND stream = ?3 ORDER BY end_tag DESC LIMIT 1"))),
      paths_(database_.prepare("SELECT path, finished FROM segments")),
      lost_(database_) {}

Result<> SqliteIndex::read_ranges() {
  if (const auto lost = lost_.read(); !lost) return lost;
  Statement sums = database_.prepare(
      "SELECT device, min(start_ms), max(start_ms + duration_ms), sum(bytes) FROM segments GROUP BY device");
  for (;;) {
    const auto row = sums.step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    ranges_[sums.text(0)] = {time_of(sums.integer(1)), time_of(sums.integer(2)),
                             static_cast<std::uint64_t>(sums.integer(3))};
  }
}

void SqliteIndex::tell_all() const {
  std::map<std::string, Change> devices;
  for (const auto& [device, range] : ranges_) devices[device] = {device, range};
  for (const auto& [device, lost] : lost_.all()) {
    devices[device].device = device;
    devices[device].lost_tags = lost;
  }
  std::vector<Change> all;
  for (const auto& [device, change] : devices) all.push_back(change);
  changed_(std::move(all));
}

void SqliteIndex::failed(const std::error_code& error) const {
  // The files have it all: what is missing here is put back at the next start.
  log::warn("hub", "a segment could not be noted in hub.sqlite: ", error.message());
}

void SqliteIndex::put(const Segment& segment, bool) {
  // One row from its beginning on, under the name it will have when it is finished.
  const std::string_view path = recordings::final_path(segment.path);
  const bool finished = path.size() == segment.path.size();
  const auto grown = growing_.find(path);
  const std::uint64_t known = grown != growing_.end() ? grown->second : bytes_of(segment.path);
  if (grown == growing_.end() || !update(segment, path, finished)) {
    if (const auto done = insert(segment, path, finished); !done) return failed(done.error());
  }
  if (finished)
    growing_.erase(std::string(path));
  else
    growing_[std::string(path)] = segment.bytes;

  lost_.stored(segment.name, segment.end);
  const UtcTime end = segment.start + segment.duration;
  const auto [entry, is_new] = ranges_.try_emplace(segment.name.device, RecordedRange{segment.start, end, 0});
  RecordedRange& range = entry->second;
  range.from = std::min(range.from, segment.start);
  range.to = std::max(range.to, end);
  range.bytes = range.bytes + segment.bytes - known;
  note(segment.name.device, range);
}

/// What changes while a segment grows. @return false: it has no row (a batch may have failed), or no write was possible
bool SqliteIndex::update(const Segment& segment, std::string_view path, bool finished) {
  update_.bind(1, segment.duration.count());
  update_.bind(2, static_cast<std::int64_t>(segment.bytes));
  update_.bind(3, static_cast<std::int64_t>(segment.end));
  update_.bind(4, std::int64_t{finished});
  update_.bind(5, path);
  return update_.step().has_value() && database_.changes() == 1;
}

Result<> SqliteIndex::insert(const Segment& segment, std::string_view path, bool finished) {
  put_.bind(1, path);
  put_.bind(2, segment.name.device);
  put_.bind(3, std::int64_t{segment.name.channel});
  put_.bind(4, segment.name.stream);
  put_.bind(5, ms_of(segment.start));
  put_.bind(6, segment.duration.count());
  put_.bind(7, static_cast<std::int64_t>(segment.bytes));
  put_.bind(8, static_cast<std::int64_t>(segment.first));
  put_.bind(9, static_cast<std::int64_t>(segment.end));
  put_.bind(10, segment.base_ms);
  put_.bind(11, std::int64_t{finished});
  if (const auto done = put_.step(); !done) return fail(done.error());
  if (finished) return {};
  // It goes on.
  remove_end_.bind(1, path);
  static_cast<void>(remove_end_.step());
  unwritten_ends_.erase(std::string(path));
  return {};
}

void SqliteIndex::note(const std::string& device, const std::optional<RecordedRange>& range) {
  changes_.push_back({device, range, lost_.of(device)});
  if (!batch_) changed_(std::exchange(changes_, {}));
}

void SqliteIndex::begin_batch() {
  batch_ = true;
  database_.begin();
}

void SqliteIndex::end_batch() {
  batch_ = false;
  const auto done = database_.commit();
  // After the commit: whoever hears of it finds it.
  if (!changes_.empty()) changed_(std::exchange(changes_, {}));
  if (!done) return failed(done.error());
  std::erase_if(unwritten_ends_, [this](const auto& end) { return write_end(end.first, end.second); });
}

void SqliteIndex::remove(const std::string& path) {
  const std::string_view key = recordings::final_path(path);
  find_.bind(1, key);
  const auto found = find_.step();
  if (!found || !*found) return;
  const Segment segment = read(find_);
  find_.reset();
  growing_.erase(std::string(key));
  remove_.bind(1, key);
  if (const auto done = remove_.step(); !done) return failed(done.error());
  remove_end_.bind(1, key);
  static_cast<void>(remove_end_.step());

  const std::string& device = segment.name.device;
  const auto entry = ranges_.find(device);
  if (entry == ranges_.end()) return;
  first_of_.bind(1, device);
  const auto first = first_of_.step();
  if (first && *first && !first_of_.is_null(0)) {
    entry->second.from = time_of(first_of_.integer(0));
    entry->second.bytes -= segment.bytes;
    note(device, entry->second);
  } else {
    ranges_.erase(entry);
    note(device, std::nullopt);
  }
  first_of_.reset();
}

std::optional<Segment> SqliteIndex::last_of(const recordings::StreamName& name) const {
  last_of_.bind(1, name.device);
  last_of_.bind(2, std::int64_t{name.channel});
  last_of_.bind(3, name.stream);
  const auto row = last_of_.step();
  if (!row || !*row) return std::nullopt;
  Segment segment = read(last_of_);
  last_of_.reset();
  return segment;
}

std::vector<std::string> SqliteIndex::paths() const {
  std::vector<std::string> paths;
  paths_.reset();
  for (auto row = paths_.step(); row && *row; row = paths_.step()) {
    paths.push_back(paths_.text(0));
    if (paths_.integer(1) == 0) paths.back() += kPart;
  }
  return paths;
}

std::uint64_t SqliteIndex::bytes_of(const std::string& path) const {
  find_.bind(1, recordings::final_path(path));
  const auto found = find_.step();
  const std::uint64_t bytes = found && *found ? static_cast<std::uint64_t>(find_.integer(6)) : 0;
  find_.reset();
  return bytes;
}

std::uint64_t SqliteIndex::end_of(const recordings::StreamName& name) const {
  const auto last = last_of(name);
  return last ? last->end : 0;
}

void SqliteIndex::note_lost(const std::string& device) {
  const auto range = ranges_.find(device);
  note(device, range == ranges_.end() ? std::nullopt : std::optional(range->second));
}

void SqliteIndex::put_count(const recordings::StreamName& name, std::uint64_t tags) {
  if (lost_.expect(name, tags, end_of(name))) note_lost(name.device);
}

void SqliteIndex::put_rest(const recordings::StreamName& name, const recordings::StreamName& rest) {
  if (lost_.add_rest(name, rest, end_of(rest))) note_lost(name.device);
}

void SqliteIndex::put_meta(const recordings::StreamName& name, const std::string& meta) {
  put_meta_.bind(1, name.device);
  put_meta_.bind(2, std::int64_t{name.channel});
  put_meta_.bind(3, name.stream);
  put_meta_.bind(4, meta);
  if (const auto done = put_meta_.step(); !done) failed(done.error());
}

bool SqliteIndex::write_end(const std::string& path, EndReason reason) {
  put_end_.bind(1, path);
  put_end_.bind(2, to_string(reason));
  return put_end_.step().has_value();
}

void SqliteIndex::put_end(const recordings::StreamName& name, EndReason reason) {
  const auto last = last_of(name);
  if (!last) return;
  const std::string path(recordings::final_path(last->path));
  growing_.erase(path);  // if it goes on, the row is made anew, and the end forgotten
  if (!write_end(path, reason)) unwritten_ends_[path] = reason;
}

void SqliteIndex::put_expired(const std::string& path) {
  put_expired_.bind(1, path);
  if (const auto done = put_expired_.step(); !done) failed(done.error());
}

void SqliteIndex::expire_by_age(UtcTime oldest, std::vector<std::string>& paths) {
  older_.bind(1, ms_of(oldest));
  for (auto row = older_.step(); row && *row; row = older_.step()) paths.push_back(older_.text(0));
}

void SqliteIndex::expire_by_size(const std::string& device, std::uint64_t excess, std::vector<std::string>& paths) {
  oldest_of_.bind(1, device);
  for (auto row = oldest_of_.step(); excess > 0 && row && *row; row = oldest_of_.step()) {
    const auto bytes = static_cast<std::uint64_t>(oldest_of_.integer(1));
    excess -= std::min(excess, bytes);
    paths.push_back(oldest_of_.text(0));
  }
  oldest_of_.reset();
}

std::vector<std::string> SqliteIndex::expired(UtcTime oldest, std::uint64_t max_bytes) {
  std::vector<std::string> paths;
  expire_by_age(oldest, paths);
  for (const auto& [device, range] : ranges_)
    if (range.bytes > max_bytes) expire_by_size(device, range.bytes - max_bytes, paths);
  // A segment that is both too old and in excess stands there twice.
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

tl::expected<std::unique_ptr<IndexReader>, Failure> IndexReader::open(const std::filesystem::path& file) {
  auto database = Database::open(file, Database::Durability::recent_may_go);
  if (!database) return tl::unexpected(std::move(database.error()));
  return std::unique_ptr<IndexReader>(new IndexReader(std::move(*database)));
}

IndexReader::IndexReader(Database database)
    : database_(std::move(database)),
      list_(database_.prepare(select("WHERE device = ?1 AND channel = ?2 AND start_ms <= ?4 AND "
                                     "start_ms + duration_ms >= ?3 ORDER BY start_ms, path"))),
      before_(database_.prepare("SELECT max(start_ms + duration_ms) FROM segments WHERE device = ?1 AND channel = ?2 "
                                "AND start_ms <= ?3")),
      after_(
          database_.prepare("SELECT min(start_ms) FROM segments WHERE device = ?1 AND channel = ?2 AND start_ms > ?3")),
      metas_(database_.prepare("SELECT stream, meta FROM streams WHERE device = ?1 AND channel = ?2")),
      ends_(database_.prepare(
          "SELECT start_ms, start_ms + duration_ms, reason, (SELECT tags - stored - (SELECT coalesce(sum(r.stored), 0) "
          "FROM rests AS r WHERE r.device = ?1 AND r.channel = ?2 AND r.stream = c.stream) FROM counts AS c WHERE "
          "c.device = ?1 AND c.channel = ?2 AND c.stream = segments.stream AND c.stored = end_tag) FROM segments LEFT "
          "JOIN ends USING (path) WHERE device = ?1 AND channel = ?2 AND start_ms <= ?4 AND start_ms + duration_ms >= "
          "coalesce((SELECT max(start_ms + "
          "duration_ms) FROM segments WHERE device = ?1 AND channel = ?2 AND start_ms <= ?3), ?3) ORDER BY start_ms")),
      expired_(database_.prepare("SELECT from_ms, to_ms FROM expired WHERE device = ?1 AND channel = ?2")) {}

Result<std::vector<Segment>> IndexReader::list(const DeviceId& device, unsigned channel, UtcTime from, UtcTime to) {
  list_.bind(1, device.str());
  list_.bind(2, std::int64_t{channel});
  list_.bind(3, ms_of(from));
  list_.bind(4, ms_of(to));
  std::vector<Segment> segments;
  for (;;) {
    const auto row = list_.step();
    if (!row) return fail(row.error());
    if (!*row) return segments;
    segments.push_back(read(list_));
  }
}

Result<IndexReader::Nearest> IndexReader::nearest(const DeviceId& device, unsigned channel, UtcTime at) {
  Nearest nearest;
  for (auto [statement, result] : {std::pair(&before_, &nearest.before), std::pair(&after_, &nearest.after)}) {
    statement->bind(1, device.str());
    statement->bind(2, std::int64_t{channel});
    statement->bind(3, ms_of(at));
    const auto row = statement->step();
    if (!row) return fail(row.error());
    if (*row && !statement->is_null(0)) *result = time_of(statement->integer(0));
    statement->reset();
  }
  return nearest;
}

Result<std::optional<Span>> IndexReader::expired(const DeviceId& device, unsigned channel) {
  expired_.bind(1, device.str());
  expired_.bind(2, std::int64_t{channel});
  const auto row = expired_.step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Span>{};
  const Span span{time_of(expired_.integer(0)), time_of(expired_.integer(1))};
  expired_.reset();
  return std::optional(span);
}

Result<std::vector<Gap>> IndexReader::gaps(const DeviceId& device, unsigned channel, UtcTime from, UtcTime to) {
  const auto removed = expired(device, channel);
  if (!removed) return fail(removed.error());
  ends_.bind(1, device.str());
  ends_.bind(2, std::int64_t{channel});
  ends_.bind(3, ms_of(from));
  ends_.bind(4, ms_of(to));
  std::vector<RecordedSpan> segments;
  for (;;) {
    const auto row = ends_.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const auto end = ends_.is_null(2) ? std::nullopt : parse_end_reason(ends_.text(2));
    const auto lost = static_cast<std::uint64_t>(std::max<std::int64_t>(ends_.is_null(3) ? 0 : ends_.integer(3), 0));
    segments.push_back({{time_of(ends_.integer(0)), time_of(ends_.integer(1))}, end, lost});
  }
  return find_gaps(segments, *removed, {from, to});
}

Result<std::vector<std::pair<std::string, std::string>>> IndexReader::metas(const DeviceId& device, unsigned channel) {
  metas_.bind(1, device.str());
  metas_.bind(2, std::int64_t{channel});
  std::vector<std::pair<std::string, std::string>> metas;
  for (;;) {
    const auto row = metas_.step();
    if (!row) return fail(row.error());
    if (!*row) return metas;
    metas.emplace_back(metas_.text(0), metas_.text(1));
  }
}

}  // namespace camspan::hub
