#include "hub/spool_piece.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "hub/clock.hpp"
#include "hub/file_service.hpp"
#include "hub/storage_call.hpp"
#include "net/ws_link.hpp"
#include "recordings/segment_file.hpp"

namespace camspan::hub {
namespace {

// Read at once: one switch of thread.
constexpr std::size_t kChunkBytes = 256 << 10;

/// A file as the body of a request, and what is answered to that.
class FileExchange final : public net::HttpExchange {
 public:
  FileExchange(recordings::Recorder& recorder, net::HttpExchange& asked_by, FileSession& session,
               std::shared_ptr<recordings::File> file)
      : recorder_(recorder), asked_by_(asked_by), session_(session), file_(std::move(file)) {}
  ~FileExchange() override {
    recorder_.run([file = std::move(file_)]() mutable { file.reset(); });
  }

  const net::RequestHead& request() const override { return asked_by_.request(); }
  net::HttpConnection& connection() override { return asked_by_.connection(); }
  asio::awaitable<Result<ByteView>> read_body() override {
    const auto task = [file = file_, offset = offset_]() -> Result<Bytes> {
      Bytes bytes(kChunkBytes);
      const auto count = file->read(bytes, offset);
      if (!count) return fail(count.error());
      bytes.resize(*count);
      return bytes;
    };
    auto bytes = co_await on_storage(recorder_, task);
    if (aborted_) co_return fail(Errc::cancelled);
    if (!bytes) co_return fail(bytes.error());
    chunk_ = std::move(*bytes);
    offset_ += chunk_.size();
    session_.used = steady_now();
    co_return ByteView(chunk_);
  }
  asio::awaitable<Result<>> send_head(int, http::Headers, std::optional<std::uint64_t>) override {
    co_return Result<>();
  }
  asio::awaitable<Result<>> write(ByteView piece) override {
    last_line_ = as_text(piece);
    co_return Result<>();
  }
  asio::awaitable<Result<>> finish() override { co_return Result<>(); }
  void abort() override { aborted_ = true; }
  asio::awaitable<Result<std::unique_ptr<net::WsLink>>> accept_websocket() override {
    co_return fail(Errc::unsupported);
  }
  bool wants_websocket() const override { return false; }

  /// What the answer ends with: the report, or a problem.
  const std::string& last_line() const { return last_line_; }

 private:
  recordings::Recorder& recorder_;
  net::HttpExchange& asked_by_;
  FileSession& session_;
  std::shared_ptr<recordings::File> file_;
  Bytes chunk_;
  std::uint64_t offset_ = 0;
  std::string last_line_;
  bool aborted_ = false;
};

struct Piece {
  std::shared_ptr<recordings::File> file;
  bool stamped = false;               ///< it is a segment with a stamp
  std::optional<std::uint64_t> head;  ///< tags that are repeated at its beginning, where it says so
};

/// Storage thread. @param first  number of its first tag, by its name
Result<Piece> open_piece(const std::filesystem::path& path, std::uint64_t first) {
  auto file = recordings::File::open(path.string(), HAL_FILE_READ);
  if (!file) return fail(file.error());
  Piece piece{std::make_shared<recordings::File>(std::move(*file)), false, std::nullopt};
  const auto segment = recordings::SegmentFile::open(path.string());
  if (!segment) return piece;
  piece.stamped = true;
  // A segment that begins a stream has the first tags of that before those that it counts.
  const std::uint64_t before = segment->stamp().head + std::uint64_t{segment->has_metadata()};
  const std::uint64_t numbered = segment->stamp().first > first ? segment->stamp().first - first : 0;
  piece.head = before - std::min(before, numbered);
  return piece;
}

std::uint64_t number(const nlohmann::json& object, const char* name) {
  const auto value = object.find(name);
  return value != object.end() && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

/// What the answer to such a body says, as a problem of the file; none when all of it is stored.
std::optional<Problem> problem_of(const std::string& answer, std::uint64_t first) {
  constexpr std::string_view kTypes = "/problems/";
  const auto object = nlohmann::json::parse(answer, nullptr, false);
  const std::string type = object.is_object() ? object.value("type", std::string()) : std::string();
  if (object.is_object() && type.empty() && number(object, "committed") >= first + number(object, "tags"))
    return std::nullopt;
  const auto cause = type.starts_with(kTypes) ? cause_of(std::string_view(type).substr(kTypes.size())) : std::nullopt;
  if (!cause) return retry_later(Cause::storage_failed, "The hub could not record all of it. Close it again.", 5);
  Problem problem{*cause, object.value("detail", std::string()), {}, {}};
  for (const char* name : {"expected", "committed"})
    if (object.contains(name)) problem.members.emplace_back(name, number(object, name));
  return problem;
}

}  // namespace

asio::awaitable<std::optional<Problem>> file_spool_piece(IngestRoute& ingest, recordings::Recorder& recorder,
                                                         net::HttpExchange& exchange, FileSession& session,
                                                         link::SpoolName name) {
  const auto task = [path = session.file->path(), first = name.first] { return open_piece(path, first); };
  const Result<Piece> piece = co_await on_storage(recorder, task);
  if (!piece) co_return upload_problem(piece.error());
  IngestRequest request;
  request.body = IngestRequest::Body::live;
  // So it is ended when storing begins to work again in the middle of it, rather than gone on with as another stream.
  request.acknowledge = true;
  request.stream = canonical_uuid(name.stream);
  request.first = name.first;
  request.start = name.start;
  request.head = piece->head;
  request.stamped = piece->stamped;
  FileExchange body(recorder, exchange, session, piece->file);
  co_await ingest.take(body, session.device, std::move(request));
  co_return problem_of(body.last_line(), name.first);
}

}  // namespace camspan::hub
