#include "net/h2_client.hpp"

#include <gtest/gtest.h>

#include "support/h2_loopback.hpp"
#include "support/h2_talk.hpp"

namespace camspan::net {
namespace {

using namespace std::chrono_literals;
using test::answer;
using test::answer_hello;
using test::Body;
using test::echo;
using test::get_hello;
using test::H2Loopback;
using test::next_turn;
using test::open;
using test::read_all;
using test::send;

asio::awaitable<void> refuse_upload(HttpExchange& exchange) {
  return answer(exchange, 413, "too large");
}

asio::awaitable<void> upload_to_one_who_refuses(H2Client& client) {
  const auto stream = open(client, "POST", "/upload");
  // More than any window: only the answer can end this write.
  const auto written = co_await send(*stream, std::string(40'000'000, 'u'));
  EXPECT_FALSE(written);
  EXPECT_EQ(written.error(), Errc::stream_reset);
  const auto head = co_await stream->read_head();
  EXPECT_TRUE(head);
  EXPECT_EQ(head->status, 413);
  const Body body = co_await read_all(*stream);
  EXPECT_EQ(body.text, "too large");
  EXPECT_FALSE(body.error);
  const auto finished = co_await stream->finish();
  EXPECT_EQ(finished.error(), Errc::stream_reset);
  EXPECT_EQ(stream->send_window(), 0u);
  EXPECT_TRUE(client.usable());
}

TEST(H2ClientTest, GivesAnEarlyAnswerToAClientThatIsStillWriting) {
  H2Loopback loopback;
  loopback.handler = refuse_upload;
  loopback.start();
  loopback.run(upload_to_one_who_refuses(*loopback.client));
}

asio::awaitable<void> close_in_good_order(H2Client& client, bool& server_done) {
  co_await get_hello(client);
  co_await client.close(5s);
  EXPECT_EQ(client.reason(), Errc::closed);
  while (!server_done) co_await next_turn();
}

TEST(H2ClientTest, ClosesInGoodOrder) {
  H2Loopback loopback;
  loopback.handler = answer_hello;
  loopback.start();
  loopback.run(close_in_good_order(*loopback.client, loopback.server_done));
}

asio::awaitable<void> outlive(H2Loopback& loopback) {
  const auto stream = open(*loopback.client, "POST", "/");
  loopback.client.reset();
  const auto written = co_await send(*stream, "x");
  EXPECT_EQ(written.error(), Errc::connection_lost);
  const auto head = co_await stream->read_head();
  EXPECT_EQ(head.error(), Errc::connection_lost);
}

TEST(H2ClientTest, LetsAStreamOutliveItsClient) {
  H2Loopback loopback;
  loopback.handler = echo;
  loopback.start();
  loopback.run(outlive(loopback));
}

asio::awaitable<void> wait_for_round_trip(H2Client& client) {
  while (client.rtt().count() == 0 && client.usable()) co_await next_turn();
  EXPECT_TRUE(client.usable());
}

TEST(H2ClientTest, MeasuresTheRoundTripWhileIdle) {
  H2Loopback loopback;
  loopback.handler = echo;
  loopback.options.ping_interval = 5ms;
  loopback.start();
  loopback.run(wait_for_round_trip(*loopback.client));
}

asio::awaitable<void> wait_for_end(H2Client& client) {
  const auto stream = open(client, "GET", "/");
  const auto head = co_await stream->read_head();
  EXPECT_EQ(head.error(), Errc::connection_lost);
  EXPECT_EQ(client.reason(), Errc::timed_out);
}

TEST(H2ClientTest, GivesUpAPeerThatIsSilent) {
  H2Loopback loopback;
  auto [from, to] = loopback.connect();
  loopback.options.ping_interval = 5ms;
  loopback.options.ping_timeout = 5ms;
  loopback.client = H2Client::create(std::make_unique<PlainStream>(std::move(from)), loopback.options);
  loopback.server_done = true;  // there is none: nobody reads `to`
  loopback.run(wait_for_end(*loopback.client));
}

asio::awaitable<void> two_streams_one_slow(H2Client& client) {
  const auto slow = open(client, "GET", "/slow");
  const auto quick = open(client, "GET", "/quick");
  auto finished = co_await slow->finish();
  EXPECT_TRUE(finished);
  finished = co_await quick->finish();
  EXPECT_TRUE(finished);
  const auto head = co_await slow->read_head();
  EXPECT_TRUE(head);
  const Body body = co_await read_all(*quick);  // nobody reads the slow one
  EXPECT_EQ(body.text, "hello");
}

asio::awaitable<void> slow_and_quick(HttpExchange& exchange) {
  if (exchange.request().path == "/quick") {
    co_await answer_hello(exchange);
    co_return;
  }
  const auto head = co_await exchange.send_head(200, {}, std::nullopt);
  EXPECT_TRUE(head);
  const std::string much(100'000, 'm');
  for (;;) {
    const auto written = co_await exchange.write(as_bytes(much));
    if (!written) break;  // when the client goes
  }
}

TEST(H2ClientTest, KeepsASlowReaderFromHoldingUpOthers) {
  H2Loopback loopback;
  loopback.handler = slow_and_quick;
  loopback.options.window_bytes = 1 << 20;
  loopback.start();
  loopback.run(two_streams_one_slow(*loopback.client));
}

}  // namespace
}  // namespace camspan::net
