#include "net/h1_link.hpp"

#include <exception>

#include "core/log.hpp"
#include "net/h1_exchange.hpp"
#include "net/watchdog.hpp"

namespace camspan::net {
namespace {

using Clock = std::chrono::steady_clock;
using http1::RequestParser;

// Most heads fit in one read of this.
constexpr std::size_t kHeadReadBytes = 4096;
// For the client to read the last answer and to end its side, before our close could destroy what it has not read yet
// (RFC 9112 section 9.6).
constexpr std::chrono::milliseconds kLingerTime{2000};

struct Refusal {
  int status;
  const char* cause;
  const char* title;
};

Refusal describe(int status) {
  switch (status) {
    case 408:
      return {408, "request-timeout", "The request did not arrive in time"};
    case 414:
      return {414, "target-too-long", "The address is too long"};
    case 417:
      return {417, "expectation-failed", "The expectation cannot be met"};
    case 431:
      return {431, "header-too-large", "The header is too large"};
    case 501:
      return {501, "not-implemented", "The server cannot do that"};
    case 505:
      return {505, "http-version", "Another version of HTTP is needed"};
    default:
      return {400, "bad-request", "The request cannot be understood"};
  }
}

asio::awaitable<void> linger(ByteStream& stream) {
  Watchdog watchdog(stream.executor(), stream);
  watchdog.arm(kLingerTime);
  co_await stream.shutdown(static_cast<int>(kLingerTime.count()));
  for (H1Input unwanted(stream, {});;) {
    const auto more = co_await unwanted.fill(kHeadReadBytes);
    if (!more || !*more) break;
  }
}

/// What a WebSocket does behind its exchange.
asio::awaitable<void> go_on(std::shared_ptr<WsSession> websocket) {
  const auto work = websocket->take_work();
  try {
    co_await work();
  } catch (const std::exception& error) {
    log::error("net", "a WebSocket failed: ", error.what());
  }
  co_await websocket->settle();
}

}  // namespace

class H1Connection final : public HttpConnection {
 public:
  H1Connection(std::unique_ptr<ByteStream> stream, Bytes already_read, const HttpServer::Handler& handler,
               const HttpServerLimits& limits, H1ServerControl& control)
      : stream_(std::move(stream)),
        input_(*stream_, std::move(already_read)),
        parser_({.max_header_bytes = limits.max_header_bytes}),
        handler_(handler),
        limits_(limits),
        control_(control) {}

  void send_away() override { control_.going_away_ = true; }
  static asio::awaitable<void> run(std::unique_ptr<H1Connection> self, Clock::time_point first_head);

 private:
  /// What the server holds of a connection while it runs.
  class Held {
   public:
    explicit Held(const H1Connection& connection) : control_(connection.control_) {
      control_.stream_ = connection.stream_.get();
    }
    ~Held() { control_.stream_ = nullptr; }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    void over() const { control_.running_ = false; }

   private:
    H1ServerControl& control_;
  };

  asio::awaitable<void> serve_requests(Clock::time_point first_head);
  asio::awaitable<bool> read_head(Clock::time_point deadline);
  std::unique_ptr<H1Exchange> next_exchange();
  asio::awaitable<bool> serve();
  asio::awaitable<void> refuse(int status, std::string_view detail);

