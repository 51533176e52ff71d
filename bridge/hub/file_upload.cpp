#include "hub/file_upload.hpp"

#include <asio/experimental/awaitable_operators.hpp>
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

/// "20261121T083000.000Z", a name for a file that came without one.
std::string name_of_now() {
  std::string name = format_utc(utc_now());
  std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
  return name;
}

}  // namespace

FileUpload::FileUpload(FileStore store, recordings::Recorder& recorder, Uploads& uploads, net::HttpExchange& exchange,
                       const DeviceId& device, IngestRequest request, const asio::any_io_executor& executor)
    : store_(std::move(store)),
      recorder_(recorder),
      exchange_(exchange),
      device_(device),
      request_(std::move(request)),
      guard_(uploads, executor),
      last_sync_(steady_now()) {}

FileUpload::~FileUpload() {
  // The last reference goes on the thread that may wait for the disk.
  if (file_) recorder_.run([file = std::move(file_)]() mutable { file.reset(); });
}

Problem FileUpload::too_large() const {
  if (request_.form == ProblemForm::link_kit && !exchange_.request().content_length)
    return {Cause::length_required,
            "A body over " + std::to_string(store_.max_bytes) + " bytes that is no FLV needs a content-length.",
            {},
            {}};
  return {Cause::too_large,
          "A stored file has at most " + std::to_string(store_.max_bytes) +
              " bytes here (limits.upload_max). Live FLV has no limit.",
          {},
          {}};
}

asio::awaitable<void> FileUpload::run(Bytes first) {
  using namespace asio::experimental::awaitable_operators;
  co_await (take(std::move(first)) && answer_early());
}

asio::awaitable<void> FileUpload::take(Bytes first) {
  auto problem = co_await receive(std::move(first));
  guard_.body_over();
  if (lost_ || guard_.early()) co_return;
  if (!problem) problem = co_await finish();
  if (problem)
    co_await refuse(std::move(*problem));
  else
    co_await answer();
}

/// Answers while the other loop may still wait for the body, and then ends that wait.
asio::awaitable<void> FileUpload::answer_early() {
  co_await guard_.wait();
  if (!guard_.early()) co_return;
  if (!writing_ && !lost_) co_await refuse(*guard_.early());
  exchange_.abort();
}

asio::awaitable<void> FileUpload::answer() {
  const nlohmann::ordered_json report{{"name", name_}, {"bytes", bytes_}, {"committed", bytes_}};
  if (!answering_ && request_.form == ProblemForm::link_kit) {
    // Devices would take the report for something sent down the channel.
    http::Headers none;
    static_cast<void>(co_await exchange_.send_head(200, std::move(none), 0));
    co_return;
  }
  if (!answering_) {
    co_await send_json(exchange_, 200, report.dump());
    co_return;
  }
  const auto written = co_await write_line(report.dump());
  if (written) static_cast<void>(co_await exchange_.finish());
}

asio::awaitable<std::optional<Problem>> FileUpload::receive(Bytes first) {
  if (exchange_.request().content_length.value_or(0) > store_.max_bytes) co_return too_large();
  const auto create = [folder = store_.root / device_.str(),
                       name = request_.name.empty() ? name_of_now() : request_.name] {
    return IncomingFile::create(folder, name);
  };
  auto created = co_await on_storage(recorder_, create);
  if (!created) co_return storing_problem(created.error());
  file_ = std::move(*created);
  if (request_.acknowledge && !guard_.early()) {
    http::Headers headers{{"content-type", "application/x-ndjson"}, {"cache-control", "no-store"}};
    const auto head = co_await exchange_.send_head(200, std::move(headers), std::nullopt);
    lost_ = !head;
    answering_ = true;
  }
  buffer_ = std::move(first);
  if (buffer_.size() > store_.max_bytes) co_return too_large();
  while (!lost_ && !guard_.early()) {
    const auto piece = co_await exchange_.read_body();
    lost_ = !piece;
    if (lost_ || guard_.early() || piece->empty()) break;
    guard_.bytes_came();
    buffer_.insert(buffer_.end(), piece->begin(), piece->end());
    if (bytes_ + buffer_.size() > store_.max_bytes) co_return too_large();
    const bool sync = request_.acknowledge && guard_.last_bytes() - last_sync_ >= kAcknowledgeEvery;
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
  if (sync && !guard_.early()) {
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
    co_await send_problem(exchange_, std::move(problem), request_.form);
    co_return;
  }
  const auto written = co_await write_line(problem.json(request_.form));
  if (written) static_cast<void>(co_await exchange_.finish());
}

asio::awaitable<Result<>> FileUpload::write_line(std::string line) {
  line += '\n';
  writing_ = true;
  const auto written = co_await exchange_.write(as_bytes(line));
  writing_ = false;
  co_return written;
}

}  // namespace camspan::hub
