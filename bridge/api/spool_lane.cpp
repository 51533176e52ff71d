#include "api/spool_lane.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "api/uuid.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "recordings/boot_clock.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;

// Read from disk, and not yet acknowledged: more than the 1 MiB of one stream that a hub stores and confirms at once.
constexpr std::size_t kWindow = 1280 << 10;
constexpr std::size_t kReadBytes = 64 << 10;
constexpr milliseconds kFirstDelay{1000};
constexpr milliseconds kMaxDelay{30'000};
// Live that sent nothing for so long is none to make way for.
constexpr milliseconds kLiveIdle{1000};
constexpr std::int64_t kMaxCredit = 1 << 20;

/// What the storage thread gives back to a coroutine.
template <class Value>
auto to_executor(const asio::any_io_executor& executor, std::shared_ptr<std::optional<Value>> slot,
                 std::function<void()> came) {
  return [executor, slot, came](Value value) {
    auto held = std::make_shared<Value>(std::move(value));
    asio::post(executor, [slot, held, came] {
      slot->emplace(std::move(*held));
      came();
    });
  };
}

bool of_no_use(int status) {
  return status == 400 || status == 411 || status == 413 || status == 415 || status == 422;
}

}  // namespace

SpoolLane::SpoolLane(asio::any_io_executor executor, recordings::Spool& spool, Surroundings surroundings)
    : executor_(std::move(executor)),
      spool_(spool),
      surroundings_(std::move(surroundings)),
      queue_({SIZE_MAX, Nanoseconds(0), Leaky::no}, [] {}),
      wake_(executor_),
      feed_wake_(executor_),
      storage_came_(executor_),
      read_came_(executor_) {
  queue_.unlock(true);  // push() never waits here
}

void SpoolLane::start() {
  asio::co_spawn(executor_, hold(shared_from_this()), asio::detached);
}

asio::awaitable<void> SpoolLane::hold(std::shared_ptr<SpoolLane> self) {
  co_await self->run();
}

void SpoolLane::stop() {
  stopped_ = true;
  detach();
  for (net::WakeUp* wake : {&wake_, &feed_wake_, &storage_came_, &read_came_}) wake->notify();
}

void SpoolLane::set_segments(std::vector<recordings::SpooledSegment> segments) {
  segments_ = std::move(segments);
  wake_.notify();
}

void SpoolLane::set_live_stream(std::string stream) {
  live_stream_ = std::move(stream);
  wake_.notify();
}

void SpoolLane::attach(net::H2Client& client) {
  client_ = &client;
  not_before_ = {};
  wake_.notify();
}

void SpoolLane::detach() {
  client_ = nullptr;
  if (request_) request_->abort(Failure{Errc::cancelled, "the connection is over.", 0});
}

asio::awaitable<void> SpoolLane::run() {
  while (!stopped_) {
    auto next = pick();
    if (!client_ || !next || Clock::now() < not_before_) {
      co_await wake_.wait_until(Clock::now() + milliseconds(client_ && !segments_.empty() ? 250 : 5000));
    } else {
      co_await send(std::move(*next));
    }
  }
}

/// The oldest segment that can be sent now.
std::optional<recordings::SpooledSegment> SpoolLane::pick() {
  for (const recordings::SpooledSegment& spooled : segments_) {
    const recordings::Segment& segment = spooled.segment;
    if (segment.name.stream == live_stream_) continue;
    // Its date is not known yet, and will be when the clock is set.
    if (spooled.this_boot && segment.start < kClockSet) {
      if (recordings::date_of(segment.start)) spool_.settle_clock();
      continue;
    }
    return spooled;
  }
  return std::nullopt;
}

asio::awaitable<Result<std::shared_ptr<recordings::SpoolReader>>> SpoolLane::open(recordings::Segment segment) {
  using Opened = Result<std::shared_ptr<recordings::SpoolReader>>;
  auto slot = std::make_shared<std::optional<Opened>>();
  auto came = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->storage_came_.notify();
  };
  spool_.open_segment(std::move(segment), to_executor<Opened>(executor_, slot, came));
  while (!stopped_ && !*slot) co_await storage_came_.wait();
  if (!*slot) co_return fail(Errc::closed);
  co_return std::move(**slot);
}

