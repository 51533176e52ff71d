#include "net/h2_link.hpp"

#include <gtest/gtest.h>

#include "support/h2_loopback.hpp"

namespace camspan::net {
namespace {

using test::H2Loopback;

asio::awaitable<void> answer_hello(HttpExchange& exchange) {
  co_await exchange.send_head(200, {}, 5);
  co_await exchange.write(as_bytes("hello"));
  co_await exchange.finish();
}

/// The whole body of an answer.
asio::awaitable<std::string> read_all(H2ClientStream& stream) {
  std::string text;
  for (;;) {
    const auto piece = co_await stream.read_body();
    if (!piece) co_return text + "!" + piece.error().message();
    if (piece->empty()) co_return text;
    text += as_text(*piece);
  }
}

asio::awaitable<void> get_hello(H2Client& client) {
  auto stream = client.open("GET", "hub.example", "/a%20b?x=1", {}, false);
  EXPECT_TRUE(stream);
  const auto finished = co_await (*stream)->finish();
  EXPECT_TRUE(finished);
  const auto head = co_await (*stream)->read_head();
  EXPECT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.find("content-length"), "5");
  const std::string body = co_await read_all(**stream);
  EXPECT_EQ(body, "hello");
}

TEST(H2LinkTest, AnswersARequest) {
  H2Loopback loopback;
  loopback.handler = answer_hello;
  loopback.start();
  loopback.run(get_hello(*loopback.client));
}

}  // namespace
}  // namespace camspan::net
