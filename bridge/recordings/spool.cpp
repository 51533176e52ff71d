#include "recordings/spool.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <future>

#include "recordings/boot_clock.hpp"
#include "recordings/file.hpp"

namespace camspan::recordings {
namespace {

// The folder below the root that the segments of a device lie in.
constexpr const char* kFolder = "spool";

// A segment is the least that goes when there is no room: small beside the bound, large beside a GOP.
constexpr std::uint64_t kSegmentsAtLeast = 16;
constexpr std::uint64_t kMaxSegmentBytes = 4 << 20;
constexpr std::chrono::seconds kSegmentTime{10};

Failure spool_failure(std::error_code error, const std::filesystem::path& root) {
  if (error == Errc::busy)
    return {error,
            "The spool in " + root.string() +
                " is in use by another program. Give each program a spool-location of its own, or end that one."};
  return {error, "The spool cannot be kept in " + root.string() + ": " + error.message() +
                     ". Make the folder writable for this user, or set spool-location to another one."};
}

Result<std::unique_ptr<TagLedger>> open_ledger(const std::filesystem::path& root) {
  if (const int error = hal()->folder_create(root.c_str()); error != 0) return fail(file_error(error));
  return TagLedger::open(root);
}

}  // namespace

tl::expected<std::unique_ptr<Spool>, Failure> Spool::open(Options options, std::function<void(SpoolLevel)> changed) {
  // First of all: what another program has open is not to be touched.
  auto ledger = open_ledger(options.root);
  if (!ledger) return tl::make_unexpected(spool_failure(ledger.error(), options.root));
  auto index = std::make_unique<SpoolIndex>(options.root, options.max_bytes, changed);
  RecorderOptions recorder_options;
  recorder_options.root = options.root;
  recorder_options.device = kFolder;
  recorder_options.segment = kSegmentTime;
  recorder_options.segment_bytes = std::min(options.max_bytes / kSegmentsAtLeast, kMaxSegmentBytes);
  recorder_options.sync_interval = options.sync_interval;
  recorder_options.sync_bytes = options.sync_bytes;
  recorder_options.write_at_once = true;
  recorder_options.any_first = true;
  recorder_options.boot = boot_id();
  auto recorder = Recorder::start(std::move(recorder_options), *index);
  if (!recorder) return tl::make_unexpected(spool_failure(recorder.error().code, options.root));
  changed(index->level());
  return std::unique_ptr<Spool>(
      new Spool(std::move(options.root), std::move(*ledger), std::move(index), std::move(*recorder)));
}

Spool::Spool(std::filesystem::path root, std::unique_ptr<TagLedger> ledger, std::unique_ptr<SpoolIndex> index,
             std::unique_ptr<Recorder> recorder)
    : root_(std::move(root)), ledger_(std::move(ledger)), index_(std::move(index)), recorder_(std::move(recorder)) {}

Spool::~Spool() {
  // A begin() that waits may bring tags, which the recorder takes only until it is closed.
  std::promise<void> ran;
  recorder_->run([&ran] { ran.set_value(); });
  ran.get_future().wait();
}

void Spool::begin(Begin begin, RecordingEvents events, std::function<void(Result<Recorder::Ready>)> ready) {
  Recorder::Begin recording{{kFolder, 0, std::move(begin.stream)}, begin.start, begin.first, std::move(begin.head)};
  recorder_->begin(std::move(recording), std::move(events), std::move(ready));
}

void Spool::acknowledged(std::string stream, std::uint64_t tags) {
  recorder_->run([this, stream = std::move(stream), tags] { index_->acknowledged(stream, tags); });
}

void Spool::done(std::string path, bool lost) {
  recorder_->run([this, path = std::move(path), lost] {
    index_->set_uploading({});
    index_->done(path, lost);
  });
}

void Spool::drop(bool growing) {
  recorder_->run([this, growing] {
    if (growing) recorder_->cut();
    index_->drop();
  });
}

void Spool::settle_clock() {
  recorder_->run([this] { index_->settle_clock(); });
}

void Spool::open_segment(Segment segment, Opened opened) {
  recorder_->run([this, segment = std::move(segment), opened = std::move(opened)] {
    index_->set_uploading(segment.path);
    auto reader = SpoolReader::open(root_, segment);
    opened(reader ? Result<std::shared_ptr<SpoolReader>>(std::make_shared<SpoolReader>(std::move(*reader)))
                  : fail(reader.error()));
  });
}

void Spool::read(std::shared_ptr<SpoolReader> reader, std::size_t bytes,
                 std::function<void(Result<std::vector<SharedUnit>>)> read) {
  recorder_->run([reader = std::move(reader), bytes, read = std::move(read)] { read(reader->next(bytes)); });
}

}  // namespace camspan::recordings
