/// The spool: tags on disk until a receiver has them, bounded, over kills and restarts.
#pragma once

#include <camspan/error.hpp>
#include <memory>

#include "recordings/recorder.hpp"
#include "recordings/spool_index.hpp"
#include "recordings/spool_reader.hpp"
#include "recordings/tag_ledger.hpp"

namespace camspan::recordings {

/// Segments as the recordings have them (whole FLVs, cut at key frames, a tag is on stable storage when `committed`
/// says so), in `<root>/spool/`. One storage thread. What an older program left is finished and listed. Calls from one
/// thread; they do not block but for open() and the destructor, which finishes what grows.
class Spool {
 public:
  struct Options {
    std::filesystem::path root;          ///< of this spool alone
    std::uint64_t max_bytes = 64 << 20;  ///< of all files; over it the oldest segments go
    std::chrono::milliseconds sync_interval{250};
    std::size_t sync_bytes = 256 << 10;  ///< or as soon as this much waits for stable storage
  };
  /// @param changed  called on the storage thread after each change, and once on the caller's before open() returns
  static tl::expected<std::unique_ptr<Spool>, Failure> open(Options options, std::function<void(SpoolLevel)> changed);

  /// Stores what was handed over before.
  ~Spool();

  struct Begin {
    std::string stream;
    std::uint64_t first = 0;  ///< any number
    UtcTime start;            ///< of the first tag, by capture_clock()
    std::vector<SharedUnit> head;
  };
  /// As Recorder::begin(); callbacks on the storage thread.
  void begin(Begin begin, RecordingEvents events, std::function<void(Result<Recorder::Ready>)> ready);
  /// See SpoolIndex; later, on the storage thread.
  void acknowledged(std::string stream, std::uint64_t tags);
  void done(std::string path, bool lost);
  /// @param growing  what grows goes, too; it goes on with the next tag
  void drop(bool growing);
  void settle_clock();
  /// Of the caller's thread, for as long as this lives.
  TagLedger& ledger() { return *ledger_; }

  /// Opens a finished segment, which is kept until the next call of open_segment() or done(). Storage thread.
  using Opened = std::function<void(Result<std::shared_ptr<SpoolReader>>)>;
  void open_segment(Segment segment, Opened opened);
  /// Reads on. `read` is called on the storage thread.
  void read(std::shared_ptr<SpoolReader> reader, std::size_t bytes,
            std::function<void(Result<std::vector<SharedUnit>>)> read);

 private:
  Spool(std::filesystem::path root, std::unique_ptr<TagLedger> ledger, std::unique_ptr<SpoolIndex> index,
        std::unique_ptr<Recorder> recorder);

  const std::filesystem::path root_;
  std::unique_ptr<TagLedger> ledger_;  ///< to the end: it keeps other programs out
  std::unique_ptr<SpoolIndex> index_;
  std::unique_ptr<Recorder> recorder_;  ///< after the index, which it uses to its end
};

}  // namespace camspan::recordings
