#include "net/h1_exchange.hpp"

#include <array>
#include <utility>

#include "core/log.hpp"
#include "net/pieces.hpp"
#include "net/watchdog.hpp"

namespace camspan::net {
namespace {

using http1::BodyLength;

// Four TLS records: one system call then often takes what a fast uploader has sent.
constexpr std::size_t kBodyReadBytes = 64 << 10;
// Of a body that nobody wants, to keep the connection; and how long to wait for it.
constexpr std::size_t kMaxDrainBytes = 64 << 10;
constexpr std::chrono::milliseconds kDrainTime{2000};
// For a client to take an answer that no handler wrote.
constexpr std::chrono::milliseconds kAnswerTime{2000};

/// RFC 6455 section 4.2.1: the base64 form of 16 bytes.
bool is_websocket_key(std::string_view key) {
  const auto base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, base64);
}

}  // namespace

H1Exchange::H1Exchange(ByteStream& stream, HttpConnection& connection, H1Input& input, http1::RequestParser& parser,
                       const HttpServerLimits& limits, RequestHead head, http1::Request request)
    : stream_(stream),
      connection_(connection),
      input_(input),
      parser_(parser),
      limits_(limits),
      head_(std::move(head)),
      request_(std::move(request)),
      continue_due_(request_.expect_continue),
      asked_(stream.executor()),
      reusable_(request_.keep_alive && request_.minor_version == 1) {}

/// A stream's error in the words of HttpExchange.
tl::unexpected<std::error_code> H1Exchange::broken(const std::error_code& error) {
  broken_ = true;
  return fail(error == Errc::cancelled || error == Errc::timed_out ? error : make_error_code(Errc::closed));
}

asio::awaitable<Result<ByteView>> H1Exchange::read_body() {
  for (;;) {
    if (body_error_) co_return fail(body_error_);
    if (body_done_) co_return ByteView{};
    const auto parsed = parser_.next(input_.view());
    if (!parsed) {
      body_error_ = parsed.error();
      continue;
    }
    input_.consume(parsed->consumed);
    if (parsed->step == http1::RequestParser::Step::body) co_return parsed->body;
    if (parsed->step == http1::RequestParser::Step::end) {
      body_done_ = true;
      continue;
    }
    if (const auto asked = co_await ask_for_body(); !asked) co_return broken(asked.error());
    const auto more = co_await input_.fill(kBodyReadBytes);
    if (!more) co_return broken(more.error());
    if (!*more) {
      broken_ = true;
      body_error_ = Errc::closed;
    }
  }
}

/// Sends 100 Continue to a client that waits for it (RFC 9110 section 10.1.1), unless an answer is on its way.
asio::awaitable<Result<>> H1Exchange::ask_for_body() {
  if (!continue_due_ || answer_ != Answer::none) co_return Result<>{};
  continue_due_ = false;
  asking_ = true;
  const auto written = co_await stream_.write(as_bytes(http1::kContinue));
  asking_ = false;
  asked_.notify();
  co_return written;
}

http1::ResponseHead H1Exchange::plan(int status, std::optional<std::uint64_t> content_length) {
  http1::ResponseHead plan;
  plan.status = status;
  const bool bodyless = status < 200 || status == 204 || status == 304;
  if (content_length && !bodyless) {
    plan.length = BodyLength::known;
    plan.content_length = *content_length;
  } else if (!bodyless && head_.method != "HEAD") {
    plan.length = request_.minor_version == 1 ? BodyLength::chunked : BodyLength::to_close;
  }
  plan.close = !reusable_;
  return plan;
}

asio::awaitable<Result<>> H1Exchange::send_head(int status, http::Headers headers,
                                                std::optional<std::uint64_t> content_length) {
  if (answer_ != Answer::none) co_return fail(Errc::unsupported);
  // A client that was not asked for its body may send it or not: what follows cannot be told from a request.
  if (continue_due_ && !body_done_) reusable_ = false;
  const auto head = plan(status, content_length);
  const auto bytes = http1::response_head(head, headers);
  if (!bytes) co_return fail(bytes.error());
  answer_ = Answer::head_sent;
  length_ = head_.method == "HEAD" ? BodyLength::none : head.length;
  to_write_ = head.content_length;
  while (asking_) co_await asked_.wait();
  const auto written = co_await stream_.write(as_bytes(*bytes));
  if (!written) co_return broken(written.error());
  co_return Result<>{};
}

asio::awaitable<Result<>> H1Exchange::write(ByteView piece) {
  if (answer_ != Answer::head_sent) co_return fail(Errc::unsupported);
  if (length_ == BodyLength::none) co_return Result<>{};
  Result<> written = co_await write_kept();
  if (!written || piece.empty()) co_return written;
  if (length_ == BodyLength::chunked) {
    const std::string head = http1::chunk_head(piece.size());
    const std::array<ByteView, 3> pieces = {as_bytes(head), piece, as_bytes(http1::kChunkTail)};
    written = co_await stream_.write_gather(pieces);
  } else {
    if (length_ == BodyLength::known) {
      if (piece.size() > to_write_) co_return fail(Errc::too_large);
      to_write_ -= piece.size();
    }
    written = co_await stream_.write(piece);
  }
  if (!written) co_return broken(written.error());
  co_return Result<>{};
}

asio::awaitable<Result<>> H1Exchange::write_kept() {
  if (kept_.empty() && stream_.drained()) co_return Result<>{};
  const Bytes kept = std::exchange(kept_, Bytes());
  const ByteView bytes = kept;
  const auto written = co_await stream_.write_gather(std::span(&bytes, 1));
  if (!written) co_return broken(written.error());
  co_return Result<>{};
}

