/// The list of recorded segments in hub.sqlite. Rebuilt from the files if it is lost: the recorder puts every segment
/// that it finds at start.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hub/device_id.hpp"
#include "hub/lost_tags.hpp"
#include "hub/recording_gap.hpp"
#include "hub/sqlite.hpp"
#include "hub/status_board.hpp"
#include "recordings/recorder.hpp"

namespace camspan::hub {

/// The writing side. Lives on the storage thread once the recorder runs.
class SqliteIndex final : public recordings::SegmentIndex {
 public:
  /// What is recorded of a device now; std::nullopt = nothing any more.
  struct Change {
    std::string device;
    std::optional<RecordedRange> range;
    std::uint64_t lost_tags = 0;  ///< see LostTags
  };
  /// Hears of it on the storage thread, of a batch at once.
  using Changed = std::function<void(std::vector<Change>)>;

  static tl::expected<std::unique_ptr<SqliteIndex>, Failure> open(const std::filesystem::path& file, Changed changed);

  void put(const recordings::Segment& segment, bool finished) override;
  void begin_batch() override;
  void end_batch() override;
  void remove(const std::string& path) override;
  std::optional<recordings::Segment> last_of(const recordings::StreamName& name) const override;
  std::vector<std::string> paths() const override;
  std::uint64_t bytes_of(const std::string& path) const override;

  /// Keeps what the sender says of a stream (camspan-meta), a JSON object.
  void put_meta(const recordings::StreamName& name, const std::string& meta);

  /// Why a recording ended behind its last segment. Forgotten when the stream goes on there. What cannot be written,
  /// on a disk that is full, is written with the next segment.
  void put_end(const recordings::StreamName& name, EndReason reason);
  /// A segment of expired() is about to be removed: what was recorded then is known to have been.
  void put_expired(const std::string& path);

  /// The sender had so many tags of a stream that it does not go on with.
  void put_count(const recordings::StreamName& name, std::uint64_t tags);
  /// What is stored as `rest` is a part of `name`.
  void put_rest(const recordings::StreamName& name, const recordings::StreamName& rest);

  /// Paths of finished segments that are older than `oldest`, or over `max_bytes` of their device; oldest first.
  std::vector<std::string> expired(UtcTime oldest, std::uint64_t max_bytes);

  /// Tells `changed` of every device that has recordings.
  void tell_all() const;

 private:
  SqliteIndex(Database database, Changed changed);
  Result<> read_ranges();
  void note(const std::string& device, const std::optional<RecordedRange>& range);
  void failed(const std::error_code& error) const;
  bool update(const recordings::Segment& segment, std::string_view path, bool finished);
  Result<> insert(const recordings::Segment& segment, std::string_view path, bool finished);
  bool write_end(const std::string& path, EndReason reason);
  void expire_by_age(UtcTime oldest, std::vector<std::string>& paths);
  void expire_by_size(const std::string& device, std::uint64_t excess, std::vector<std::string>& paths);

  std::uint64_t end_of(const recordings::StreamName& name) const;
  void note_lost(const std::string& device);

  Database database_;
  const Changed changed_;
  Statement put_, update_, remove_, first_of_, put_meta_, put_end_, remove_end_, put_expired_, older_, oldest_of_;
  mutable Statement find_, last_of_, paths_;
  LostTags lost_;
  std::map<std::string, RecordedRange> ranges_;
  std::map<std::string, std::uint64_t, std::less<>> growing_;  ///< bytes of the segments that have a row, by path
  std::vector<Change> changes_;                                ///< not yet told
  bool batch_ = false;
  std::map<std::string, EndReason, std::less<>> unwritten_ends_;  ///< by path
};

/// The reading side, with a connection of its own. One thread.
class IndexReader {
 public:
  static tl::expected<std::unique_ptr<IndexReader>, Failure> open(const std::filesystem::path& file);

  /// Segments that touch [from, to], in order of their start.
  Result<std::vector<recordings::Segment>> list(const DeviceId& device, unsigned channel, UtcTime from, UtcTime to);

  /// Where something is recorded next to `at`: the end of the last segment before it, the start of the first after it.
  struct Nearest {
    std::optional<UtcTime> before;
    std::optional<UtcTime> after;
  };
  Result<Nearest> nearest(const DeviceId& device, unsigned channel, UtcTime at);

  /// Where nothing is recorded between `from` and `to`, as far as it is known why; in order.
  Result<std::vector<Gap>> gaps(const DeviceId& device, unsigned channel, UtcTime from, UtcTime to);

  /// What senders said of the streams of a channel: stream, JSON object.
  Result<std::vector<std::pair<std::string, std::string>>> metas(const DeviceId& device, unsigned channel);

 private:
  explicit IndexReader(Database database);
  Result<std::optional<Span>> expired(const DeviceId& device, unsigned channel);

  Database database_;
  Statement list_, before_, after_, metas_, ends_, expired_;
};

}  // namespace camspan::hub
