#include "hub/live_upload.hpp"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/private_file.hpp"
#include "hub/storage_call.hpp"
#include "recordings/segment_file.hpp"

namespace camspan::hub {
namespace {

using std::chrono::milliseconds;

// Acknowledgements that come faster are joined.
constexpr milliseconds kLinePause{200};
// A sender takes silence for a dead hub; so it hears the old number again while storing is held up.
constexpr std::chrono::seconds kHeartbeat{5};
// How often a full recorder is looked at when it says nothing.
constexpr milliseconds kRoomCheck{50};

/// What the recorder's begin() gives back to a waiting coroutine.
struct Beginning {
  explicit Beginning(const asio::any_io_executor& executor) : done(executor) {}

  std::optional<Result<recordings::Recorder::Ready>> ready;
  net::WakeUp done;
};

Problem parser_problem(const std::error_code& error) {
  if (error == Errc::wrong_type)
    return {Cause::not_flv, "The body does not begin with an FLV header. Send FLV, or name the type it has.", {}, {}};
  if (error == Errc::too_large)
    return {Cause::tag_too_large, "A tag is over 8 MiB. Lower the bitrate or the size of the picture.", {}, {}};
  return {Cause::malformed_flv, "The FLV stream breaks its format. What came before that is kept.", {}, {}};
}

Problem gap_problem(std::uint64_t first, std::uint64_t expected) {
  return {Cause::gap,
          "The body begins with tag " + std::to_string(first) + ", but tag " + std::to_string(expected) +
              " is the next one. Send from there, or begin a new stream.",
          {{"expected", expected}},
          {}};
}

bool is_stamp(const Unit& tag) {
  return tag.kind == UnitKind::script && recordings::read_stamp(flv::data_of(tag.bytes)).has_value();
}

Failure begin_failure(const std::error_code& error) {
  if (error == Errc::no_space) return {error, "The disk with the recordings is full: make room on it."};
  return {error, "Recordings cannot be written: " + error.message() + "."};
}

}  // namespace

LiveUpload::LiveUpload(UploadServices& services, net::HttpExchange& exchange, const DeviceId& device,
                       IngestRequest request, const asio::any_io_executor& executor)
    : services_(services),
      exchange_(exchange),
      device_(device),
      request_(std::move(request)),
      executor_(executor),
      name_{device.str(), request_.channel, request_.stream.empty() ? random_uuid() : request_.stream},
      answer_wake_(executor),
      room_wake_(executor),
      numbers_(request_.first, request_.head),
      last_bytes_(steady_now()) {}

asio::awaitable<void> LiveUpload::run(Bytes first) {
  using namespace asio::experimental::awaitable_operators;
  services_.uploads.take_over(name_, shared_from_this());
  struct Leave {
    LiveUpload& self;
    ~Leave() { self.services_.uploads.leave(self.name_, &self); }
  } leave{*this};
  committed_ = co_await count_stored();
  if (outcome_) {
    exchange_.abort();
    co_return;
  }
  if (request_.first > committed_) {
    co_await send_problem(exchange_, gap_problem(request_.first, committed_), request_.form);
    co_return;
  }
  services_.board.upload_began(device_);
  struct Offline {
    LiveUpload& self;
    ~Offline() { self.services_.board.upload_ended(self.device_, self.live_ != nullptr); }
  } offline{*this};
  log::debug("hub", "upload of ", device_.str(), " channel ", name_.channel, " from ", exchange_.request().peer);
  co_await (read_loop(std::move(first)) && answer_loop());
  if (!services_.record) services_.uploads.note_received(name_, committed_);
}

asio::awaitable<std::uint64_t> LiveUpload::count_stored() {
  if (!services_.record) co_return services_.uploads.received(name_);
  // Noted before the sender hears anything: then it says no more of them.
  const auto count = [&index = services_.index, name = name_, after = request_.after,
                      rest = request_.rest]() -> std::uint64_t {
    for (const auto& [stream, tags] : after) index.put_count({name.device, name.channel, stream}, tags);
    if (rest) index.put_rest({name.device, name.channel, rest->stream}, name);
    const auto last = index.last_of(name);
    return last ? last->end : 0;
  };
  co_return co_await on_storage(services_.recorder, count);
}

asio::awaitable<void> LiveUpload::read_loop(Bytes first) {
  reading_ = true;
  if (!first.empty()) co_await take_bytes(first);
  while (!outcome_) {
    if (recording_ && recording_->pending_bytes() > kMaxPendingBytes) {
      co_await room_wake_.wait_until(steady_now() + kRoomCheck);
      continue;
    }
    const auto piece = co_await exchange_.read_body();
    if (outcome_) break;
    if (!piece) {
      end({.lost = true, .problem = {}});
    } else if (piece->empty()) {
      if (parser_.header_seen() && !parser_.at_boundary())
        log::debug("hub", "the upload of ", device_.str(), " ended inside a tag, which is left out");
      end({});
    } else {
      last_bytes_ = steady_now();
      co_await take_bytes(*piece);
    }
  }
  reading_ = false;
}

asio::awaitable<void> LiveUpload::take_bytes(ByteView bytes) {
  bytes_ += bytes.size();
  services_.board.bytes_came(device_, bytes.size(), steady_now());
  const auto fed = parser_.feed(bytes);
  while (!outcome_) {
    const auto tag = parser_.poll();
    if (!tag) break;
    co_await take_tag(*tag);
  }
  if (!fed && !outcome_) end({.problem = parser_problem(fed.error())});
}

asio::awaitable<void> LiveUpload::take_tag(SharedUnit tag) {
  if (request_.stamped && is_stamp(*tag)) co_return;
  const auto number = numbers_.next(tag->kind);
  if (number) {
    if (!live_) co_await begin_media(*number);
    if (anew_ && (tag->kind == UnitKind::key || !info_.video())) co_await begin_anew(*number);
    if (outcome_) co_return;
    ++tags_;
    live_->push(name_.stream, *number, tag, steady_now());
    store(tag, *number);
  }
  head_.put(tag);
  show(tag);
}

/// Keeps what the list of devices says of the media up to date.
void LiveUpload::show(const SharedUnit& tag) {
  const auto news = info_.take(*tag);
  if (name_.channel != 0) return;
  if (news.video) services_.board.set_video(device_, *info_.video());
  if (news.audio) services_.board.set_audio(device_, *info_.audio());
}

void LiveUpload::store(const SharedUnit& tag, std::uint64_t number) {
  if (!services_.record) {
    if (number < committed_) return;
    committed_ = number + 1;
    answer_wake_.notify();
  } else if (recording_ && number - number_offset_ >= next_to_store_) {
    next_to_store_ = number - number_offset_ + 1;
    recording_->append(tag, number - number_offset_);
  }
}

/// The first tag that counts has come: from here on the upload is live, and recorded.
asio::awaitable<void> LiveUpload::begin_media(std::uint64_t number) {
  const UtcTime start = request_.start.value_or(utc_now());
  live_ = &services_.live.get(device_, name_.channel);
  // It was captured before anything that is live now, whatever the camera's clock said then.
  live_->open(name_.stream, request_.spooled ? UtcTime{} : start);
  for (const SharedUnit& tag : head_.tags()) live_->push_head(name_.stream, tag, steady_now());
  services_.board.media_began(device_);
  if (!services_.record) co_return;
  if (!request_.meta.empty())
    services_.recorder.run(
        [&index = services_.index, name = name_, meta = request_.meta] { index.put_meta(name, meta); });
  if (!services_.health.fine()) co_return;
  recordings::Recorder::Begin begin{name_, start, number, head_.tags()};
  co_await begin_recording(std::move(begin));
}

/// Records the rest as a stream of its own: tags before it were lost while storing failed.
asio::awaitable<void> LiveUpload::begin_anew(std::uint64_t number) {
  anew_ = false;
  number_offset_ = number;
  recordings::StreamName name = name_;
  name.stream = random_uuid();
  recordings::Recorder::Begin begin{std::move(name), utc_now(), 0, head_.tags()};
  co_await begin_recording(std::move(begin));
}

asio::awaitable<void> LiveUpload::begin_recording(recordings::Recorder::Begin begin) {
  const std::uint64_t first = begin.first;
  const auto beginning = std::make_shared<Beginning>(executor_);
  recording_began_ = true;
  recorded_as_ = begin.name;
  services_.recorder.begin(std::move(begin), recording_events(),
                           [executor = executor_, held = beginning](Result<recordings::Recorder::Ready> ready) mutable {
                             auto shared = std::exchange(held, nullptr);
                             shared->ready.emplace(std::move(ready));
                             asio::post(executor, [shared = std::move(shared)] { shared->done.notify(); });
                           });
  co_await beginning->done.wait();
  recording_began_ = false;
  auto& ready = *beginning->ready;
  if (ready) {
    recording_ = std::move(ready->recording);
    next_to_store_ = ready->stored;
    if (number_offset_ == 0) on_committed(ready->stored);
  } else if (ready.error() == Errc::gap) {
    end({.problem = gap_problem(first, committed_)});
  } else if (services_.health.report(begin_failure(ready.error()))) {
    services_.board.recording_changed();
  }
  if (outcome_ && recording_ending_) {
    // Ended meanwhile: what end_recording() could not do then is done now.
    recording_ending_ = false;
    end_recording();
  }
}

recordings::RecordingEvents LiveUpload::recording_events() {
  recordings::RecordingEvents events;
  events.committed = [executor = executor_, weak = weak_from_this()](std::uint64_t tags) {
    asio::post(executor, [weak, tags] {
      if (const auto self = weak.lock(); self && self->number_offset_ == 0) self->on_committed(tags);
    });
  };
  events.failed = [executor = executor_, weak = weak_from_this()](const Failure& failure) {
    asio::post(executor, [weak, failure] {
      if (const auto self = weak.lock()) self->on_storing_failed(failure);
    });
  };
  return events;
}

void LiveUpload::on_committed(std::uint64_t tags) {
  committed_ = std::max(committed_, tags);
  answer_wake_.notify();
  room_wake_.notify();
}

void LiveUpload::on_storing_failed(const Failure& failure) {
  if (services_.health.report(failure)) services_.board.recording_changed();
  if (failure.code == Errc::no_space)
    services_.recorder.run(
        [&index = services_.index, name = recorded_as_] { index.put_end(name, EndReason::disk_full); });
  // While it ends, the recording still has to call back.
  if (!recording_ending_) recording_.reset();
  room_wake_.notify();
}

void LiveUpload::storage_back() {
  if (outcome_ || recording_ || recording_began_ || !live_ || !services_.record) return;
  if (request_.acknowledge)
    end_early(retry_later(Cause::storage_restored,
                          "Storing works again. Send again from the first tag that was not acknowledged.", 0));
  else
    anew_ = true;
}

void LiveUpload::end_early(Problem why) {
  end({.problem = std::move(why)});
}

void LiveUpload::end(Outcome outcome) {
  if (outcome_) return;
  outcome_ = std::move(outcome);
  if (live_) live_->close(name_.stream, steady_now());
  end_recording();
  answer_wake_.notify();
  room_wake_.notify();
}

void LiveUpload::end_recording() {
  if (std::exchange(recording_ending_, true) || recording_began_) return;
  if (!recording_) return recording_over();
  recording_->end([executor = executor_, weak = weak_from_this(), &index = services_.index, name = recorded_as_,
                   reason = end_reason()](Result<std::uint64_t> tags) {
    if (tags && reason) index.put_end(name, *reason);
    asio::post(executor, [weak, tags] {
      const auto self = weak.lock();
      if (!self) return;
      if (tags && self->number_offset_ == 0) self->on_committed(*tags);
      self->recording_over();
    });
  });
}

/// What to say of the time that follows; none when the stream goes on at once.
std::optional<EndReason> LiveUpload::end_reason() const {
  const auto& problem = outcome_->problem;
  if (problem && problem->cause == Cause::replaced) return std::nullopt;
  const bool silent = problem && problem->cause == Cause::idle;
  return outcome_->lost || silent ? EndReason::offline : EndReason::stopped;
}

void LiveUpload::recording_over() {
  recording_.reset();
  recording_done_ = true;
  answer_wake_.notify();
}

asio::awaitable<void> LiveUpload::answer_loop() {
  if (request_.acknowledge) {
    http::Headers headers{{"content-type", "application/x-ndjson"}, {"cache-control", "no-store"}};
    const auto head = co_await exchange_.send_head(200, std::move(headers), std::nullopt);
    if (head) co_await send_acknowledgement();
    if (!head) sender_gone();
  }
  TimePoint line_at = steady_now();
  while (!outcome_ || !recording_done_) {
    const TimePoint now = steady_now();
    const bool news = committed_ != acknowledged_;
    const TimePoint due = line_at + (news ? milliseconds(kLinePause) : milliseconds(kHeartbeat));
    if (request_.acknowledge && !outcome_ && now >= due) {
      line_at = now;
      co_await send_acknowledgement();
    } else {
      co_await answer_wake_.wait_until(request_.acknowledge && !outcome_ ? due : TimePoint::max());
    }
  }
  co_await send_final();
}

asio::awaitable<void> LiveUpload::send_acknowledgement() {
  acknowledged_ = committed_;
  const auto written = co_await write_line("{\"committed\":" + std::to_string(committed_) + "}");
  if (!written) sender_gone();
}

/// The answer cannot be written: the body will not come either.
void LiveUpload::sender_gone() {
  end({.lost = true, .problem = {}});
  exchange_.abort();
}

asio::awaitable<Result<>> LiveUpload::write_line(std::string line) {
  line += '\n';
  co_return co_await exchange_.write(as_bytes(line));
}

std::string LiveUpload::report() const {
  const nlohmann::ordered_json object{
      {"stream", name_.stream}, {"tags", tags_}, {"bytes", bytes_}, {"committed", committed_}};
  return object.dump();
}

/// Errors are left alone: the sender has gone, and what it sent is stored.
asio::awaitable<void> LiveUpload::send_final() {
  if (outcome_->lost) co_return;
  std::optional<Problem> problem = outcome_->problem;
  if (problem && problem->cause == Cause::replaced) {
    exchange_.abort();
    co_return;
  }
  if (problem) problem->members.emplace_back("committed", committed_);
  if (request_.acknowledge) {
    std::string line = problem ? problem->json(request_.form) : report();
    static_cast<void>(co_await write_line(std::move(line)));
    static_cast<void>(co_await exchange_.finish());
  } else if (problem) {
    co_await send_problem(exchange_, std::move(*problem), request_.form);
  } else {
    co_await send_report();
  }
  // What is left of a body that is not read any more.
  if (reading_) exchange_.abort();
}

asio::awaitable<void> LiveUpload::send_report() {
  const std::string body = report() + "\n";
  http::Headers headers{{"content-type", "application/json"}, {"cache-control", "no-store"}};
  const auto head = co_await exchange_.send_head(200, std::move(headers), body.size());
  if (!head) co_return;
  const auto written = co_await exchange_.write(as_bytes(body));
  if (written) static_cast<void>(co_await exchange_.finish());
}

}  // namespace camspan::hub