Taken H1Exchange::try_write(std::span<const ByteView> pieces) {
  if (answer_ != Answer::head_sent || length_ != BodyLength::chunked || !kept_.empty()) return Taken::none;
  const std::size_t size = total_bytes(pieces);
  if (size == 0) return Taken::none;  // it would be the last chunk
  const std::string head = http1::chunk_head(size);
  thread_local std::vector<ByteView> chunk;
  chunk.assign(1, as_bytes(head));
  chunk.insert(chunk.end(), pieces.begin(), pieces.end());
  chunk.push_back(as_bytes(http1::kChunkTail));
  const auto taken = stream_.try_write(chunk);
  if (!taken || *taken == 0) return Taken::none;  // write() says what is wrong
  std::size_t sent = *taken;
  for (const ByteView piece : chunk) {
    const ByteView rest = unsent(piece, sent);
    kept_.insert(kept_.end(), rest.begin(), rest.end());
  }
  return kept_.empty() && stream_.drained() ? Taken::all : Taken::part;
}

asio::awaitable<Result<>> H1Exchange::finish() {
  if (answer_ != Answer::head_sent) co_return fail(Errc::unsupported);
  if (const auto written = co_await write_kept(); !written) co_return written;
  // A body that is too short: the client must notice, so the connection is going to be cut.
  if (length_ == BodyLength::known && to_write_ > 0) co_return fail(Errc::malformed);
  answer_ = Answer::finished;
  if (length_ != BodyLength::chunked) co_return Result<>{};
  const auto written = co_await stream_.write(as_bytes(http1::kLastChunk));
  if (!written) co_return broken(written.error());
  co_return Result<>{};
}

void H1Exchange::abort() {
  reusable_ = false;
  stream_.abort();
}

asio::awaitable<Result<>> H1Exchange::send_text(int status, http::Headers headers, std::string body) {
  Watchdog watchdog(stream_.executor(), stream_);
  watchdog.arm(kAnswerTime);
  auto result = co_await send_head(status, std::move(headers), body.size());
  if (result) result = co_await write(as_bytes(body));
  // A HEAD request gets no body, which is whole then.
  if (result) result = co_await finish();
  co_return result;
}

asio::awaitable<Result<std::unique_ptr<WsLink>>> H1Exchange::accept_websocket() {
  if (!wants_websocket() || answer_ != Answer::none) co_return fail(Errc::unsupported);
  const std::string key(head_.headers.find("sec-websocket-key").value_or(""));
  std::string refusal;
  http::Headers headers;
  headers.append("content-type", "application/problem+json");
  const bool version = head_.headers.find("sec-websocket-version") == "13";
  const bool has_body = request_.chunked || request_.content_length.value_or(0) > 0;
  if (!version) {
    headers.append("sec-websocket-version", "13");
    refusal = problem_json(426, "websocket-version", "Another WebSocket version is needed",
                           "This server speaks version 13 of WebSocket (RFC 6455).");
  } else if (!is_websocket_key(key) || has_body) {
    refusal = problem_json(400, "bad-request", "The request cannot be understood",
                           has_body ? "A WebSocket request has no body."
                                    : "Sec-WebSocket-Key must be the base64 form of 16 random bytes.");
  }
  if (!refusal.empty()) {
    co_await send_text(version ? 400 : 426, std::move(headers), std::move(refusal));
    co_return fail(Errc::malformed);
  }
  // The end of the request; what follows are frames.
  if (const auto rest = co_await read_body(); !rest) co_return fail(rest.error());
  answer_ = Answer::websocket;
  reusable_ = false;
  const std::string head = http1::websocket_head(ws::accept_key(key));
  const auto written = co_await stream_.write(as_bytes(head));
  if (!written) co_return broken(written.error());
  websocket_ = std::make_shared<WsSession>(ws::Role::server, stream_, input_.take(),
                                           limits_.max_websocket_message_bytes, limits_.websocket_ping);
  websocket_->start();
  co_return WsSession::make_link(websocket_);
}

asio::awaitable<bool> H1Exchange::conclude(bool failed) {
  if (websocket_ != nullptr && websocket_->goes_on()) co_return false;
  if (websocket_ != nullptr) co_await std::exchange(websocket_, nullptr)->settle();
  if (broken_) co_return false;
  if (answer_ == Answer::none) {
    if (!failed) log::error("net", "no answer was given to ", head_.method, ' ', head_.path);
    reusable_ = false;
    http::Headers headers;
    headers.append("content-type", "application/problem+json");
    co_await send_text(500, std::move(headers),
                       problem_json(500, "internal", "The server failed", "Try again; the server's log says more."));
  }
  if (answer_ == Answer::head_sent) {
    // Cut off before its end, which is how the client learns that something is missing.
    stream_.abort();
    co_return false;
  }
  if (!reusable_ || answer_ == Answer::websocket) co_return false;
  co_return body_done_ || co_await drain_body();
}

asio::awaitable<bool> H1Exchange::drain_body() {
  Watchdog watchdog(stream_.executor(), stream_);
  watchdog.arm(kDrainTime);
  for (std::size_t drained = 0; drained <= kMaxDrainBytes;) {
    const auto piece = co_await read_body();
    if (!piece) co_return false;
    if (piece->empty()) co_return true;
    drained += piece->size();
  }
  co_return false;
}

}  // namespace camspan::net
