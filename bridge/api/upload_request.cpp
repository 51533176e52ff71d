#include "api/upload_request.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "api/answer.hpp"
#include "api/redirect.hpp"
#include "api/upload_failure.hpp"
#include "proto/flv/tag.hpp"

namespace camspan {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Four batches of 16 KiB TLS records: enough to hide the cost of a call, little enough to stay in the cache.
constexpr std::size_t kBatchBytes = 64 << 10;
constexpr std::size_t kMaxLineBytes = 4 << 10;
// A hub answers within one round trip. Who has not by then may answer at the end only: sent units may then go when
// room is needed. If the answer comes later after all, they are kept again from then on.
constexpr milliseconds kAnswerWait{250};

}  // namespace

RequestEnd refused_by(const std::string& who, int status, std::string_view problem, const http::Headers& headers) {
  RequestEnd end;
  end.kind = RequestEnd::Kind::refused;
  end.failure = Failure{code_of_status(status), refusal_sentence(who, status, detail_of(problem)), status};
  if (status == 409) end.expected = json_number(problem, "expected");
  end.retry_after = retry_after_of(headers);
  if (redirect_of(status) != Redirect::none) end.location = headers.find("location").value_or("");
  return end;
}

UploadRequest::UploadRequest(asio::any_io_executor executor, MediaQueue& queue, Progress& progress, Setup setup,
                             std::function<void()> acked)
    : executor_(std::move(executor)),
      queue_(queue),
      progress_(progress),
      setup_(std::move(setup)),
      acked_(std::move(acked)),
      wake_(executor_),
      ended_(executor_),
      tick_(executor_),
      next_number_(setup_.first) {}

asio::awaitable<void> UploadRequest::hold(std::shared_ptr<UploadRequest> self,
                                          asio::awaitable<void> (UploadRequest::*loop)()) {
  co_await (self.get()->*loop)();
}

asio::awaitable<RequestEnd> UploadRequest::run(net::H2Client& client) {
  client_ = &client;
  started_ = last_ack_line_ = Clock::now();
  auto stream = client.open(setup_.method, setup_.authority, setup_.path, setup_.headers, setup_.tls);
  if (!stream) {
    end(RequestEnd::Kind::lost,
        Failure{stream.error(), setup_.authority + ": the connection takes no more requests.", 0});
    co_return *end_;
  }
  stream_ = std::move(*stream);
  asio::co_spawn(executor_, hold(shared_from_this(), &UploadRequest::write_body), asio::detached);
  asio::co_spawn(executor_, hold(shared_from_this(), &UploadRequest::read_answer), asio::detached);
  asio::co_spawn(executor_, hold(shared_from_this(), &UploadRequest::watch), asio::detached);
  while (!end_) co_await ended_.wait();
  co_return *end_;
}

void UploadRequest::finish() {
  finishing_ = true;
  wake_.notify();
}

void UploadRequest::cut() {
  cutting_ = true;
  wake_.notify();
}

void UploadRequest::end_lost(std::error_code error) {
  end(RequestEnd::Kind::lost, Failure{error, lost_sentence(setup_.authority, error, stream_->ending()), 0});
}

void UploadRequest::split() {
  splitting_ = true;
  wake_.notify();
}

void UploadRequest::abort(Failure why) {
  end(RequestEnd::Kind::lost, std::move(why));
}

void UploadRequest::end(RequestEnd::Kind kind, Failure failure) {
  RequestEnd end;
  end.kind = kind;
  end.failure = std::move(failure);
  this->end(std::move(end));
}

void UploadRequest::end(RequestEnd end) {
  if (end_) return;
  const RequestEnd::Kind kind = end.kind;
  end_ = std::move(end);
  // CANCEL (RFC 9113 section 7): wakes the loops that still use the stream; harmless when it is over.
  constexpr std::uint32_t kCancel = 0x8;
  if (stream_ && kind != RequestEnd::Kind::complete && kind != RequestEnd::Kind::split) stream_->reset(kCancel);
  ended_.notify();
  wake_.notify();
  tick_.notify();
}

