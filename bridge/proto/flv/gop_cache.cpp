#include "proto/flv/gop_cache.hpp"

#include "proto/flv/tag.hpp"

namespace camspan::flv {
namespace {

// Each unit costs memory beside its bytes. Ten minutes at a hundred tags a second are fewer.
constexpr std::size_t kMaxUnits = 1 << 16;

std::vector<SharedUnit> with_header(bool audio, bool video, const Head& head) {
  std::vector<SharedUnit> units{make_unit(file_header(audio, video), UnitKind::config)};
  units.insert(units.end(), head.tags().begin(), head.tags().end());
  return units;
}

}  // namespace

void GopCache::push(const SharedUnit& tag) {
  // The low five bits are the tag type, also for further tracks of a multitrack stream.
  audio_ = audio_ || (tag->track & 0x1f) == static_cast<std::uint8_t>(TagType::audio);
  video_ = video_ || (tag->track & 0x1f) == static_cast<std::uint8_t>(TagType::video);
  head_.put(tag);
  // A key frame of a further track is no place to start at: the main track's may be elsewhere.
  if (tag->kind == UnitKind::key && tag->track == static_cast<std::uint8_t>(TagType::video)) {
    forget_units();
    head_at_key_ = head_;
  } else if (since_key_.empty()) {
    return;
  }
  if (bytes_ > max_bytes_ || tag->bytes.size() > max_bytes_ - bytes_ || since_key_.size() == kMaxUnits)
    return forget_units();
  bytes_ += tag->bytes.size();
  since_key_.push_back(tag);
}

std::vector<SharedUnit> GopCache::head() const {
  return with_header(audio_, video_, head_);
}

std::vector<SharedUnit> GopCache::head_at_key() const {
  return with_header(audio_, video_, head_at_key_);
}

void GopCache::clear() {
  *this = GopCache(max_bytes_);
}

void GopCache::forget_units() {
  since_key_.clear();
  bytes_ = 0;
}

}  // namespace camspan::flv
