#include "net/h2_exchange.hpp"

#include <string>

#include "net/ws_link.hpp"

namespace camspan::net {
namespace {

/// Answers that never have content (RFC 9110 sections 15.3.5 and 15.4.5).
bool has_no_content(int status) {
  return status == 204 || status == 304;
}

}  // namespace

H2Exchange::H2Exchange(H2Driver& driver, HttpConnection& connection, h2::StreamId id, RequestHead request)
    : driver_(driver), connection_(connection), request_(std::move(request)), stream_(driver) {
  stream_.set_id(id);
}

asio::awaitable<Result<ByteView>> H2Exchange::read_body() {
  return stream_.read();
}

asio::awaitable<Result<>> H2Exchange::send_head(int status, http::Headers headers,
                                                std::optional<std::uint64_t> content_length) {
  if (stream_.failure()) co_return fail(stream_.failure());
  if (status < 400) connection_.admit();
  if (content_length.value_or(0) != 0 && !has_no_content(status) && !headers.find("content-length"))
    headers.append("content-length", std::to_string(*content_length));
  const bool empty = request_.method == "HEAD" || has_no_content(status) || content_length == 0u;
  const auto sent = driver_.connection().submit_response(stream_.id(), status, headers, empty ? nullptr : &stream_);
  if (!sent) co_return fail(sent.error());
  head_sent_ = true;
  if (empty) {
    stream_.set_length(0);
  } else if (content_length) {
    stream_.set_length(*content_length);
  }
  driver_.flush();
  co_return Result<>{};
}

asio::awaitable<Result<>> H2Exchange::write(ByteView piece) {
  if (!head_sent_) co_return fail(no_head());
  if (request_.method == "HEAD") co_return Result<>{};
  co_return co_await stream_.write(std::span(&piece, 1));
}

asio::awaitable<Result<>> H2Exchange::finish() {
  if (!head_sent_) co_return fail(no_head());
  co_return co_await stream_.finish();
}

/// Why there can be no body before the head: without one, nothing would ever take it.
std::error_code H2Exchange::no_head() const {
  return stream_.failure() ? stream_.failure() : make_error_code(Errc::unsupported);
}

void H2Exchange::abort() {
  stream_.reset(h2::ErrorCode::cancel, Errc::cancelled);
}

asio::awaitable<Result<std::unique_ptr<WsLink>>> H2Exchange::accept_websocket() {
  // Ours announces no ENABLE_CONNECT_PROTOCOL (RFC 8441): browsers open WebSockets over HTTP/1.1.
  co_return fail(Errc::unsupported);
}

void H2Exchange::conclude() {
  if (!head_sent_ && !stream_.failure()) {
    static_cast<void>(driver_.connection().submit_response(stream_.id(), 500, {{"content-length", "0"}}, nullptr));
  } else if (!stream_.sent()) {
    driver_.connection().reset(stream_.id(), h2::ErrorCode::internal_error);
  }
  stream_.abandon();
}

}  // namespace camspan::net
