#include "hub/file_part.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "hub/file_service.hpp"
#include "hub/storage_call.hpp"

namespace camspan::hub {
namespace {

// Handed to the storage thread at once: large enough that a file costs few switches of thread.
constexpr std::size_t kChunkBytes = 256 << 10;
// What a kill in the middle of a long part may take back.
constexpr std::uint64_t kSaveBytes = 8 << 20;

}  // namespace

Problem too_large_problem(std::uint64_t max_bytes) {
  return {Cause::too_large,
          "A file of this service has at most " + std::to_string(max_bytes) + " bytes (limits.upload_max).",
          {},
          {}};
}

FilePart::FilePart(recordings::Recorder& recorder, Uploads& uploads, ChannelExchange& exchange,
                   std::shared_ptr<FileSession> session, std::uint64_t max_bytes, const asio::any_io_executor& executor)
    : recorder_(recorder),
      exchange_(exchange),
      session_(std::move(session)),
      max_bytes_(max_bytes),
      guard_(uploads, executor) {
  session_->part = &exchange_;
}

FilePart::~FilePart() {
  session_->part = nullptr;
  session_->part_over.notify();
}

asio::awaitable<void> FilePart::run() {
  using namespace asio::experimental::awaitable_operators;
  if (exchange_.request().content_length == 0u)
    co_await exchange_.accept(session_->position_field());
  else
    co_await (take() && answer_early());
}

asio::awaitable<void> FilePart::take() {
  auto problem = co_await receive();
  guard_.body_over();
  session_->broken = problem || lost_ || guard_.early();
  // Also of what broke off: that much is there when the sender comes back.
  auto unsaved = co_await flush(Save::now);
  if (!problem) problem = std::move(unsaved);
  session_->broken = session_->broken || problem;
  if (lost_ || guard_.early()) co_return;
  if (problem)
    co_await send_problem(exchange_, std::move(*problem), ProblemForm::link_kit);
  else
    co_await exchange_.accept(session_->position_field());
}

/// Answers while the other coroutine may still wait for the body, and then ends that wait.
asio::awaitable<void> FilePart::answer_early() {
  co_await guard_.wait();
  if (!guard_.early()) co_return;
  if (!lost_) co_await send_problem(exchange_, *guard_.early(), ProblemForm::link_kit);
  exchange_.abort();
}

Problem FilePart::too_large() const {
  if (exchange_.request().content_length) return too_large_problem(max_bytes_);
  return {Cause::length_required,
          "A file has at most " + std::to_string(max_bytes_) + " bytes here; a part over that needs a content-length.",
          {},
          {}};
}

asio::awaitable<std::optional<Problem>> FilePart::receive() {
  while (!guard_.early()) {
    const auto piece = co_await exchange_.read_body();
    lost_ = !piece;
    if (lost_ || guard_.early() || piece->empty()) break;
    guard_.bytes_came();
    session_->used = guard_.last_bytes();
    if (piece->size() + buffer_.size() > session_->room(max_bytes_)) co_return too_large();
    buffer_.insert(buffer_.end(), piece->begin(), piece->end());
    if (buffer_.size() < kChunkBytes) continue;
    auto problem = co_await flush(unsaved_ + buffer_.size() < kSaveBytes ? Save::later : Save::now);
    if (problem) co_return problem;
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<Problem>> FilePart::flush(Save save) {
  const auto content = std::make_shared<const Bytes>(std::exchange(buffer_, {}));
  // Another channel has taken the upload over: what is here was sent before that, and will be sent again.
  if (!session_->file) co_return std::nullopt;
  const auto task = [file = session_->file, content, save]() -> Result<std::uint64_t> {
    if (auto appended = content->empty() ? Result<>() : file->append(*content); !appended)
      return fail(appended.error());
    if (save == Save::now)
      if (auto saved = file->save(); !saved) return fail(saved.error());
    return file->record().position;
  };
  const Result<std::uint64_t> position = co_await on_storage(recorder_, task);
  if (!position) co_return upload_problem(position.error());
  session_->position = *position;
  unsaved_ = save == Save::now ? 0 : unsaved_ + content->size();
  co_return std::nullopt;
}

}  // namespace camspan::hub
