/// What lies in a spool: its list of segments, their bound, and which of them are done with.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recordings/recorder.hpp"

namespace camspan::recordings {

/// A segment that waits to be uploaded.
struct SpooledSegment {
  Segment segment;                  ///< `start` is below kClockSet while its date is not known
  bool this_boot = true;            ///< false: and never will be, for the machine was started again since
  std::uint64_t payload_bytes = 0;  ///< of its tags, without what a segment repeats
};

/// The spool as of the last commit.
struct SpoolLevel {
  std::vector<SpooledSegment> segments;  ///< the finished ones, oldest first
  std::uint64_t bytes = 0;               ///< of all files
  std::optional<UtcTime> oldest;         ///< capture time of the oldest tag, where it is known
  std::uint64_t dropped_bytes = 0;       ///< of tags deleted before they were uploaded; monotonic
  std::uint64_t dropped_tags = 0;
};

/// Storage thread only, but for Recorder::start().
class SpoolIndex final : public SegmentIndex {
 public:
  /// @param changed  called after each change
  SpoolIndex(std::filesystem::path root, std::uint64_t max_bytes, std::function<void(SpoolLevel)> changed);

  void put(const Segment& segment, bool finished) override;
  void remove(const std::string& path) override;
  /// None: each recording begins segments of its own, since those from before may be on their way already.
  std::optional<Segment> last_of(const StreamName& name) const override;
  std::vector<std::string> paths() const override;
  std::uint64_t bytes_of(const std::string& path) const override;
  /// Deletes the oldest segments until `bytes` more fit. @return Errc::no_space: the bound is too small for that
  Result<> make_room(std::uint64_t bytes) override;

  /// The tags of `stream` below `tags` are with the receiver: segments that have no others are deleted.
  void acknowledged(const std::string& stream, std::uint64_t tags);
  /// The segment at `path` is on its way: make_room() leaves it. Empty = none is.
  void set_uploading(std::string path) { uploading_ = std::move(path); }
  /// Uploaded, or of no use: deletes it. @param lost  its tags are counted as dropped
  void done(const std::string& path, bool lost);
  /// Deletes all that is finished, and counts it.
  void drop();
  /// Names segments by their date that were made before the clock was set.
  void settle_clock();
  SpoolLevel level() const;

 private:
  struct Row {
    SpooledSegment spooled;
    bool finished = false;
  };
  using Rows = std::map<std::string, Row>;

  Rows::iterator erase(Rows::iterator row, bool lost);
  void learn(Row& row) const;
  bool name_by_date(Row& row) const;
  void settle(Rows::iterator row);
  void tell() const;

  const std::filesystem::path root_;
  const std::uint64_t max_bytes_;
  const std::function<void(SpoolLevel)> changed_;
  Rows rows_;  ///< by final path
  std::map<std::string, std::uint64_t> acknowledged_;
  std::string uploading_;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_bytes_ = 0;
  std::uint64_t dropped_tags_ = 0;
};

}  // namespace camspan::recordings
