#include "net/ws_rest.hpp"

#include <algorithm>
#include <array>

#include "net/responses.hpp"
#include "net/wake_up.hpp"
#include "net/ws_rest_json.hpp"

namespace camspan::net {
namespace {

using ws_message::Code;

constexpr std::string_view kMsgpack = "application/vnd.msgpack";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kOctets = "application/octet-stream";

bool is_msgpack(std::string_view type) {
  return type == kMsgpack || type == "application/msgpack" || type == "application/x-msgpack";
}

/// "Application/JSON; charset=utf-8" -> "application/json".
std::string media_type(std::string_view field) {
  field = field.substr(0, field.find(';'));
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  std::string type(field);
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

/// The first type of Accept that `value` can be sent as; MessagePack when there is none.
std::string_view choose_type(const RequestHead& request, ByteView value) {
  std::string_view rest = request.headers.find("accept").value_or("");
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const std::string type = media_type(one);
    if (type == kJson) return kJson;
    if (type == kOctets && ws_message::as_bin(value)) return kOctets;
    if (is_msgpack(type)) return kMsgpack;
  }
  return kMsgpack;
}

/// What serve() waits for; a late answer finds `over` set.
struct Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : wake(executor) {}

  WakeUp wake;
  std::optional<StreamAnswer> answer;
  bool over = false;
};

std::function<void(StreamAnswer)> answer_to(std::shared_ptr<Waiting> waiting) {
  return [waiting = std::move(waiting)](StreamAnswer answer) {
    if (waiting->over || waiting->answer) {
      if (answer.sent) answer.sent(fail(Errc::closed));
      return;
    }
    waiting->answer = std::move(answer);
    waiting->wake.notify();
  };
}

/// Counts for as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

http::Headers WsRest::headers_for(const RequestHead& request) const {
  http::Headers headers{{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  const auto origin = request.headers.find("origin");
  if (origin && !settings_.allowed_origins.empty()) {
    headers.append("access-control-allow-origin", std::string(*origin));
    headers.append("vary", "origin");
  }
  return headers;
}

asio::awaitable<void> WsRest::serve(HttpExchange& exchange) {
  const RequestHead& request = exchange.request();
  const std::string stream = request.path.substr(std::min(request.path.size(), prefix_.size()));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool writes = !stream.empty() && (request.method == "POST" || request.method == "PUT");
  if (is_foreign_origin(request, settings_.allowed_origins)) {
    co_await send_problem(exchange, 403, "foreign-origin", "Another site's page may not do that",
                          "Only pages of this server, or of an origin that it allows, may use its streams.");
  } else if (reads) {
    const auto method = stream.empty() ? StreamRequest::Method::list : StreamRequest::Method::read;
    StreamRequest asked{method, {}, stream, {}, {}};
    co_await get(exchange, std::move(asked));
  } else if (writes) {
    co_await write(exchange, stream);
  } else {
    std::string methods = stream.empty() ? "GET, HEAD" : "GET, HEAD, POST, PUT";
    co_await preflight(exchange, std::move(methods));
  }
}

/// Answers OPTIONS of a page that may be elsewhere, and refuses every other method.
asio::awaitable<void> WsRest::preflight(HttpExchange& exchange, std::string methods) {
  const bool asks = exchange.request().method == "OPTIONS" && exchange.request().headers.find("origin") &&
                    !settings_.allowed_origins.empty();
  http::Headers headers = headers_for(exchange.request());
  headers.append(asks ? "access-control-allow-methods" : "allow", methods);
  if (asks) headers.append("access-control-allow-headers", "accept, authorization, content-type");
  co_await send_body(exchange, asks ? 204 : 405, std::move(headers), "");
}

asio::awaitable<WsRest::Answer> WsRest::ask(StreamRequest request) {
  if (waiting_ >= settings_.max_waiting_requests) {
    StreamAnswer full;
    full.code = Code::no_room;
    co_return full;
  }
  const Counted counted(waiting_);
  const auto waiting = std::make_shared<Waiting>(executor_);
  request.answer = answer_to(waiting);
  requested_(std::move(request));
  co_await waiting->wake.wait_until(std::chrono::steady_clock::now() + settings_.answer_time);
  waiting->over = true;
  co_return std::move(waiting->answer);
}

asio::awaitable<void> WsRest::refuse(HttpExchange& exchange, Answer answer) {
  if (answer && answer->sent) answer->sent(fail(Errc::closed));
  if (!answer)
    co_await send_problem(exchange, 504, "no-answer", "The program does not answer", "Try again later.");
  else if (answer->code == Code::not_listening)
    co_await send_problem(exchange, 404, "not-found", "There is no such stream",
                          "GET " + base_ + " lists the streams that may be read or written.");
  else if (answer->code == Code::no_room)
    co_await send_problem(exchange, 503, "busy", "Too many requests wait", "Try again later.");
  else
    co_await send_problem(exchange, 500, "internal", "The program failed", "Its answer was not one value.");
}

asio::awaitable<void> WsRest::send_value(HttpExchange& exchange, StreamAnswer answer) {
  const std::string_view type = choose_type(exchange.request(), answer.data);
  std::string body(as_text(answer.data));
  if (type == kOctets) body = as_text(*ws_message::as_bin(answer.data));
  if (type == kJson) {
    auto text = to_json(answer.data);
    if (!text) {
      answer.code = Code::error;
      co_await refuse(exchange, std::move(answer));
      co_return;
    }
    body = std::move(*text);
  }
  http::Headers headers = headers_for(exchange.request());
  headers.append("content-type", std::string(type));
  headers.append("vary", "accept");
  co_await send_body(exchange, 200, std::move(headers), std::move(body));
  if (answer.sent) answer.sent({});
}

asio::awaitable<void> WsRest::get(HttpExchange& exchange, StreamRequest request) {
  auto answer = co_await ask(std::move(request));
  if (answer && answer->code == Code::success)
    co_await send_value(exchange, std::move(*answer));
  else
    co_await refuse(exchange, std::move(answer));
}

/// @return Errc::wrong_type, Errc::too_large, Errc::malformed, or why the body did not come
asio::awaitable<Result<Bytes>> WsRest::read_value(HttpExchange& exchange) {
  const RequestHead& request = exchange.request();
  const std::string type = media_type(request.headers.find("content-type").value_or(kMsgpack));
  if (!is_msgpack(type) && type != kJson) co_return fail(Errc::wrong_type);
  if (*request.content_length > settings_.message.max_bytes) co_return fail(Errc::too_large);
  Bytes body;
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece) co_return fail(Errc::closed);
    if (piece->empty()) break;
    body.insert(body.end(), piece->begin(), piece->end());
  }
  if (type == kJson) {
    auto packed = from_json(as_text(body), settings_.message);
    if (!packed) co_return fail(Errc::malformed);
    co_return std::move(*packed);
  }
  if (const auto whole = ws_message::check_value(body, settings_.message); !whole) co_return fail(whole.error());
  co_return body;
}

asio::awaitable<void> WsRest::write(HttpExchange& exchange, std::string stream) {
  if (!exchange.request().content_length) {
    co_await send_problem(exchange, 411, "length-required", "The length is missing", "Send content-length.");
    co_return;
  }
  auto value = co_await read_value(exchange);
  if (!value) {
    if (value.error() == Errc::wrong_type)
      co_await send_problem(exchange, 415, "media-type", "The type of the body is not known",
                            "Send application/vnd.msgpack or application/json.");
    else if (value.error() == Errc::too_large)
      co_await send_problem(exchange, 413, "too-large", "The value is too large", "Send a smaller one.");
    else if (value.error() != Errc::closed)
      co_await send_problem(exchange, 400, "bad-request", "The body is not one value", "Send exactly one value.");
    else
      exchange.abort();
    co_return;
  }
  StreamRequest request{StreamRequest::Method::write, {}, std::move(stream), std::move(*value), {}};
  auto answer = co_await ask(std::move(request));
  if (!answer || answer->code != Code::success) {
    co_await refuse(exchange, std::move(answer));
    co_return;
  }
  http::Headers headers = headers_for(exchange.request());
  co_await send_body(exchange, 204, std::move(headers), "");
}

}  // namespace camspan::net
