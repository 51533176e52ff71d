#include "recordings/segment_search.hpp"

#include <algorithm>

#include "recordings/segment_scan.hpp"

namespace camspan::recordings {
namespace {

// As in open_stream.cpp: how far audio and video of one moment lie apart, and how many tags are looked at.
constexpr std::int64_t kInterleaveMs = 1000;
constexpr int kLookAhead = 64;

/// The search in one segment, tag by tag.
class SegmentSearch {
 public:
  SegmentSearch(SegmentFile& file, std::int64_t wanted_ms) : file_(file), wanted_ms_(wanted_ms) {}

  /// @return false when later tags cannot be better
  Result<bool> look_at(const TagAt& tag) {
    const bool before = tag.place_ms <= wanted_ms_;
    if (!tag.head) {
      if (tag.key()) offer(key_, tag, before);
      if (tag.info.kind == UnitKind::audio) offer(audio_, tag, before);
      video_ = video_ || tag.info.kind == UnitKind::key || tag.info.kind == UnitKind::delta;
      first_ = false;
    }
    if (flv::Head::may_belong(tag.info)) {
      const auto unit = file_.unit_of(tag);
      if (!unit) return fail(unit.error());
      head_.put(*unit);
    }
    const bool wait_for_video = video_ || head_.has_config(static_cast<std::uint8_t>(flv::TagType::video));
    return !(tag.media() && !before && (key_ || (audio_ && !wait_for_video)));
  }

  std::optional<StartPoint> best() const { return key_ || video_ ? key_ : audio_; }

 private:
  void offer(std::optional<StartPoint>& best, const TagAt& tag, bool before) const {
    if (before || !best) best = StartPoint{0, tag, head_, before, first_};
  }

  SegmentFile& file_;
  std::int64_t wanted_ms_;
  flv::Head head_;
  std::optional<StartPoint> key_;
  std::optional<StartPoint> audio_;
  bool video_ = false;
  bool first_ = true;
};

class Search {
 public:
  Search(const std::filesystem::path& root, const std::vector<Segment>& segments) : root_(root), segments_(segments) {}

  /// The last segment that does not begin after `at`.
  std::optional<std::size_t> last_begun(UtcTime at) const {
    const auto begun = std::ranges::find_if(segments_.rbegin(), segments_.rend(),
                                            [&](const Segment& segment) { return segment.start <= at; });
    if (begun == segments_.rend()) return std::nullopt;
    return static_cast<std::size_t>(segments_.rend() - begun) - 1;
  }

  Result<std::optional<StartPoint>> in_segment(std::size_t index, UtcTime at) const {
    auto file = open_segment_file(root_, segments_[index]);
    if (!file) return nothing_or(file.error());
    SegmentSearch search(*file, (at - segments_[index].start).count());
    for (bool more = true; more;) {
      const auto tag = file->next();
      if (!tag) return fail(tag.error());
      if (!*tag) break;
      const auto looked = search.look_at(**tag);
      if (!looked) return fail(looked.error());
      more = *looked;
    }
    auto best = search.best();
    if (best) best->segment = index;
    return best;
  }

  Result<std::optional<StartPoint>> first_tag(std::size_t index) const {
    auto file = open_segment_file(root_, segments_[index]);
    if (!file) return nothing_or(file.error());
    StartPoint point{.segment = index, .tag = {}, .head = {}, .at_or_before = true, .first = true};
    while (true) {
      const auto tag = file->next();
      if (!tag) return fail(tag.error());
      if (!*tag) return std::optional<StartPoint>();
      point.tag = **tag;
      if (!point.tag.head) return std::optional(std::move(point));
      const auto unit = file->unit_of(point.tag);
      if (!unit) return fail(unit.error());
      point.head.put(*unit);
    }
  }

 private:
  static Result<std::optional<StartPoint>> nothing_or(std::error_code error) {
    if (is_unplayable(error)) return std::optional<StartPoint>();
    return fail(error);
  }

  const std::filesystem::path& root_;
  const std::vector<Segment>& segments_;
};

}  // namespace

bool is_unplayable(std::error_code error) {
  return error == Errc::not_found || error == Errc::gap || error == Errc::wrong_type;
}

Result<std::optional<StartPoint>> find_start(const std::filesystem::path& root, const std::vector<Segment>& segments,
                                             std::optional<UtcTime> at) {
  const Search search(root, segments);
  Result<std::optional<StartPoint>> found;
  std::size_t index = 0;
  if (at && !segments.empty()) {
    index = search.last_begun(*at).value_or(0);
    const Segment& begun = segments[index];
    const bool over = *at > begun.start + begun.duration;
    const bool last = index + 1 == segments.size();
    if (over && last) return found;
    if (over && !continues(begun, segments[index + 1])) ++index;
    found = search.in_segment(index, *at);
    // A segment that a stream went on in after a break may begin without a key frame.
    for (std::size_t i = index; found && !(*found && (*found)->at_or_before) && i > 0; --i) {
      if (!continues(segments[i - 1], segments[i])) break;
      auto earlier = search.in_segment(i - 1, *at);
      if (!earlier || (*earlier && (*earlier)->at_or_before)) return earlier;
    }
    ++index;
  }
  for (; found && !*found && index < segments.size(); ++index)
    found = at ? search.in_segment(index, *at) : search.first_tag(index);
  return found;
}

Result<std::optional<StartPoint>> find_key_frame(const std::filesystem::path& root,
                                                 const std::vector<Segment>& segments, UtcTime at) {
  const Search search(root, segments);
  const auto begun = search.last_begun(at);
  for (std::size_t left = begun ? *begun + 1 : 0; left > 0; --left) {
    auto found = search.in_segment(left - 1, at);
    if (!found || (*found && (*found)->at_or_before && (*found)->tag.key())) return found;
  }
  return std::optional<StartPoint>();
}

Result<std::int64_t> earliest_place(SegmentFile& file, const TagAt& tag, const flv::Head& head) {
  std::vector<std::int64_t> places;
  for (const SharedUnit& unit : head.tags())
    places.push_back(flv::Timeline(0).place(flv::inspect(unit->bytes).value_or(flv::TagInfo{}).timestamp_ms));
  std::optional<std::int64_t> origin;
  file.seek(tag);
  for (int i = 0; i < kLookAhead; ++i) {
    const auto next = file.next();
    if (!next) return fail(next.error());
    if (!*next) break;
    places.push_back((*next)->place_ms);
    if ((*next)->media() && !origin) origin = (*next)->place_ms;
  }
  file.seek(tag);
  std::int64_t earliest = origin.value_or(tag.place_ms);
  for (const std::int64_t place : places) {
    if (place >= origin.value_or(tag.place_ms) - kInterleaveMs) earliest = std::min(earliest, place);
  }
  return earliest;
}

}  // namespace camspan::recordings
