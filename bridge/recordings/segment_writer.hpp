/// Writes one segment file (layout: segment_file.hpp).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "proto/flv/tag.hpp"
#include "recordings/file.hpp"
#include "recordings/segment.hpp"

namespace camspan::recordings {

/// Gathers tags in memory and writes them in large pieces. Storage thread. After an error only abandon() may follow.
class SegmentWriter {
 public:
  struct HeadTag {
    SharedUnit tag;
    std::int64_t place_ms = 0;  ///< in the stream
  };
  struct Plan {
    StreamName name;
    UtcTime start;
    std::uint64_t first = 0;
    std::int64_t base_ms = 0;
    std::vector<HeadTag> head;  ///< onMetaData first, if there is one
    std::string boot;           ///< SegmentPath::boot
  };

  /// Makes the folder and an empty ".part" file with a name that no segment has.
  static Result<std::unique_ptr<SegmentWriter>> create(std::filesystem::path root, const Plan& plan);
  /// Opens a segment again to go on after its last tag. What lies behind segment.bytes is cut off.
  /// @return Errc::gap if the file is shorter than that
  static Result<std::unique_ptr<SegmentWriter>> reopen(std::filesystem::path root, const Segment& segment);

  /// About so many bytes of tags that are gathered come before the next write().
  void expect(std::size_t bytes);
  /// A tag of so many bytes is not copied into what is gathered: it goes to the system by itself. Three calls cost less
  /// than a copy of this size.
  static constexpr std::size_t kLargeTagBytes = 64 << 10;
  /// Takes the next tag (whole, with trailer).
  Result<> add(ByteView tag, const flv::TagInfo& info, std::int64_t place_ms);
  /// Hands what was gathered to the system.
  Result<> write();
  /// write(), and after it all of that is on stable storage, name and folders included.
  Result<> sync();
  /// Syncs the whole disk, with the files of other writers. Each that called write() before may then call
  /// disk_was_synced() in place of sync().
  Result<> sync_disk() { return file_->sync_disk(); }
  void disk_was_synced();
  /// sync(), then the file gets its final name.
  Result<> finish();
  /// Cuts the file back to what sync() stored last and finishes it; a file of which nothing was is removed.
  /// @return what remains; its path ends in ".part" if even that failed
  std::optional<Segment> abandon();

  /// As of the last sync().
  const Segment& stored() const { return stored_; }
  /// Bytes so far, those not yet written included.
  std::uint64_t bytes() const { return now_.bytes; }
  bool has_unsynced() const { return dirty_; }

 private:
  SegmentWriter(std::filesystem::path root, File file, Segment segment);

  Result<> add_large(ByteView tag, std::uint8_t track, std::int64_t place_ms);
  void add_rebased(ByteView tag, std::uint8_t track, std::int64_t place_ms);
  Result<> write_flags();
  Result<> close_and_rename();
  std::string full(const std::string& path) const { return (root_ / path).string(); }

  std::filesystem::path root_;
  std::optional<File> file_;
  Segment now_;  ///< with what is gathered
  Segment stored_;
  Bytes gathered_;
  bool dirty_ = false;     ///< something was gathered or written since the last sync
  bool new_name_ = false;  ///< the folder was not synced since the file was made
  std::byte flags_{};      ///< tracks seen, as in byte 4 of the file
  std::byte written_flags_{};
};

}  // namespace camspan::recordings
