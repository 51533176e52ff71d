/// What tests say over an HTTP/2 connection, as coroutines.
#pragma once

#include <gtest/gtest.h>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <span>
#include <string>

#include "net/h2_client.hpp"
#include "net/http_exchange.hpp"

namespace camspan::test {

/// Lets the other coroutines go on.
inline asio::awaitable<void> next_turn() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

/// What came of a body, and the error that ended it.
struct Body {
  std::string text;
  std::error_code error;
};

template <class Reader>
asio::awaitable<Body> read_all(Reader& reader) {
  Body body;
  for (;;) {
    const auto piece = co_await reader.read_body();
    if (!piece) {
      body.error = piece.error();
      co_return body;
    }
    if (piece->empty()) co_return body;
    body.text += as_text(*piece);
  }
}

inline asio::awaitable<Result<>> send(net::H2ClientStream& stream, std::string text) {
  const ByteView piece = as_bytes(text);
  co_return co_await stream.write(std::span(&piece, 1));
}

inline std::unique_ptr<net::H2ClientStream> open(net::H2Client& client, std::string method, std::string path,
                                                 http::Headers headers = {}) {
  return client.open(std::move(method), "hub.example", std::move(path), std::move(headers), false).value();
}

inline asio::awaitable<void> answer(net::HttpExchange& exchange, int status, std::string text) {
  const auto head = co_await exchange.send_head(status, {}, text.size());
  EXPECT_TRUE(head);
  const auto written = co_await exchange.write(as_bytes(text));
  EXPECT_TRUE(written);
  const auto finished = co_await exchange.finish();
  EXPECT_TRUE(finished);
}

inline asio::awaitable<void> answer_hello(net::HttpExchange& exchange) {
  return answer(exchange, 200, "hello");
}

inline asio::awaitable<void> echo(net::HttpExchange& exchange) {
  const auto head = co_await exchange.send_head(200, {}, std::nullopt);
  EXPECT_TRUE(head);
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece || piece->empty()) break;
    const auto written = co_await exchange.write(*piece);
    if (!written) co_return;
  }
  const auto finished = co_await exchange.finish();
  EXPECT_TRUE(finished);
}

inline asio::awaitable<void> get_hello(net::H2Client& client) {
  const auto stream = open(client, "GET", "/a%20b?x=1");
  const auto finished = co_await stream->finish();
  EXPECT_TRUE(finished);
  const auto head = co_await stream->read_head();
  EXPECT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.find("content-length"), "5");
  const Body body = co_await read_all(*stream);
  EXPECT_EQ(body.text, "hello");
  EXPECT_FALSE(body.error);
}

}  // namespace camspan::test
