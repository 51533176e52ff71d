#include "recordings/recorder.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "recordings/file.hpp"
#include "recordings/open_stream.hpp"
#include "recordings/reconcile.hpp"
#include "recordings/segment_name.hpp"
#include "recordings/storage_queue.hpp"

namespace camspan::recordings {
namespace {

// So many files are synced one by one: a sync of the disk also waits for what others write there.
constexpr std::ptrdiff_t kFewFiles = 4;

using EndCallback = std::function<void(Result<std::uint64_t>)>;

class StorageThread final : public Recorder {
 public:
  StorageThread(RecorderOptions options, SegmentIndex& index);
  ~StorageThread() override;

  void begin(Begin begin, RecordingEvents events, std::function<void(Result<Ready>)> ready) override;
  void remove(std::string path, std::function<void(Result<>)> done) override;
  void run(std::function<void()> task) override { queue_->push(std::move(task)); }
  void cut() override;

  /// The rest is called on the thread itself.
  void end(std::uint64_t id, EndCallback done) { ending_.push_back({id, std::move(done)}); }

 private:
  struct Ending {
    std::uint64_t id;
    EndCallback done;
  };
  using Streams = std::map<std::uint64_t, OpenStream>;

  void work();
  void handle(StorageQueue::Tag& tag);
  void commit();
  void write(std::size_t bytes);
  bool sync_disk();
  void on_each(Result<> (OpenStream::*step)());
  void end_streams();
  Streams::iterator finish(Streams::iterator stream);
  Streams::iterator drop(Streams::iterator stream, std::error_code error);
  Result<Ready> open(Begin&& begin, RecordingEvents&& events);
  Result<> remove_now(const std::string& path);

  const RecorderOptions options_;
  SegmentIndex& index_;
  const std::shared_ptr<StorageQueue> queue_;

  // Of the thread alone.
  Streams streams_;
  std::map<std::uint64_t, Result<std::uint64_t>> over_;  ///< how recordings ended that their owners have not ended
  std::vector<Ending> ending_;
  StorageQueue::Waiting waiting_;
  std::uint64_t next_id_ = 0;
  bool closing_ = false;

  std::thread thread_;
};

/// What the owner of a stream holds.
class QueuedRecording final : public Recording {
 public:
  QueuedRecording(StorageThread& thread, std::shared_ptr<StorageQueue> queue, std::shared_ptr<RecordingLink> link)
      : thread_(thread), queue_(std::move(queue)), link_(std::move(link)) {}
  ~QueuedRecording() override { end({}); }

  void append(SharedUnit tag, std::uint64_t number) override {
    if (!ended_) queue_->push(StorageQueue::Tag{link_, std::move(tag), number});
  }
  void end(EndCallback done) override {
    if (std::exchange(ended_, true)) return;
    // The thread is there when it runs the task: the queue takes none after its end.
    queue_->push([&thread = thread_, id = link_->id, done = std::move(done)] { thread.end(id, done); });
  }
  std::size_t pending_bytes() const override { return link_->pending_bytes.load(std::memory_order_relaxed); }

