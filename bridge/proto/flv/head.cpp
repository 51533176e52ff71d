#include "proto/flv/head.hpp"

#include <algorithm>

namespace camspan::flv {
namespace {

constexpr std::size_t kMaxTags = 32;
constexpr std::size_t kMaxTagBytes = 256 << 10;
constexpr auto kScriptTrack = static_cast<std::uint8_t>(TagType::script);

bool same_place(const Unit& a, const Unit& b) {
  return a.kind == b.kind && a.track == b.track;
}

}  // namespace

bool Head::may_belong(const TagInfo& info) {
  return (info.kind == UnitKind::config || info.kind == UnitKind::script) && tag_bytes(info.data_bytes) <= kMaxTagBytes;
}

bool Head::belongs(const Unit& tag) {
  // A file header has the kind of a config, and is no tag.
  if (tag.bytes.size() < tag_bytes(0) || tag.bytes.size() > kMaxTagBytes) return false;
  if (tag.kind == UnitKind::script && tag.track == kScriptTrack) return is_metadata(tag.bytes);
  return tag.kind == UnitKind::config || tag.kind == UnitKind::script;
}

bool Head::put(const SharedUnit& tag) {
  if (!belongs(*tag)) return false;
  if (const auto place = place_of(*tag); place != tags_.end()) {
    tags_[static_cast<std::size_t>(place - tags_.begin())] = tag;
    return true;
  }
  if (tags_.size() == kMaxTags) return false;
  tags_.insert(tag->track == kScriptTrack ? tags_.begin() : tags_.end(), tag);
  return true;
}

bool Head::holds_place_of(const Unit& tag) const {
  return place_of(tag) != tags_.end();
}

bool Head::holds(const Unit& tag) const {
  const auto place = place_of(tag);
  return place != tags_.end() && std::ranges::equal(data_of((*place)->bytes), data_of(tag.bytes));
}

bool Head::has_config(std::uint8_t track) const {
  return std::ranges::any_of(
      tags_, [&](const SharedUnit& tag) { return tag->kind == UnitKind::config && tag->track == track; });
}

std::vector<SharedUnit>::const_iterator Head::place_of(const Unit& tag) const {
  return std::ranges::find_if(tags_, [&](const SharedUnit& held) { return same_place(*held, tag); });
}

}  // namespace camspan::flv
