/// Recordings read back: a range of time as one continuous FLV, or one key frame of it.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "proto/flv/head.hpp"
#include "recordings/segment.hpp"
#include "recordings/segment_file.hpp"

namespace camspan::recordings {

/// Capture times; without `start` from the first tag of all, without `end` to the last that is stored.
struct TimeRange {
  std::optional<UtcTime> start;
  std::optional<UtcTime> end;  ///< exclusive
};

/// One FLV of many segments, pulled piece by piece: header, metadata, configuration, then all tags from the key frame
/// at or before the start, with timestamps from 0.
/// * Within a stream all differences of timestamps are those that came in. Where another stream follows, or timestamps
///   begin anew, it goes on 40 ms after the latest timestamp before; metadata and configuration of another stream are
///   repeated where they differ.
/// * A start that lies in a gap, or before everything, begins with the first key frame after it. Without any video it
/// is
///   the audio tag at or before the start.
/// * A segment that still grows is read up to Segment::bytes. One that is gone or damaged is left out from there on.
///
/// Reads files, so it blocks: storage thread or a thread of the caller's, never a network thread. One thread at a time.
/// Memory: one piece, and the script and config tags in force.
class RangeReader {
 public:
  /// @param segments  in the order to play. Where a time was recorded twice, the caller leaves out what shall not show.
  /// @return Errc::not_found when nothing is there to play; errors of reading
  static Result<std::unique_ptr<RangeReader>> open(std::filesystem::path root, std::vector<Segment> segments,
                                                   TimeRange range);

  /// Capture time of timestamp 0.
  UtcTime start_time() const { return start_time_; }

  /// The next piece, of at most `max_bytes` (above 0): tags may be cut. Nothing at the end.
  /// @return errors of reading; the FLV ends in the middle then
  Result<std::optional<Bytes>> next(std::size_t max_bytes);

 private:
  RangeReader(std::filesystem::path root, std::vector<Segment> segments, TimeRange range)
      : root_(std::move(root)), segments_(std::move(segments)), range_(range) {}

  struct Body {
    TagAt tag;
    std::size_t from = 0;  ///< bytes of the tag that went out
  };

  Result<> begin();
  Result<bool> advance();
  Result<bool> open_next();
  Result<> append_body(Bytes& out, std::size_t room);
  Result<> send(const TagAt& tag);
  void send_unit(const SharedUnit& unit, std::int64_t out_ms);
  bool is_restart(std::int64_t out_ms) const;
  bool after_end(const TagAt& tag) const;

  std::filesystem::path root_;
  std::vector<Segment> segments_;
  TimeRange range_;
  UtcTime start_time_{};

  std::size_t current_ = 0;          ///< of segments_
  std::optional<SegmentFile> file_;  ///< of that one
  std::int64_t offset_ms_ = 0;       ///< timestamp out, less place in that file
  std::int64_t last_out_ms_ = 0;     ///< the latest timestamp of media that went out
  flv::Head head_;                   ///< what a player has
  std::deque<Bytes> ready_;          ///< to go out before body_
  std::size_t ready_from_ = 0;       ///< bytes of the first of them that went out
  std::optional<Body> body_;
};

/// The key frame at or before `at` alone: a whole FLV of header, metadata, configuration and that frame, timestamp 0.
/// Blocks as above.
struct KeyFrame {
  UtcTime time;
  Bytes flv;
};
/// @return Errc::not_found when there is none
Result<KeyFrame> read_key_frame(const std::filesystem::path& root, const std::vector<Segment>& segments, UtcTime at);

}  // namespace camspan::recordings