asio::awaitable<Result<>> UploadRequest::write_head() {
  const Bytes header = flv::file_header(true, true);
  std::vector<ByteView> pieces;
  pieces.push_back(header);
  for (const SharedUnit& unit : setup_.head) pieces.push_back(unit->bytes);
  co_return co_await stream_->write(pieces);
}

std::vector<MediaQueue::Numbered> UploadRequest::gather() {
  auto batch = queue_.next_batch(kBatchBytes, [this](const Unit& next) {
    body_ended_ = split_due(next);
    if (body_ended_) return false;
    if (!first_dts_) first_dts_ = next.dts;
    body_bytes_ += next.bytes.size();
    return true;
  });
  for (const MediaQueue::Numbered& unit : batch) {
    if (setup_.flv && unit.number != next_number_) {
      end(RequestEnd::Kind::lost, Failure{Errc::gap, "units that had to be sent again are no longer in memory", 0});
      return {};
    }
    ++next_number_;
  }
  return batch;
}

/// True when this body ends before `next`: asked for, or as long as wanted, and `next` can begin another one.
bool UploadRequest::split_due(const Unit& next) const {
  if (body_bytes_ == 0 || (setup_.flv && next.kind != UnitKind::key)) return false;
  if (splitting_) return true;
  if (setup_.segment_bytes != 0 && body_bytes_ >= setup_.segment_bytes) return true;
  return setup_.segment_time.count() != 0 && first_dts_ && next.dts && *next.dts - *first_dts_ >= setup_.segment_time;
}

void UploadRequest::count_sent(const std::vector<MediaQueue::Numbered>& batch) {
  for (const MediaQueue::Numbered& unit : batch) {
    const std::size_t size = unit.unit->bytes.size();
    progress_.bytes_sent += size;
    if (unit.number < progress_.highest_sent) progress_.bytes_resent += size;
    progress_.highest_sent = std::max(progress_.highest_sent, unit.number + 1);
    const std::size_t counted = unit.repeated ? 0 : size;
    if (silent_)
      silent_bytes_ += counted;
    else
      in_flight_.push_back({unit.number, counted, unit.unit->dts});
  }
}

asio::awaitable<void> UploadRequest::write_body() {
  bool head_due = setup_.flv;
  while (!end_ && !body_ended_) {
    const std::vector<MediaQueue::Numbered> batch = gather();
    if (end_) co_return;
    writing_since_ = Clock::now();
    Result<> written;
    if (!batch.empty()) {
      if (std::exchange(head_due, false)) written = co_await write_head();
      std::vector<ByteView> pieces;
      for (const MediaQueue::Numbered& unit : batch) pieces.push_back(unit.unit->bytes);
      count_sent(batch);
      if (written) written = co_await stream_->write(pieces);
    }
    writing_since_.reset();
    // The reader ends the request: it knows more, if the receiver answered before it closed.
    if (!written) co_return;
    if (batch.empty() && !body_ended_) {
      // What storage has not yet confirmed is still to come.
      if (cutting_ || (finishing_ && queue_.all_handed_out())) break;
      co_await wake_.wait();
    }
  }
  if (end_) co_return;
  body_ended_ = true;
  co_await stream_->finish();
}

asio::awaitable<void> UploadRequest::read_answer() {
  auto head = co_await stream_->read_head();
  if (end_) co_return;
  if (!head) {
    end_lost(head.error());
    co_return;
  }
  answer_seen_ = true;
  progress_.http_status = head->status;
  if (head->status < 200 || head->status > 299) {
    co_await read_refusal(*head);
    co_return;
  }
  const auto type = head->headers.find("content-type");
  acknowledging_ = setup_.flv && type && type->starts_with("application/x-ndjson");
  if (acknowledging_) {
    silent_ = false;
    queue_.expect_acknowledgement();
  } else if (!silent_) {
    expect_silence();
  }
  last_ack_line_ = Clock::now();

  std::string line;
  for (;;) {
    auto piece = co_await stream_->read_body();
    if (end_) co_return;
    if (!piece) {
      end_lost(piece.error());
      co_return;
    }
    if (piece->empty()) break;
    for (const char c : as_text(*piece)) {
      if (c == '\n')
        take_line(std::exchange(line, {}));
      else if (line.size() < kMaxLineBytes)
        line += c;
    }
  }
  if (!line.empty()) take_line(line);
  if (!body_ended_) {
    end_early(head->status, last_line_);
    co_return;
  }
  if (!acknowledging_) acknowledge(next_number_);
  if (setup_.flv && acknowledging_ && !in_flight_.empty()) {
    end(RequestEnd::Kind::lost,
        Failure{Errc::io_error, setup_.authority + ": the receiver could not store everything. Look into its log.",
                head->status});
    co_return;
  }
  end(finishing_ && queue_.all_handed_out() ? RequestEnd::Kind::complete : RequestEnd::Kind::split, {});
}

