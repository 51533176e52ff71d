/// One stream while it is recorded: puts its tags into segments and tells what is stored. Storage thread only.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "proto/flv/head.hpp"
#include "proto/flv/timeline.hpp"
#include "recordings/recorder.hpp"
#include "recordings/segment_writer.hpp"
#include "recordings/storage_queue.hpp"

namespace camspan::recordings {

/// The calls of a commit are queue(), write(), sync(), tell_stored(); after an error from any only fail() may follow.
/// Callbacks of the owner are made from write(), tell_stored(), end() and fail().
///
/// Places are timestamps in 64 bits. The capture time of a place is measured from the anchor: the tag whose capture
/// time begin() gave, or the last segment where that tag was stored before.
class OpenStream {
 public:
  /// @param last  the last segment that the index has of this stream
  OpenStream(const RecorderOptions& options, SegmentIndex& index, std::shared_ptr<RecordingLink> link,
             Recorder::Begin begin, std::optional<Segment> last, RecordingEvents events);

  const StreamName& name() const { return begin_.name; }
  const std::shared_ptr<RecordingLink>& link() const { return link_; }
  /// Tags on stable storage.
  std::uint64_t stored() const { return stored_; }
  /// Where the file is that grows now; empty if there is none.
  std::string growing_path() const;

  /// Takes a tag for the next write(). @return Errc::gap for a hole in the numbers, Errc::malformed if it is no FLV tag
  Result<> queue(SharedUnit tag, std::uint64_t number);
  /// Hands the queued tags to the system, cutting segments where they are due.
  Result<> write();
  /// All that was written is on stable storage after this.
  Result<> sync();
  bool has_queued() const { return !queued_.empty(); }
  bool has_unsynced() const { return writer_ && writer_->has_unsynced(); }
  /// Syncs the disk for all streams, each of which then calls disk_was_synced() in place of sync().
  Result<> sync_disk() { return writer_->sync_disk(); }
  Result<> disk_was_synced();
  /// Tells the owner what is stored, if that is news.
  void tell_stored();
  /// Finishes the segment that grows. All that came is stored.
  Result<> cut() { return writer_ ? finish_segment() : Result<>(); }
  /// Finishes the segment. What was queued is stored before.
  Result<> end();
  /// Gives up what is not stored, finishes the segment and tells the owner.
  void fail(std::error_code error);

 private:
  struct Queued {
    SharedUnit unit;
    flv::TagInfo info;
  };
  struct Anchor {
    std::int64_t place_ms = 0;
    UtcTime utc;
    bool firm = false;  ///< on media
  };

  Result<> place(std::span<const Queued> rest);
  bool begins_stream(const Unit& tag) const;
  Result<> open_segment(std::span<const Queued> rest, std::int64_t place_ms);
  Result<> create_segment(std::span<const Queued> rest, std::int64_t place_ms);
  Result<> finish_segment();
  bool cut_is_due(const flv::TagInfo& info, std::int64_t place_ms) const;
  void follow(const flv::TagInfo& info, std::int64_t place_ms);
  void set_anchor(std::int64_t place_ms, bool media);
  UtcTime utc_of(std::int64_t place_ms) const;
  void note_synced();
  std::size_t queued_bytes() const;
  std::size_t gathered_bytes() const;
  void forget_queued();
  void tell_written();

  const RecorderOptions& options_;
  SegmentIndex& index_;
  std::shared_ptr<RecordingLink> link_;
  Recorder::Begin begin_;
  RecordingEvents events_;
  std::optional<Segment> last_;  ///< to go on with, until the first tag is placed

  std::uint64_t next_ = 0;    ///< number of the next tag to be queued
  std::uint64_t placed_ = 0;  ///< number after the last one that went to the writer or into leading_
  std::uint64_t stored_ = 0;
  std::uint64_t told_ = 0;     ///< what the owner knows of stored_
  std::uint64_t written_ = 0;  ///< and of what was written
  std::vector<Queued> queued_;
  std::vector<SegmentWriter::HeadTag> leading_;  ///< what begins the stream, until its first segment is made

  flv::Head head_;  ///< in force
  flv::Timeline timeline_;
  std::optional<Anchor> anchor_;
  std::optional<std::int64_t> last_ms_;  ///< place of the last video, or of the last audio until there is video
  bool last_is_video_ = false;
  UtcTime latest_utc_{};

  std::unique_ptr<SegmentWriter> writer_;
  std::optional<std::int64_t> video_in_segment_;  ///< place of its last video, or of its begin if video is expected
  bool restarted_ = false;                        ///< the timestamps of the stream began anew in this segment
};

}  // namespace camspan::recordings
