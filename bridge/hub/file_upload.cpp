#include "hub/file_upload.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/responses.hpp"
#include "hub/storage_call.hpp"

namespace camspan::hub {
namespace {

// Handed to the storage thread at once: large enough that a file costs few switches of thread.
constexpr std::size_t kChunkBytes = 256 << 10;
constexpr std::chrono::seconds kAcknowledgeEvery{1};

Problem storing_problem(const std::error_code& error) {
  if (error == Errc::no_space)
    return {Cause::disk_full,
            "The hub's disk is full: nothing of the file was kept. Make room there and send it again.",
            {},
            {}};
  log::error("hub", "an uploaded file could not be stored: ", error.message());
  return {
      Cause::storage_failed, "The file could not be stored: " + error.message() + ". Look at the hub's log.", {}, {}};
}

Problem too_large(std::uint64_t max_bytes) {
  return {Cause::too_large,
          "A stored file has at most " + std::to_string(max_bytes) +
              " bytes here (limits.upload_max). Live FLV has no limit.",
          {},
          {}};
}

/// "20261121T083000.000Z", a name for a file that came without one.
std::string name_of_now() {
  std::string name = format_utc(utc_now());
  std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
  return name;
}

}  // namespace

FileUpload::FileUpload(FileStore store, recordings::Recorder& recorder, Uploads& uploads, net::HttpExchange& exchange,
                       const DeviceId& device, IngestRequest request)
    : store_(std::move(store)),
      recorder_(recorder),
      uploads_(uploads),
      exchange_(exchange),
      device_(device),
      request_(std::move(request)),
      last_bytes_(steady_now()),
      last_sync_(last_bytes_) {
  uploads_.join(*this);
}

FileUpload::~FileUpload() {
  uploads_.leave(*this);
  // The last reference goes on the thread that may wait for the disk.
  if (file_) recorder_.run([file = std::move(file_)]() mutable { file.reset(); });
}

asio::awaitable<void> FileUpload::run(Bytes first) {
  auto problem = co_await receive(std::move(first));
  if (!problem && !lost_) problem = co_await finish();
  if (lost_) co_return;
  if (problem) {
    co_await refuse(std::move(*problem));
    co_return;
  }
  const nlohmann::ordered_json report{{"name", name_}, {"bytes", bytes_}, {"committed", bytes_}};
  if (!answering_) {
    co_await send_json(exchange_, 200, report.dump());
    co_return;
  }
  const auto written = co_await write_line(report.dump());
  if (written) static_cast<void>(co_await exchange_.finish());
}

asio::awaitable<std::optional<Problem>> FileUpload::receive(Bytes first) {
  if (exchange_.request().content_length.value_or(0) > store_.max_bytes) co_return too_large(store_.max_bytes);
  const auto create = [folder = store_.root / device_.str(),
                       name = request_.name.empty() ? name_of_now() : request_.name] {
    return IncomingFile::create(folder, name);
  };
  auto created = co_await on_storage(recorder_, create);
  if (!created) co_return storing_problem(created.error());
  file_ = std::move(*created);
  if (request_.acknowledge) {
    http::Headers headers{{"content-type", "application/x-ndjson"}, {"cache-control", "no-store"}};
    const auto head = co_await exchange_.send_head(200, std::move(headers), std::nullopt);
    lost_ = !head;
    answering_ = true;
  }
  buffer_ = std::move(first);
  while (!lost_) {
    const auto piece = co_await exchange_.read_body();
    lost_ = !piece;
    if (lost_ || piece->empty()) break;
    last_bytes_ = steady_now();
    buffer_.insert(buffer_.end(), piece->begin(), piece->end());
    if (bytes_ + buffer_.size() > store_.max_bytes) co_return too_large(store_.max_bytes);
    const bool sync = request_.acknowledge && last_bytes_ - last_sync_ >= kAcknowledgeEvery;
    if (buffer_.size() < kChunkBytes && !sync) continue;
    auto problem = co_await flush(sync);
    if (problem) co_return problem;
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<Problem>> FileUpload::flush(bool sync) {
  const auto content = std::make_shared<const Bytes>(std::exchange(buffer_, {}));
  bytes_ += content->size();
  const auto write = [file = file_, content, sync]() -> Result<> {
    auto written = file->write(*content);
    return written && sync ? file->sync() : written;
  };
  const auto written = co_await on_storage(recorder_, write);
  if (!written) co_return storing_problem(written.error());
  if (sync) {
    last_sync_ = steady_now();
    const auto told = co_await write_line("{\"committed\":" + std::to_string(bytes_) + "}");
    lost_ = !told;
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<Problem>> FileUpload::finish() {
  auto problem = co_await flush(false);
  if (problem) co_return problem;
  const auto finish = [file = file_] { return file->finish(); };
  const auto name = co_await on_storage(recorder_, finish);
  if (!name) co_return storing_problem(name.error());
  name_ = *name;
  log::info("hub", "stored ", name_, " of ", device_.str(), ", ", bytes_, " bytes");
  co_return std::nullopt;
}

asio::awaitable<void> FileUpload::refuse(Problem problem) {
  if (!answering_) {
    co_await send_problem(exchange_, std::move(problem));
    co_return;
  }
  const auto written = co_await write_line(problem.json());
  if (written) static_cast<void>(co_await exchange_.finish());
}

asio::awaitable<Result<>> FileUpload::write_line(std::string line) {
  line += '\n';
  co_return co_await exchange_.write(as_bytes(line));
}

}  // namespace camspan::hub