/// A hub that acknowledges has sent its status already: why it takes no more is a problem in its last line.
void UploadRequest::end_early(int status, const std::string& problem) {
  if (const auto refused = json_number(problem, "status")) {
    end(refused_by(setup_.authority, static_cast<int>(*refused), problem));
    return;
  }
  end(RequestEnd::Kind::lost, Failure{Errc::refused,
                                      setup_.authority + ": the receiver ended the upload early, with status " +
                                          std::to_string(status) + ". Choose a location that takes uploads.",
                                      status});
}

asio::awaitable<void> UploadRequest::read_refusal(const net::ResponseHead& head) {
  const std::string body = co_await read_problem(*stream_);
  if (end_) co_return;
  end(refused_by(setup_.authority, head.status, body, head.headers));
}

void UploadRequest::take_line(std::string_view line) {
  last_ack_line_ = Clock::now();
  // Of a raw body `committed` counts bytes; its units go when the answer is complete.
  if (!setup_.flv) return;
  if (const auto committed = json_number(line, "committed")) acknowledge(*committed);
  last_line_ = line;
}

void UploadRequest::acknowledge(std::uint64_t tags) {
  tags = std::min(tags, next_number_);
  progress_.tags_acked = std::max(progress_.tags_acked, tags);
  queue_.acknowledge(tags);
  if (silent_bytes_ == 0 && (in_flight_.empty() || tags <= in_flight_.front().number)) return;
  progress_.bytes_acked += std::exchange(silent_bytes_, 0);
  if (progress_.first_ack_time.count() == 0)
    progress_.first_ack_time = std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
  while (!in_flight_.empty() && in_flight_.front().number < tags) {
    progress_.bytes_acked += in_flight_.front().bytes;
    progress_.acked_running_time = in_flight_.front().running_time;
    in_flight_.pop_front();
  }
  acked_();
}

/// Nothing is acknowledged before the end, so nothing is kept for it but the sum.
void UploadRequest::expect_silence() {
  silent_ = true;
  for (const InFlight& unit : in_flight_) silent_bytes_ += unit.bytes;
  in_flight_.clear();
  queue_.expect_no_acknowledgement(setup_.replay_time);
}

asio::awaitable<void> UploadRequest::watch() {
  while (!end_) {
    co_await tick_.wait_until(Clock::now() + milliseconds(250));
    if (end_) co_return;
    const auto now = Clock::now();
    // The server said GOAWAY: move to another connection where the stream can be cut; a file ends on this one.
    if (setup_.flv && !client_->usable()) split();
    if (!answer_seen_ && !silent_ && now - started_ >= kAnswerWait) expect_silence();
    if (writing_since_ && now - *writing_since_ > setup_.idle_timeout)
      end(RequestEnd::Kind::lost,
          Failure{Errc::timed_out,
                  setup_.authority + ": nothing could be sent for " + std::to_string(setup_.idle_timeout.count()) +
                      " ms. Check the network, and that the server reads.",
                  0});
    if (!acknowledging_ || in_flight_.empty()) last_ack_line_ = now;
    if (now - last_ack_line_ > setup_.ack_timeout)
      end(RequestEnd::Kind::lost,
          Failure{Errc::timed_out,
                  setup_.authority + ": the hub acknowledged nothing for " +
                      std::to_string(setup_.ack_timeout.count()) + " ms. Check its disk and its log.",
                  0});
  }
}

}  // namespace camspan