 private:
  StorageThread& thread_;
  const std::shared_ptr<StorageQueue> queue_;
  const std::shared_ptr<RecordingLink> link_;
  bool ended_ = false;
};

StorageThread::StorageThread(RecorderOptions options, SegmentIndex& index)
    : options_(std::move(options)),
      index_(index),
      queue_(std::make_shared<StorageQueue>(options_.sync_interval, options_.sync_bytes, options_.sync_stream_bytes,
                                            options_.write_at_once)),
      thread_([this] { work(); }) {}

StorageThread::~StorageThread() {
  queue_->close();
  thread_.join();
}

void StorageThread::work() {
  while (!closing_) {
    StorageQueue::Batch batch = queue_->take(waiting_);
    closing_ = batch.closed;
    if (!waiting_.since) waiting_.since = batch.tags.since;
    waiting_.stream_full = waiting_.stream_full || batch.tags.stream_full;
    for (StorageQueue::Item& item : batch.items) {
      if (auto* tag = std::get_if<StorageQueue::Tag>(&item)) {
        waiting_.bytes += tag->unit->bytes.size();
        handle(*tag);
        // What goes at once is bounded, too, for room is made before it.
        if (options_.write_at_once && waiting_.bytes >= options_.sync_bytes) commit();
      } else {
        std::get<StorageQueue::Task>(item)();
      }
    }
    // What came after a commit in between.
    if (waiting_.bytes != 0 && !waiting_.since) waiting_.since = batch.tags.since;
    if (closing_ || !ending_.empty() || queue_->due(waiting_)) {
      commit();
    } else if (options_.write_at_once) {
      write(waiting_.bytes);
    }
  }
  for (auto stream = streams_.begin(); stream != streams_.end();) stream = finish(stream);
}

void StorageThread::handle(StorageQueue::Tag& tag) {
  const auto stream = streams_.find(tag.link->id);
  const std::size_t size = tag.unit->bytes.size();
  const auto queued =
      stream == streams_.end() ? fail(Errc::closed) : stream->second.queue(std::move(tag.unit), tag.number);
  if (queued) return;
  tag.link->pending_bytes.fetch_sub(size, std::memory_order_relaxed);
  if (stream != streams_.end()) drop(stream, queued.error());
}

/// Stores all that waits: first everything is written, then synced, so that the disk can do both at its best.
void StorageThread::commit() {
  index_.begin_batch();
  write(std::exchange(waiting_, {}).bytes);
  on_each(sync_disk() ? &OpenStream::disk_was_synced : &OpenStream::sync);
  index_.end_batch();
  // Whoever hears of it finds it in the index.
  for (auto& [id, stream] : streams_) stream.tell_stored();
  end_streams();
}

void StorageThread::cut() {
  commit();
  on_each(&OpenStream::cut);
}

/// Hands what is queued to the system. @param bytes  of tags that came since the last commit
void StorageThread::write(std::size_t bytes) {
  const auto room = index_.make_room(bytes);
  if (room) return on_each(&OpenStream::write);
  for (auto stream = streams_.begin(); stream != streams_.end();)
    stream = stream->second.has_queued() ? drop(stream, room.error()) : std::next(stream);
}

/// One sync for all where that is cheaper. @return false when each has to sync its own file
bool StorageThread::sync_disk() {
  const auto dirty = [](const auto& stream) { return stream.second.has_unsynced(); };
  if (std::ranges::count_if(streams_, dirty) <= kFewFiles) return false;
  return std::ranges::find_if(streams_, dirty)->second.sync_disk().has_value();
}

void StorageThread::on_each(Result<> (OpenStream::*step)()) {
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    const auto done = (stream->second.*step)();
    if (done) {
      ++stream;
    } else {
      stream = drop(stream, done.error());
    }
  }
}

void StorageThread::end_streams() {
  for (Ending& ending : std::exchange(ending_, {})) {
    if (const auto stream = streams_.find(ending.id); stream != streams_.end()) finish(stream);
    const auto result = over_.extract(ending.id);
    if (ending.done) ending.done(result.mapped());
  }
}

StorageThread::Streams::iterator StorageThread::finish(Streams::iterator stream) {
  const auto ended = stream->second.end();
  if (!ended) return drop(stream, ended.error());
  over_.emplace(stream->first, stream->second.stored());
  return streams_.erase(stream);
}

StorageThread::Streams::iterator StorageThread::drop(Streams::iterator stream, std::error_code error) {
  stream->second.fail(error);
  over_.emplace(stream->first, fail(error));
  return streams_.erase(stream);
}

void StorageThread::begin(Begin begin, RecordingEvents events, std::function<void(Result<Ready>)> ready) {
  auto task = [this, begin = std::move(begin), events = std::move(events), ready]() mutable {
    ready(open(std::move(begin), std::move(events)));
  };
  if (!queue_->push(StorageQueue::Task(std::move(task)))) ready(fail(Errc::closed));
}

Result<Recorder::Ready> StorageThread::open(Begin&& begin, RecordingEvents&& events) {
  if (closing_) return fail(Errc::closed);
  const std::string& device = begin.name.device;
  if (!is_device_id(device) || (!options_.device.empty() && device != options_.device)) return fail(Errc::bad_setting);
  const auto open = std::find_if(streams_.begin(), streams_.end(),
                                 [&](const auto& stream) { return stream.second.name() == begin.name; });
  if (open != streams_.end()) finish(open);
  auto last = index_.last_of(begin.name);
  const std::uint64_t stored = last ? last->end : options_.any_first ? begin.first : 0;
  if (begin.first > stored) return fail(Errc::gap);
  const auto link = std::make_shared<RecordingLink>(next_id_++);
  streams_.try_emplace(link->id, options_, index_, link, std::move(begin), std::move(last), std::move(events));
  return Ready{stored, std::make_unique<QueuedRecording>(*this, queue_, link)};
}

void StorageThread::remove(std::string path, std::function<void(Result<>)> done) {
  auto task = [this, path = std::move(path), done] { done(remove_now(path)); };
  if (!queue_->push(StorageQueue::Task(std::move(task)))) done(fail(Errc::closed));
}

Result<> StorageThread::remove_now(const std::string& path) {
  if (!parse_segment_path(path)) return fail(Errc::not_found);
  for (const auto& [id, stream] : streams_) {
    if (final_path(stream.growing_path()) == final_path(path)) return fail(Errc::busy);
  }
  if (const auto removed = remove_segment_file(options_.root, path); !removed) return removed;
  index_.remove(path);
  return {};
}

/// Tells at the start, not at the first recording, that a folder cannot be used.
Result<> try_folder(const std::filesystem::path& root) {
  if (const int error = hal()->folder_create(root.c_str()); error != 0) return fail(file_error(error));
  const std::string probe = (root / ".camspan-probe").string();
  const auto file = File::open(probe, HAL_FILE_WRITE | HAL_FILE_CREATE);
  if (!file) return fail(file.error());
  hal()->file_remove(probe.c_str());
  return {};
}

}  // namespace

Result<> remove_segment_file(const std::filesystem::path& root, const std::string& path) {
  const int removed = hal()->file_remove((root / path).c_str());
  if (const auto error = file_error(removed); removed != 0 && error != Errc::not_found) return fail(error);
  // The folders of the day, month, year, channel and device, as far as nothing else is in them.
  for (auto folder = std::filesystem::path(path).parent_path(); !folder.empty(); folder = folder.parent_path()) {
    if (hal()->file_remove((root / folder).c_str()) != 0) break;
  }
  return {};
}

tl::expected<std::unique_ptr<Recorder>, Failure> Recorder::start(RecorderOptions options, SegmentIndex& index) {
  auto usable = try_folder(options.root);
  if (usable) usable = reconcile(options.root, options.device, index);
  if (!usable)
    return tl::make_unexpected(Failure{
        usable.error(), "Recordings cannot be kept in " + options.root.string() + ": " + usable.error().message() +
                            ". Make it writable for this user, or choose another folder."});
  return std::make_unique<StorageThread>(std::move(options), index);
}

}  // namespace camspan::recordings