asio::awaitable<Result<std::vector<SharedUnit>>> SpoolLane::read(std::shared_ptr<recordings::SpoolReader> reader) {
  using Tags = Result<std::vector<SharedUnit>>;
  auto slot = std::make_shared<std::optional<Tags>>();
  auto came = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read_came_.notify();
  };
  spool_.read(std::move(reader), kReadBytes, to_executor<Tags>(executor_, slot, came));
  while (!stopped_ && !*slot) co_await read_came_.wait();
  if (!*slot) co_return fail(Errc::closed);
  co_return std::move(**slot);
}

std::optional<UploadRequest::Setup> SpoolLane::setup_of(const recordings::SpooledSegment& spooled,
                                                        const recordings::SpoolReader& reader, bool rest) const {
  auto setup = surroundings_.setup();
  if (!setup) return std::nullopt;
  const recordings::Segment& segment = spooled.segment;
  setup->first = rest ? 0 : reader.first();
  setup->head = reader.head();
  setup->headers.append("camspan-stream",
                        rest ? uuid_of_rest(segment.name.stream, segment.first) : segment.name.stream);
  if (rest) setup->headers.append("camspan-rest", segment.name.stream + ";" + std::to_string(segment.first));
  setup->headers.append("camspan-first", std::to_string(setup->first));
  setup->headers.append("camspan-head", std::to_string(setup->head.size()));
  setup->headers.append("camspan-spooled", "1");
  if (const auto date = recordings::date_of(segment.start); date && spooled.this_boot)
    setup->headers.append("camspan-start", format_utc(*date));
  return setup;
}

/// Nothing for what has no date, or no stream id that a name can hold: that goes as live does. So does the rest of a
/// stream that is broken: a name says not which one.
std::optional<SpoolLane::FileJob> SpoolLane::file_job(const recordings::SpooledSegment& spooled,
                                                      const std::shared_ptr<recordings::SpoolReader>& reader,
                                                      const UploadRequest::Setup& setup) const {
  const recordings::Segment& segment = spooled.segment;
  const auto date = recordings::date_of(segment.start);
  const auto device = surroundings_.device ? surroundings_.device() : std::nullopt;
  if (!device || !date || !spooled.this_boot) return std::nullopt;
  SpoolFile::Content content;
  content.stream = segment.name.stream;
  content.first = setup.first;
  content.start = *date;
  content.head = setup.head;
  content.tag_bytes = reader->payload_bytes();
  auto name = SpoolFile::name_of(content.stream, content.first, content.start);
  if (!name) return std::nullopt;
  return FileJob{std::move(*name), *device, setup, reader, std::make_shared<SpoolFile>(content)};
}

asio::awaitable<void> SpoolLane::send(recordings::SpooledSegment spooled) {
  const recordings::Segment segment = spooled.segment;
  auto reader = co_await open(segment);
  if (stopped_ || !client_) co_return;
  if (!reader) {
    log::warn("spool", segment.path, " cannot be read: ", reader.error().message());
    if (reader.error() == Errc::not_found || reader.error() == Errc::wrong_type || reader.error() == Errc::gap)
      spool_.done(segment.path, true);
    back_off();
    co_return;
  }
  const bool rest = broken_.contains(segment.name.stream);
  auto setup = setup_of(spooled, **reader, rest);
  if (!setup) {
    back_off();
    co_return;
  }
  auto job = rest ? std::nullopt : file_job(spooled, *reader, *setup);
  if (job) {
    RequestEnd end = co_await send_file(std::move(*job));
    if (stopped_) co_return;
    // Not a gap: the receiver still holds on to what came before.
    if (end.failure.http_status == 409 && !end.expected) end.kind = RequestEnd::Kind::lost;
    const bool stored = end.kind == RequestEnd::Kind::complete;
    if (stored) total_.bytes_acked += (*reader)->payload_bytes();
    after(end, spooled, stored);
    co_return;
  }
  const std::uint64_t numbers = segment.end - (rest ? segment.first : 0);
  queue_.reset(setup->first);
  progress_ = {};
  auto request = std::make_shared<UploadRequest>(executor_, queue_, progress_, std::move(*setup),
                                                 [this] { surroundings_.changed(); });
  request_ = request;
  auto feeding = hold_feed(shared_from_this(), request, *reader);
  asio::co_spawn(executor_, std::move(feeding), asio::detached);
  const RequestEnd end = co_await request->run(*client_);
  request_.reset();
  feed_wake_.notify();
  count();
  const bool stored = end.kind != RequestEnd::Kind::refused && progress_.tags_acked >= numbers;
  if (!stopped_) after(end, spooled, stored);
}

