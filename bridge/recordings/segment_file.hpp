/// A segment file read tag by tag. Its layout:
///
///   FLV header | onMetaData, if there was one | stamp | `head` config tags in force | tags [first, end)
///
/// The stamp is a script tag of ours that says which stream this is: onCuePoint, which players know and pass over (for
/// a name of our own FFmpeg makes a third stream), with the name "camspan". All timestamps are those of the stream less
/// `base`; every previous-tag-size field is right, which tells a tag from the zeros that a power cut leaves.
#pragma once

#include <array>
#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <optional>
#include <string>

#include "proto/flv/tag.hpp"
#include "proto/flv/timeline.hpp"
#include "recordings/file.hpp"

namespace camspan::recordings {

/// What the stamp says (version 1).
struct Stamp {
  std::string stream;
  unsigned channel = 0;
  std::uint64_t first = 0;   ///< Segment::first
  UtcTime start;             ///< Segment::start
  std::int64_t base_ms = 0;  ///< Segment::base_ms
  unsigned head = 0;         ///< how many tags after this one are head
};

/// The whole script tag.
Bytes make_stamp(const Stamp& stamp);
/// @return Errc::wrong_type when the data are no stamp; Errc::malformed
Result<Stamp> read_stamp(ByteView script_data);

/// A tag where it lies in the file.
struct TagAt {
  std::uint64_t offset = 0;  ///< of its header
  flv::TagInfo info;
  std::int64_t place_ms = 0;  ///< its timestamp unwrapped, 0 = Segment::base_ms
  bool head = false;          ///< repeated or taken from the front of the stream, not one of [first, end)

  std::size_t bytes() const { return flv::tag_bytes(info.data_bytes); }
  /// Audio or video; not configuration.
  bool media() const;
  bool key() const;  ///< a frame of the main video track that decoding can start at
};

/// Reads headers only, and data where asked. One thread at a time; see File for which.
class SegmentFile {
 public:
  /// Reads up to the stamp. @param limit  bytes of the file to look at: those that are committed
  /// @return Errc::wrong_type: it is no segment of ours; Errc::gap: it ends before its stamp does, so that nothing was
  /// ever acknowledged of it; Errc::not_found: there is no such file; errors of reading.
  static Result<SegmentFile> open(const std::string& path, std::uint64_t limit = UINT64_MAX);

  const Stamp& stamp() const { return stamp_; }
  /// A tag with metadata stands before the stamp.
  bool has_metadata() const { return stamp_offset_ > flv::kFileHeaderBytes; }
  /// Byte 4 of the file: which tracks are in it.
  bool has_audio() const;
  bool has_video() const;

  /// The next whole tag but the stamp, head tags first. Nothing where they end.
  Result<std::optional<TagAt>> next();
  /// Goes back to the first tag.
  void rewind();
  /// Goes to a tag that next() gave before and that is no head tag.
  void seek(const TagAt& tag);

  /// Bytes up to the end of the last tag that next() gave.
  std::uint64_t position() const { return offset_; }
  /// Bytes in the file, or the limit.
  std::uint64_t size() const { return limit_; }

  /// A part of a tag, `from` counted from its header. @return Errc::io_error if the file was cut meanwhile
  Result<> read(const TagAt& tag, std::size_t from, std::span<std::byte> into) const;
  /// A whole tag as a unit. Meant for config and script tags; the caller looks at bytes() first.
  Result<SharedUnit> unit_of(const TagAt& tag) const;

 private:
  SegmentFile(File file, std::uint64_t limit) : file_(std::move(file)), limit_(limit) {}

  Result<> read_head();
  Result<std::optional<TagAt>> next_raw();
  Result<ByteView> view(std::uint64_t offset, std::size_t size);

  File file_;
  std::uint64_t limit_;
  std::byte flags_{};
  Stamp stamp_;
  std::uint64_t stamp_offset_ = 0;
  std::uint64_t offset_ = flv::kFileHeaderBytes;
  bool damaged_ = false;      ///< the bytes at offset_ are no tag, as opposed to too few
  unsigned after_stamp_ = 0;  ///< tags given after the stamp, as far as head is concerned
  flv::Timeline timeline_{0};
  // One read gives the end of a tag and the header of the next, and often a few small tags.
  std::array<std::byte, 512> window_{};
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
};

}  // namespace camspan::recordings
