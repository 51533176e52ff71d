#include "hub/lost_tags.hpp"

#include <algorithm>

#include "core/log.hpp"

namespace camspan::hub {
namespace {

using recordings::StreamName;

// What a hostile device may make the hub keep, in rows of some 100 bytes.
constexpr std::size_t kMostOfDevice = 10'000;

void bind_name(Statement& statement, const StreamName& name) {
  statement.bind(1, name.device);
  statement.bind(2, std::int64_t{name.channel});
  statement.bind(3, name.stream);
}

StreamName name_of(const Statement& row) {
  return {row.text(0), static_cast<unsigned>(row.integer(1)), row.text(2)};
}

std::uint64_t unsigned_of(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

/// Entries of a device in a map by name.
template <class Map>
auto range_of(Map& map, const std::string& device) {
  return std::pair(map.lower_bound(StreamName{device, 0, {}}), map.lower_bound(StreamName{device + '\0', 0, {}}));
}

template <class Map>
bool has_room(Map& map, const StreamName& name) {
  if (map.contains(name)) return true;
  const auto [first, last] = range_of(map, name.device);
  return static_cast<std::size_t>(std::distance(first, last)) < kMostOfDevice;
}

void run(Statement& statement) {
  if (const auto done = statement.step(); !done)
    log::warn("hub", "lost tags could not be noted in hub.sqlite: ", done.error().message());
}

}  // namespace

LostTags::LostTags(Database& database)
    : put_(database.prepare(
          "INSERT OR REPLACE INTO counts (device, channel, stream, tags, stored) VALUES (?1, ?2, ?3, ?4, ?5)")),
      put_rest_(database.prepare(
          "INSERT OR REPLACE INTO rests (device, channel, rest, stream, stored) VALUES (?1, ?2, ?3, ?4, ?5)")),
      read_(database.prepare("SELECT device, channel, stream, tags, stored FROM counts")),
      read_rests_(database.prepare("SELECT device, channel, rest, stream, stored FROM rests")) {}

Result<> LostTags::read() {
  for (;;) {
    const auto row = read_.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    counts_[name_of(read_)] = {unsigned_of(read_, 3), unsigned_of(read_, 4)};
  }
  for (;;) {
    const auto row = read_rests_.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const StreamName rest = name_of(read_rests_);
    rests_[rest] = {{rest.device, rest.channel, read_rests_.text(3)}, unsigned_of(read_rests_, 4)};
  }
  for (auto count = counts_.begin(); count != counts_.end(); count = range_of(counts_, count->first.device).second)
    sum_up(count->first.device);
  return {};
}

void LostTags::save(const StreamName& stream, const Count& count) {
  bind_name(put_, stream);
  put_.bind(4, static_cast<std::int64_t>(count.tags));
  put_.bind(5, static_cast<std::int64_t>(count.stored));
  run(put_);
  sum_up(stream.device);
}

void LostTags::save(const StreamName& name, const Rest& rest) {
  bind_name(put_rest_, name);
  put_rest_.bind(4, rest.stream.stream);
  put_rest_.bind(5, static_cast<std::int64_t>(rest.stored));
  run(put_rest_);
  sum_up(name.device);
}

bool LostTags::expect(const StreamName& stream, std::uint64_t tags, std::uint64_t stored) {
  if (!has_room(counts_, stream)) return false;
  Count& count = counts_[stream];
  if (count.tags >= tags && count.stored >= stored) return false;
  count = {std::max(count.tags, tags), std::max(count.stored, stored)};
  save(stream, count);
  return true;
}

bool LostTags::add_rest(const StreamName& stream, const StreamName& rest, std::uint64_t stored) {
  if (rests_.contains(rest) || !has_room(rests_, rest)) return false;
  save(rest, rests_[rest] = {stream, stored});
  return counts_.contains(stream);
}

void LostTags::stored(const StreamName& name, std::uint64_t end) {
  if (const auto count = counts_.find(name); count != counts_.end() && count->second.stored < end) {
    count->second.stored = end;
    save(name, count->second);
  } else if (const auto rest = rests_.find(name); rest != rests_.end() && rest->second.stored < end) {
    rest->second.stored = end;
    save(name, rest->second);
  }
}

std::uint64_t LostTags::lost(const StreamName& stream, const Count& count) const {
  std::uint64_t there = count.stored;
  const auto [first, last] = range_of(rests_, stream.device);
  for (auto rest = first; rest != last; ++rest)
    if (rest->second.stream == stream) there += rest->second.stored;
  return count.tags - std::min(count.tags, there);
}

void LostTags::sum_up(const std::string& device) {
  std::uint64_t& sum = sums_[device] = 0;
  const auto [first, last] = range_of(counts_, device);
  for (auto count = first; count != last; ++count) sum += lost(count->first, count->second);
}

std::uint64_t LostTags::of(const std::string& device) const {
  const auto sum = sums_.find(device);
  return sum == sums_.end() ? 0 : sum->second;
}

}  // namespace camspan::hub
