#include "recordings/segment_file.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <cmath>

#include "core/time.hpp"
#include "proto/flv/amf.hpp"

namespace camspan::recordings {
namespace {

constexpr std::string_view kScript = "onCuePoint";
constexpr std::string_view kName = "camspan";
constexpr double kVersion = 1;
// flv::Head holds no more.
constexpr double kMaxHead = 64;
// Numbers in AMF0 are doubles: whole numbers up to here are exact.
constexpr double kMaxWhole = 9007199254740992.0;
// onMetaData (at most what flv::Head takes) and the stamp end before this.
constexpr std::uint64_t kMaxStampEnd = 512 << 10;
// The first data bytes of a tag, which decide its kind.
constexpr std::size_t kLookBytes = 64;

std::optional<std::int64_t> whole(const flv::ScriptData& script, std::string_view key, double least, double most) {
  const auto value = script.number(key);
  if (!value || !(*value >= least && *value <= most) || std::trunc(*value) != *value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

}  // namespace

Bytes make_stamp(const Stamp& stamp) {
  const flv::ScriptData script{std::string(kScript),
                               {{"name", std::string(kName)},
                                {"type", std::string("event")},
                                {"version", kVersion},
                                {"stream", stamp.stream},
                                {"channel", static_cast<double>(stamp.channel)},
                                {"first", static_cast<double>(stamp.first)},
                                {"start", format_utc(stamp.start)},
                                {"base", static_cast<double>(stamp.base_ms)},
                                {"head", static_cast<double>(stamp.head)}}};
  return flv::make_tag(flv::TagType::script, 0, flv::write_script(script));
}

Result<Stamp> read_stamp(ByteView script_data) {
  const auto script = flv::read_script(script_data);
  if (!script) return fail(script.error());
  if (script->name != kScript || script->text("name") != kName) return fail(Errc::wrong_type);
  const auto stream = script->text("stream");
  const auto channel = whole(*script, "channel", 0, 99'999);
  const auto first = whole(*script, "first", 0, kMaxWhole);
  const auto base = whole(*script, "base", -kMaxWhole, kMaxWhole);
  const auto head = whole(*script, "head", 0, kMaxHead);
  const auto start = parse_utc(script->text("start").value_or(""));
  const auto version = whole(*script, "version", kVersion, kVersion);
  if (!version || !stream || !channel || !first || !base || !head || !start) return fail(Errc::malformed);
  return Stamp{
      std::string(*stream),        static_cast<unsigned>(*channel), static_cast<std::uint64_t>(*first), *start, *base,
      static_cast<unsigned>(*head)};
}

bool TagAt::media() const {
  return info.kind == UnitKind::key || info.kind == UnitKind::delta || info.kind == UnitKind::audio;
}

bool TagAt::key() const {
  return info.kind == UnitKind::key && info.track == static_cast<std::uint8_t>(flv::TagType::video);
}

Result<SegmentFile> SegmentFile::open(const std::string& path, std::uint64_t limit) {
  auto file = File::open(path, HAL_FILE_READ);
  if (!file) return fail(file.error());
  const auto size = file->size();
  if (!size) return fail(size.error());
  SegmentFile segment(std::move(*file), std::min(*size, limit));
  if (const auto head = segment.read_head(); !head) return fail(head.error());
  return segment;
}

bool SegmentFile::has_audio() const {
  return (flags_ & std::byte{4}) != std::byte{0};
}
bool SegmentFile::has_video() const {
  return (flags_ & std::byte{1}) != std::byte{0};
}

Result<> SegmentFile::read_head() {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(limit_, flv::kFileHeaderBytes));
  const auto found = view(0, size);
  if (!found) return fail(found.error());
  Bytes expected = flv::file_header(false, false);
  if (size > 4) expected[4] = flags_ = (*found)[4];
  if (!std::equal(found->begin(), found->end(), expected.begin())) return fail(Errc::wrong_type);
  if (found->size() < flv::kFileHeaderBytes) return fail(Errc::gap);
  // The stamp is the first tag, or the second after onMetaData.
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t offset = offset_;
    const auto tag = next_raw();
    if (!tag) return fail(tag.error());
    if (!*tag) return fail(!damaged_ && limit_ <= kMaxStampEnd ? Errc::gap : Errc::wrong_type);
    const flv::TagInfo& info = (*tag)->info;
    if (info.type != static_cast<std::uint8_t>(flv::TagType::script) || offset_ > kMaxStampEnd)
      return fail(Errc::wrong_type);
    Bytes data(info.data_bytes);
    if (const auto read_in = read(**tag, flv::kTagHeaderBytes, data); !read_in) return read_in;
    if (const auto stamp = read_stamp(data)) {
      stamp_ = *stamp;
      stamp_offset_ = offset;
      rewind();
      return {};
    }
  }
  return fail(Errc::wrong_type);
}

void SegmentFile::rewind() {
  offset_ = flv::kFileHeaderBytes;
  after_stamp_ = 0;
  timeline_ = flv::Timeline(0);
  damaged_ = false;
}

void SegmentFile::seek(const TagAt& tag) {
  offset_ = tag.offset;
  after_stamp_ = stamp_.head;
  timeline_ = flv::Timeline(tag.place_ms);
  damaged_ = false;
}

Result<std::optional<TagAt>> SegmentFile::next() {
  if (offset_ == stamp_offset_) {
    if (const auto stamp = next_raw(); !stamp) return stamp;
  }
  auto tag = next_raw();
  if (!tag || !*tag) return tag;
  TagAt& at = **tag;
  const bool before_stamp = at.offset < stamp_offset_;
  at.head = before_stamp || after_stamp_ < stamp_.head;
  if (!before_stamp && at.head) ++after_stamp_;
  at.place_ms = at.media() ? timeline_.advance(at.info.timestamp_ms) : timeline_.place(at.info.timestamp_ms);
  return tag;
}

/// The next whole tag of any kind.
Result<std::optional<TagAt>> SegmentFile::next_raw() {
  std::optional<TagAt> nothing;
  if (limit_ - offset_ < flv::kTagHeaderBytes) return nothing;
  const auto begin = view(offset_, flv::kTagHeaderBytes + kLookBytes);
  if (!begin) return fail(begin.error());
  const auto info = flv::inspect(*begin);
  damaged_ = !info;
  if (damaged_) return nothing;
  const TagAt tag{offset_, *info};
  if (limit_ - offset_ < tag.bytes()) return nothing;
  const auto trailer = view(offset_ + tag.bytes() - flv::kTrailerBytes, flv::kTrailerBytes);
  if (!trailer) return fail(trailer.error());
  damaged_ = trailer->size() < flv::kTrailerBytes ||
             load_be<flv::kTrailerBytes>(trailer->data()) != tag.bytes() - flv::kTrailerBytes;
  if (damaged_) return nothing;
  offset_ += tag.bytes();
  return std::optional(tag);
}

/// Bytes of the file, valid until the next call: fewer than `size` at its end.
Result<ByteView> SegmentFile::view(std::uint64_t offset, std::size_t size) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, limit_ - offset));
  if (offset < window_offset_ || offset + wanted > window_offset_ + window_bytes_) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(window_.size(), limit_ - offset));
    const auto count = file_.read(std::span(window_).first(most), offset);
    if (!count) return fail(count.error());
    window_offset_ = offset;
    window_bytes_ = *count;
  }
  const auto skip = static_cast<std::size_t>(offset - window_offset_);
  return ByteView(window_).subspan(skip, std::min(wanted, window_bytes_ - skip));
}

Result<> SegmentFile::read(const TagAt& tag, std::size_t from, std::span<std::byte> into) const {
  const auto count = file_.read(into, tag.offset + from);
  if (!count) return fail(count.error());
  return *count == into.size() ? Result<>() : fail(Errc::io_error);
}

Result<SharedUnit> SegmentFile::unit_of(const TagAt& tag) const {
  auto memory = std::make_shared<Bytes>(tag.bytes());
  if (const auto read_in = read(tag, 0, *memory); !read_in) return fail(read_in.error());
  const ByteView view = *memory;
  return flv::make_tag_unit(view, std::move(memory), tag.info);
}

}  // namespace camspan::recordings
