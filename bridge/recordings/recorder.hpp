/// Records many streams by one storage thread: no network or streaming thread ever writes or syncs a file.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recordings/segment.hpp"

namespace camspan::recordings {

/// Where segments are listed: SQLite in the hub, memory in a camera. Always rebuilt from the files if lost.
/// A segment is known by its path without ".part": the path given last is where the file is now.
/// Called on the storage thread only, and during Recorder::start() by its caller.
class SegmentIndex {
 public:
  virtual ~SegmentIndex() = default;
  /// A segment began, grew by a commit, was opened again, or was finished (its path then lacks ".part").
  virtual void put(const Segment& segment, bool finished) = 0;
  /// Changes of several segments come between these two: they may be written as one.
  virtual void begin_batch() {}
  virtual void end_batch() {}
  virtual void remove(const std::string& path) = 0;
  /// The last segment of a stream (the one with the highest `end`), which tells how many of its tags are stored.
  virtual std::optional<Segment> last_of(const StreamName& name) const = 0;
  /// Paths of all segments, as given last.
  virtual std::vector<std::string> paths() const = 0;
  /// Segment::bytes of the segment with this path, as given last; 0 if there is none. A file of another size was
  /// written after its row was lost (an index may lose its latest rows when the power fails) and is read again.
  virtual std::uint64_t bytes_of(const std::string& path) const = 0;
  /// `bytes` of tags are about to be written: the chance to delete older segments.
  /// @return an error fails every recording that they belong to
  virtual Result<> make_room(std::uint64_t bytes) {
    static_cast<void>(bytes);
    return {};
  }
};

/// Deletes the file of a segment, and the folders that it leaves empty. Storage thread. A file that is gone already is
/// fine.
Result<> remove_segment_file(const std::filesystem::path& root, const std::string& path);

struct RecorderOptions {
  std::filesystem::path root;                    ///< one file system from here down
  std::string device{};                          ///< records this one only, so that several programs can share a root;
                                                 ///< empty = any device, and nobody else at work below `root`
  std::chrono::milliseconds segment{60'000};     ///< cut at the next key frame after this much media time
  std::uint64_t segment_bytes = 0;               ///< or after this many bytes; 0 = no bound
  std::chrono::milliseconds sync_interval{500};  ///< a tag is on stable storage at most this long after it came, plus
                                                 ///< the time of the sync itself
  std::size_t sync_bytes = 16 << 20;             ///< or as soon as this much waits in all
  std::size_t sync_stream_bytes = 1 << 20;       ///< or as soon as this much waits of one stream, whose sender wants
                                                 ///< to hear that it may forget it
  bool write_at_once = false;  ///< the system has a tag as soon as it came, so that only a power cut costs the interval
  bool any_first = false;      ///< a stream that the index does not know may begin with any tag: those before it are
                               ///< elsewhere
  std::string boot{};  ///< 16 hex digits: a segment that starts before kClockSet is named by this boot and the time
                       ///< since it, which its start then is; empty = by UTC whatever it says
};

/// What a stream's owner hears, on the storage thread: post it on, do not block.
struct RecordingEvents {
  /// Tags of the stream with numbers below `tags` are on stable storage. Script and config tags that begin a stream
  /// count only once a tag of media is there, or the stream ended.
  std::function<void(std::uint64_t tags)> committed;
  /// Storing failed; nothing after the last commit is stored and the recording is over. Errc::no_space: disk full.
  std::function<void(Failure)> failed;
  /// Tags below `tags` were handed to the system: they outlive this program, but not the power. What begins a stream
  /// is told of as it comes, and written with the first tag of media. Before committed() of the same tags; may be null.
  std::function<void(std::uint64_t tags)> written{};
};

/// One open stream. append() and end() from one thread, in order. It may outlive its recorder, and does nothing then.
class Recording {
 public:
  virtual ~Recording() = default;  ///< as end()
  /// Queues the whole FLV tag numbered `number`; numbers come without holes. Never blocks. A hole (Errc::gap) or bytes
  /// that are no tag (Errc::malformed) fail the recording.
  virtual void append(SharedUnit tag, std::uint64_t number) = 0;
  /// Stores what is queued, finishes the segment, then calls `done` on the storage thread with the number of tags
  /// stored, or with the error that failed() named. Nothing may be appended after this.
  virtual void end(std::function<void(Result<std::uint64_t> tags)> done) = 0;
  /// Bytes appended and not yet written: the owner slows its sender over a bound of its own. Any thread.
  virtual std::size_t pending_bytes() const = 0;
};

class Recorder {
 public:
  /// Finishes what a kill left behind (every ".part" is cut after its last whole tag and renamed), reconciles `index`
  /// with the files, then starts the thread. `index` outlives the recorder.
  /// @return the sentence names the folder and the fix.
  static tl::expected<std::unique_ptr<Recorder>, Failure> start(RecorderOptions options, SegmentIndex& index);
  virtual ~Recorder() = default;  ///< finishes every segment, syncs, joins; `ready` of a begin() that waits gets
                                  ///< Errc::closed. Not on the storage thread.

  struct Begin {
    StreamName name;
    /// Capture time of the tag numbered `first`.
    UtcTime start;
    std::uint64_t first = 0;
    /// Script and config tags in force before `first` (head of the next segment).
    std::vector<SharedUnit> head;
  };
  /// Opens a stream or goes on with one: `ready` is called on the storage thread with the number of tags stored so far
  /// and the recording; append from exactly that number. Errc::gap if `begin.first` is above it (what is stored is
  /// then index.last_of(name)->end, or 0); Errc::bad_setting if the device id cannot name a folder or is not the one
  /// of the options; Errc::closed.
  /// A recording of the same stream that is still open is stored and finished first; its further tags are dropped.
  struct Ready {
    std::uint64_t stored = 0;
    std::unique_ptr<Recording> recording;
  };
  virtual void begin(Begin begin, RecordingEvents events, std::function<void(Result<Ready>)> ready) = 0;

  /// Deletes a finished segment from disk and index, and the folders that it leaves empty. Errc::busy while it grows;
  /// Errc::not_found when `path` is none of a segment. A file that is gone already is fine.
  virtual void remove(std::string path, std::function<void(Result<>)> done) = 0;
  /// Storage thread, from a task of run(): stores what came and finishes what grows; the next tag of each stream begins
  /// another segment.
  virtual void cut() = 0;
  /// Runs `task` on the storage thread (the index's owner uses it for its own writes).
  virtual void run(std::function<void()> task) = 0;
};

}  // namespace camspan::recordings
