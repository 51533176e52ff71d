/// The part of SpoolLane that sends segments by the service for files (mode stream).
#include <charconv>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "api/link_channel.hpp"
#include "api/spool_lane.hpp"
#include "core/log.hpp"
#include "proto/link/file_request.hpp"
#include "proto/link/request.hpp"

namespace camspan {
namespace {

// A part is in memory until it is answered (kWindow). Devices may choose 100 KiB to 100 MiB.
constexpr std::uint64_t kPartBytes = 1 << 20;
constexpr std::uint64_t kReadBytes = 64 << 10;

std::uint64_t position_of(const http::Headers& answer) {
  const auto text = answer.find("x-next-append-position").value_or("");
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  return error == std::errc{} && end == text.data() + text.size() ? position : 0;
}

}  // namespace

/// One whole file: opened anew or gone on with, its parts, the close.
asio::awaitable<RequestEnd> SpoolLane::send_file(FileJob job) {
  LinkChannel channel(job.setup.authority, std::string(link::kFileService), job.setup.tls);
  const auto known = uploads_.find(job.name);
  const bool resumed = known != uploads_.end();
  http::Headers wanted;
  wanted.append(resumed ? "x-file-upload-id" : "x-file-name", resumed ? known->second : job.name);
  auto refused = co_await channel.open(*client_, job.device, std::move(wanted));
  if (refused) {
    // The receiver may have forgotten it: then it begins again by its name.
    if (refused->failure.http_status == 404) uploads_.erase(job.name);
    co_return std::move(*refused);
  }
  uploads_[job.name] = channel.answer().find("x-file-upload-id").value_or("");
  RequestEnd end = co_await read_up_to(job, position_of(channel.answer()));
  while (end.kind == RequestEnd::Kind::complete && job.file->position() < job.file->size())
    end = co_await send_part(job, channel);
  if (end.kind == RequestEnd::Kind::complete && client_ && !stopped_) {
    end = co_await channel.close_file(*client_, job.file->checksum());
    if (end.kind == RequestEnd::Kind::complete) uploads_.erase(job.name);
  }
  co_return end;
}

/// What the receiver has already.
asio::awaitable<RequestEnd> SpoolLane::read_up_to(FileJob job, std::uint64_t position) {
  RequestEnd end;
  end.failure = Failure{Errc::protocol_error, job.setup.authority + ": the receiver has more of it than there is.", 0};
  if (position > job.file->size()) {
    uploads_.erase(job.name);
    co_return end;
  }
  while (job.file->position() < position) {
    const auto bytes = co_await read_bytes(job, position - job.file->position());
    if (bytes) continue;
    end.failure = Failure{bytes.error(), "the spool cannot be read: " + bytes.error().message(), 0};
    co_return end;
  }
  end.kind = RequestEnd::Kind::complete;
  co_return end;
}

asio::awaitable<Result<Bytes>> SpoolLane::read_bytes(FileJob job, std::uint64_t most) {
  while (job.file->needs_tags()) {
    auto tags = co_await read(job.reader);
    if (!tags) co_return fail(tags.error());
    if (tags->empty()) co_return fail(Errc::gap);
    job.file->add(*tags);
  }
  co_return job.file->take(std::min(most, kReadBytes));
}

asio::awaitable<RequestEnd> SpoolLane::send_part(FileJob job, const LinkChannel& channel) {
  RequestEnd end;
  end.failure = Failure{Errc::cancelled, "the connection is over.", 0};
  if (!client_ || stopped_) co_return end;
  const std::uint64_t length = std::min(kPartBytes, job.file->size() - job.file->position());
  UploadRequest::Setup setup = job.setup;
  setup.method = "POST";
  setup.path = link::path(link::Step::send, link::kFileService);
  setup.headers = link::send_fields(length, channel.id(), CAMSPAN_VERSION);
  setup.headers.append("x-file-upload-id", uploads_[job.name]);
  setup.flv = false;
  setup.first = 0;
  setup.head.clear();
  queue_.reset();
  progress_ = {};
  auto request = std::make_shared<UploadRequest>(executor_, queue_, progress_, std::move(setup), [] {});
  request_ = request;
  auto feeding = hold_feed_part(shared_from_this(), request, job, length);
  asio::co_spawn(executor_, std::move(feeding), asio::detached);
  end = co_await request->run(*client_);
  request_.reset();
  feed_wake_.notify();
  total_.bytes_sent += progress_.bytes_sent;
  // Answered by 2xx: the receiver has all of it.
  if (end.kind == RequestEnd::Kind::split) end.kind = RequestEnd::Kind::complete;
  co_return end;
}

asio::awaitable<void> SpoolLane::hold_feed_part(std::shared_ptr<SpoolLane> self, std::shared_ptr<UploadRequest> request,
                                                FileJob job, std::uint64_t length) {
  co_await self->feed_part(std::move(request), std::move(job), length);
}

asio::awaitable<void> SpoolLane::feed_part(std::shared_ptr<UploadRequest> request, FileJob job, std::uint64_t length) {
  while (length > 0 && !stopped_ && request_ == request) {
    if (!may_send()) {
      co_await feed_wake_.wait_until(Clock::now() + kRoomCheck);
      continue;
    }
    auto bytes = co_await read_bytes(job, length);
    if (stopped_ || request_ != request) co_return;
    if (!bytes) {
      request->abort(Failure{bytes.error(), "the spool cannot be read: " + bytes.error().message(), 0});
      co_return;
    }
    length -= bytes->size();
    const SharedUnit unit = make_unit(std::move(*bytes), UnitKind::other);
    const bool pushed = co_await push(unit, request);
    if (!pushed) co_return;
    request->wake();
  }
  if (request_ == request) request->finish();
}

}  // namespace camspan
