#include "hub/file_service.hpp"

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/file_part.hpp"
#include "hub/private_file.hpp"
#include "hub/spool_piece.hpp"
#include "hub/storage_call.hpp"

namespace camspan::hub {
namespace {

constexpr int kRetrySeconds = 5;

using FileOr = Result<std::shared_ptr<ResumableFile>>;

Problem in_use() {
  return {Cause::uploading, "The upload goes on on another channel. Open it again when that one is over.", {}, {}};
}

Problem incomplete() {
  return {
      Cause::incomplete, "A part did not come whole. Open the upload again by its id, and send from there.", {}, {}};
}

}  // namespace

Problem upload_problem(const std::error_code& error) {
  if (error == Errc::no_space)
    return {Cause::disk_full, "The hub's disk is full. Make room there, then go on with the upload by its id.", {}, {}};
  if (error == Errc::not_found)
    return {
        Cause::unknown_upload, "There is no upload of that id to go on with. Begin again with x-file-name.", {}, {}};
  if (error == Errc::refused)
    return {Cause::file_exists, "There is a file of that name. Choose another, or send x-file-overwrite: 1.", {}, {}};
  if (error == Errc::busy)
    return retry_later(Cause::max_uploads,
                       "The device has its most uploads that are not closed (limits.uploads_per_device).",
                       kRetrySeconds);
  log::error("hub", "an upload could not be stored: ", error.message());
  return {
      Cause::storage_failed, "The file could not be stored: " + error.message() + ". Look at the hub's log.", {}, {}};
}

/// The place of an upload among those in use, which it must not have yet.
asio::awaitable<FileService::Opened> FileService::reserve(std::string id, DeviceId device) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (const auto other = sessions_[id].lock()) {
    if (other->device != device) co_return tl::unexpected(upload_problem(Errc::not_found));
    // A device that comes back at once finds what it sent before being stored still.
    const bool over = other->broken || other->abandoned;
    if (over && other->part && std::exchange(other->awaited, true)) co_return tl::unexpected(in_use());
    while (over && other->part) co_await other->part_over.wait();
    const bool idle = over || steady_now() - other->used > kInUse;
    if (sessions_[id].lock() != other || !other->file || other->closing || !idle) co_return tl::unexpected(in_use());
    log::info("hub", "the upload ", other->id, " goes on on another channel");
    if (other->part) other->part->abort();
    other->let_go();
  }
  const auto session = std::make_shared<FileSession>(services_.recorder, id, device, steady_now(), executor);
  sessions_[id] = session;
  co_return session;
}

asio::awaitable<FileService::Opened> FileService::open(DeviceId device, link::FileOpen wanted) {
  const bool is_new = wanted.upload_id.empty();
  std::string id = is_new ? "ULDS" + random_decimal() : wanted.upload_id;
  auto reserved = co_await reserve(std::move(id), device);
  if (!reserved) co_return reserved;
  const std::shared_ptr<FileSession> session = *reserved;
  const auto task = [&registry = services_.registry, place = place_, is_new, wanted, device, id = session->id] {
    if (!is_new) return ResumableFile::reopen(registry, place, id, device.str());
    UploadRecord record;
    record.id = id;
    record.device = device.str();
    record.name = wanted.name;
    record.overwrite = wanted.overwrite;
    return ResumableFile::create(registry, place, std::move(record));
  };
  const FileOr file = co_await on_storage(services_.recorder, task);
  if (!file) {
    sessions_.erase(session->id);
    co_return tl::unexpected(upload_problem(file.error()));
  }
  // Nobody appends to it yet, so it may be looked at here.
  session->name = (*file)->record().name;
  session->position = (*file)->record().position;
  session->file = *file;
  co_return session;
}

std::optional<Problem> FileService::refusal_of_part(const net::RequestHead& head, const FileSession& session) const {
  if (head.headers.find("x-file-upload-id").value_or(session.id) != session.id)
    return Problem{Cause::bad_request, "The upload of x-file-upload-id is not the one of this channel.", {}, {}};
  if (!session.file || session.part || session.closing) return in_use();
  if (session.broken) return incomplete();
  if (head.content_length.value_or(0) > session.room(max_bytes_)) return too_large_problem(max_bytes_);
  return std::nullopt;
}

asio::awaitable<void> FileService::take_part(ChannelExchange& exchange, std::shared_ptr<FileSession> session) {
  if (auto refusal = refusal_of_part(exchange.request(), *session)) {
    co_await send_problem(exchange, std::move(*refusal), ProblemForm::link_kit);
    co_return;
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  FilePart part(services_.recorder, services_.uploads, exchange, session, max_bytes_, executor);
  co_await part.run();
}

/// Whether the bytes are those that the sender meant.
asio::awaitable<std::optional<Problem>> FileService::check(const http::Headers& headers,
                                                           std::shared_ptr<FileSession> session) {
  const auto wanted = link::parse_checksum(headers);
  if (!wanted) co_return Problem{Cause::bad_request, "x-file-crc64ecma is a CRC-64 as a decimal number.", {}, {}};
  if (!*wanted || **wanted == session->file->record().checksum) co_return std::nullopt;
  const auto task = [file = session->file] { return file->restart(); };
  const auto restarted = co_await on_storage(services_.recorder, task);
  if (!restarted) co_return upload_problem(restarted.error());
  co_return Problem{Cause::wrong_checksum,
                    "The bytes are not those of x-file-crc64ecma. Nothing is stored; send the file again.",
                    {},
                    {}};
}

asio::awaitable<std::optional<Problem>> FileService::put_away(ChannelExchange& exchange,
                                                              std::shared_ptr<FileSession> session) {
  const auto spool = link::parse_spool_name(session->name);
  if (spool && session->file->record().state != UploadRecord::State::filed) {
    auto problem = co_await file_spool_piece(services_.ingest, services_.recorder, exchange, *session, *spool);
    if (problem) co_return problem;
  }
  const auto task = [file = session->file, is_spool = spool.has_value()] {
    return is_spool ? file->filed() : file->publish();
  };
  const auto put = co_await on_storage(services_.recorder, task);
  if (!put) co_return upload_problem(put.error());
  co_return std::nullopt;
}

asio::awaitable<void> FileService::close(ChannelExchange& exchange, std::shared_ptr<FileSession> session) {
  std::optional<Problem> problem;
  if (!session->file || session->closing) {
    problem = in_use();
  } else if (session->part || session->broken) {
    problem = incomplete();
  } else {
    session->closing = true;
    problem = co_await check(exchange.request().headers, session);
    if (!problem) problem = co_await put_away(exchange, session);
    session->closing = false;
  }
  if (problem) {
    co_await send_problem(exchange, std::move(*problem), ProblemForm::link_kit);
    co_return;
  }
  const UploadRecord& record = session->file->record();
  log::info("hub", "stored ", record.name, " of ", record.device, ", ", record.position, " bytes");
  http::Headers fields{{"x-file-crc64ecma", std::to_string(record.checksum)},
                       {"x-file-store-id", std::to_string(record.number)}};
  co_await exchange.accept(std::move(fields));
}

void FileService::expire() {
  std::vector<std::string> in_use;
  std::erase_if(sessions_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [id, session] : sessions_) in_use.push_back(id);
  services_.recorder.run([&registry = services_.registry, place = place_, in_use = std::move(in_use)] {
    expire_uploads(registry, place, in_use);
  });
}

}  // namespace camspan::hub