  std::unique_ptr<ByteStream> stream_;
  H1Input input_;
  RequestParser parser_;
  const HttpServer::Handler& handler_;
  const HttpServerLimits& limits_;
  H1ServerControl& control_;
  std::shared_ptr<WsSession> websocket_;  // goes on when everything else of the connection is gone
};

asio::awaitable<void> H1Connection::run(std::unique_ptr<H1Connection> self, Clock::time_point first_head) {
  std::unique_ptr<ByteStream> stream;
  const Held held(*self);
  co_await self->serve_requests(first_head);
  stream = std::move(self->stream_);
  std::shared_ptr<WsSession> websocket = std::move(self->websocket_);
  self.reset();
  if (websocket != nullptr) co_await go_on(std::move(websocket));
  held.over();
  co_await linger(*stream);
}

asio::awaitable<void> H1Connection::serve_requests(Clock::time_point first_head) {
  auto deadline = first_head;
  for (;;) {
    if (!co_await read_head(deadline)) break;
    control_.running_ = true;
    const bool reusable = co_await serve();
    control_.running_ = websocket_ != nullptr;
    if (!reusable || control_.going_away_) break;
    input_.release();
    deadline = Clock::now() + limits_.idle;
  }
}

/// @return false when there is none: the peer left, or was refused
asio::awaitable<bool> H1Connection::read_head(Clock::time_point deadline) {
  bool begun = parser_.in_head();
  for (;;) {
    const auto parsed = parser_.next(input_.view());
    if (!parsed) {
      co_await refuse(parser_.problem().status, parser_.problem().detail);
      co_return false;
    }
    input_.consume(parsed->consumed);
    if (parsed->step == RequestParser::Step::head) co_return true;
    if (!std::exchange(begun, parser_.in_head()) && begun)
      deadline = std::min(deadline, Clock::now() + limits_.handshake);
    const auto more = co_await input_.fill_until(kHeadReadBytes, deadline);
    if (more && *more) continue;
    if (!more && more.error() == Errc::timed_out && begun)
      co_await refuse(408, "The head of the request was not complete in time.");
    co_return false;
  }
}

/// Of the request whose head is there; null for a target that cannot be. On the heap: in a coroutine's frame there
/// would be several of what it is made of, as long as it lasts.
std::unique_ptr<H1Exchange> H1Connection::next_exchange() {
  http1::Request request = std::move(parser_.request());
  const ByteStream::Info& info = stream_->info();
  RequestHead head;
  head.method = std::move(request.method);
  head.authority = std::move(request.authority);
  head.headers = std::move(request.headers);
  head.version = HttpVersion::http1_1;
  head.peer = info.peer;
  head.loopback = info.loopback;
  head.tls = info.tls;
  head.client_certificate_name = info.peer_common_name;
  head.content_length = request.content_length;
  head.ended = !request.content_length && !request.chunked;
  if (!set_target(head, request.target)) return nullptr;
  return std::make_unique<H1Exchange>(*stream_, *this, input_, parser_, limits_, std::move(head), std::move(request));
}

/// @return true when the connection is ready for the next request
asio::awaitable<bool> H1Connection::serve() {
  const std::unique_ptr<H1Exchange> exchange = next_exchange();
  if (exchange == nullptr) {
    co_await refuse(400, "The path or query has a character or escape that is not allowed.");
    co_return false;
  }
  if (control_.going_away_) exchange->last_on_connection();
  bool failed = false;
  try {
    co_await handler_(*exchange);
  } catch (const std::exception& error) {
    failed = true;
    log::error("net", exchange->request().method, ' ', exchange->request().path, " failed: ", error.what());
  }
  const bool reusable = co_await exchange->conclude(failed);
  websocket_ = exchange->take_websocket();
  co_return reusable;
}

/// Answers a request that no handler sees.
asio::awaitable<void> H1Connection::refuse(int status, std::string_view detail) {
  ++control_.bad_requests_;
  log::debug("net", stream_->info().peer, ": refused with ", status, ": ", detail);
  const Refusal refusal = describe(status);
  const std::string body = problem_json(refusal.status, refusal.cause, refusal.title, detail);
  http1::ResponseHead head;
  head.status = refusal.status;
  head.length = http1::BodyLength::known;
  head.content_length = body.size();
  head.close = true;
  http::Headers headers;
  headers.append("content-type", "application/problem+json");
  const std::string answer = http1::response_head(head, headers).value() + body;
  Watchdog watchdog(stream_->executor(), *stream_);
  watchdog.arm(kLingerTime);
  co_await stream_->write(as_bytes(answer));
}

void H1ServerControl::go_away() {
  going_away_ = true;
  if (!running_ && stream_ != nullptr) stream_->abort();
}

void H1ServerControl::abort() {
  going_away_ = true;
  if (stream_ != nullptr) stream_->abort();
}

asio::awaitable<void> H1ServerLink::run(std::unique_ptr<ByteStream> stream, Bytes already_read,
                                        const HttpServer::Handler& handler, const HttpServerLimits& limits,
                                        Clock::time_point first_head, H1ServerControl& control) {
  return H1Connection::run(
      std::make_unique<H1Connection>(std::move(stream), std::move(already_read), handler, limits, control), first_head);
}

}  // namespace camspan::net