/// @param stored  the receiver has all of it
void SpoolLane::after(const RequestEnd& end, const recordings::SpooledSegment& spooled, bool stored) {
  const recordings::Segment& segment = spooled.segment;
  const bool refused = end.kind == RequestEnd::Kind::refused;
  if (stored) {
    delay_ = milliseconds(0);
    std::erase_if(segments_, [&](const auto& other) { return other.segment.path == segment.path; });
    spool_.done(segment.path, false);
    surroundings_.changed();
  } else if (refused && end.failure.http_status == 409 && broken_.insert(segment.name.stream).second) {
    log::warn("spool", "tags before ", segment.first, " of ", segment.name.stream,
              " are lost: the rest goes as another stream");
  } else if (refused && of_no_use(end.failure.http_status)) {
    log::error("spool", segment.path, " is given up: ", end.failure.sentence);
    std::erase_if(segments_, [&](const auto& other) { return other.segment.path == segment.path; });
    spool_.done(segment.path, true);
  } else {
    log::info("spool", segment.path, " waits: ", end.failure.sentence);
    back_off();
  }
}

void SpoolLane::back_off() {
  delay_ = std::clamp(delay_ * 2, kFirstDelay, kMaxDelay);
  not_before_ = Clock::now() + delay_;
}

void SpoolLane::count() {
  total_.bytes_sent += progress_.bytes_sent;
  total_.bytes_acked += progress_.bytes_acked;
}

asio::awaitable<void> SpoolLane::hold_feed(std::shared_ptr<SpoolLane> self, std::shared_ptr<UploadRequest> request,
                                           std::shared_ptr<recordings::SpoolReader> reader) {
  co_await self->feed(std::move(request), std::move(reader));
}

asio::awaitable<void> SpoolLane::feed(std::shared_ptr<UploadRequest> request,
                                      std::shared_ptr<recordings::SpoolReader> reader) {
  while (!stopped_ && request_ == request) {
    if (!may_send()) {
      co_await feed_wake_.wait_until(Clock::now() + kRoomCheck);
      continue;
    }
    const auto tags = co_await read(reader);
    if (stopped_ || request_ != request) co_return;
    if (!tags) {
      request->abort(Failure{tags.error(), "the spool cannot be read: " + tags.error().message(), 0});
      co_return;
    }
    if (tags->empty()) {
      request->finish();
      co_return;
    }
    for (const SharedUnit& tag : *tags) {
      const bool pushed = co_await push(tag, request);
      if (!pushed) co_return;
    }
    request->wake();
  }
}

/// @return false: the request is over
asio::awaitable<bool> SpoolLane::push(SharedUnit unit, std::shared_ptr<UploadRequest> request) {
  credit_ -= static_cast<std::int64_t>(unit->bytes.size());
  // Another holder may have used up the memory of the process.
  bool pushed = queue_.push(unit).has_value();
  while (!pushed && !stopped_ && request_ == request) {
    co_await feed_wake_.wait_until(Clock::now() + kRoomCheck);
    pushed = request_ == request && queue_.push(unit).has_value();
  }
  co_return pushed&& request_ == request;
}

/// Live goes first: while it has something to send the spool waits, and of what is sent it is no more than its share.
bool SpoolLane::may_send() {
  if (queue_.level().bytes >= kWindow) return false;
  const auto now = Clock::now();
  const std::uint64_t live = surroundings_.live_bytes();
  if (live != live_seen_) {
    live_at_ = now;
    const auto grown = static_cast<std::int64_t>(live - live_seen_);
    credit_ = std::min(credit_ + grown * share_ / std::max(100 - share_, 1), kMaxCredit);
    live_seen_ = live;
  }
  if (surroundings_.live_waits()) return false;
  if (share_ >= 100 || now - live_at_ > kLiveIdle) {
    credit_ = 0;
    return true;
  }
  return credit_ > 0;
}

}  // namespace camspan
