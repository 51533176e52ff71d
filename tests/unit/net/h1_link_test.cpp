/// HTTP/1.1 of the server, as a client sees it byte by byte.
#include "net/h1_link.hpp"

#include <gmock/gmock.h>

#include "support/raw_client.hpp"
#include "support/test_server.hpp"

namespace camspan::net {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using test::TestServer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

asio::awaitable<void> answer(HttpExchange& exchange, int status, std::string text) {
  http::Headers headers;
  headers.append("content-type", "text/plain");
  if (!co_await exchange.send_head(status, std::move(headers), text.size())) co_return;
  co_await exchange.write(as_bytes(text));
  co_await exchange.finish();
}

asio::awaitable<void> echo(HttpExchange& exchange) {
  std::string body;
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece) co_return;
    if (piece->empty()) break;
    body += as_text(*piece);
  }
  co_await answer(exchange, 200, exchange.request().method + ' ' + exchange.request().path + ' ' + body);
}

asio::awaitable<void> count_up(HttpExchange& exchange) {
  if (!co_await exchange.send_head(200, {}, std::nullopt)) co_return;
  for (int i = 0; i < 3; ++i) {
    const std::string piece = "piece " + std::to_string(i) + "\n";
    if (!co_await exchange.write(as_bytes(piece))) co_return;
  }
  co_await exchange.finish();
}

asio::awaitable<void> count_up_at_once(HttpExchange& exchange) {
  EXPECT_EQ(exchange.try_write(std::array<ByteView, 1>{as_bytes("too early")}), Taken::none);
  const auto head = co_await exchange.send_head(200, {}, std::nullopt);
  if (!head) co_return;
  const std::span<const ByteView> nothing;
  EXPECT_EQ(exchange.try_write(nothing), Taken::none) << "a chunk of 0 would be the last";
  const std::array<ByteView, 2> pieces{as_bytes("one "), as_bytes("two")};
  EXPECT_EQ(exchange.try_write(pieces), Taken::all);
  // Ends within a chunk, the rest of which has to follow.
  const std::string much(1 << 20, 'x');
  const std::array<ByteView, 1> piece{as_bytes(much)};
  Taken taken = Taken::all;
  for (int i = 0; i < 64 && taken == Taken::all; ++i) taken = exchange.try_write(piece);
  EXPECT_NE(taken, Taken::all) << "no socket takes all of this";
  EXPECT_EQ(exchange.try_write(pieces), Taken::none);
  co_await exchange.write(ByteView());
  co_await exchange.finish();
}

asio::awaitable<void> route(HttpExchange& exchange) {
  const std::string path = exchange.request().path;
  if (path == "/at-once") co_return co_await count_up_at_once(exchange);
  if (path == "/chunks") co_return co_await count_up(exchange);
  if (path == "/early") co_return co_await answer(exchange, 413, "too much");
  if (path == "/throw") throw std::runtime_error("the handler's fault");
  if (path == "/silent") co_return;
  if (path == "/short") {
    co_await exchange.send_head(200, {}, 100);
    co_await exchange.write(as_bytes("only this"));
    co_return;
  }
  if (path == "/nothing") {
    co_await exchange.send_head(204, {}, std::nullopt);
    co_await exchange.finish();
    co_return;
  }
  if (path == "/abort") co_return exchange.abort();
  co_await echo(exchange);
}

class H1LinkTest : public testing::Test {
 protected:
  TestServer server_{route};
  RawClient client_{server_.address()};
};

TEST_F(H1LinkTest, AnswersARequest) {
  client_.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(
      client_.read_all(),
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 11\r\nconnection: close\r\n\r\nGET /hello ");
}

TEST_F(H1LinkTest, KeepsTheConnectionForTheNextRequest) {
  for (int i = 0; i < 3; ++i) {
    client_.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(client_.read_until("GET /" + std::to_string(i) + " "), Not(HasSubstr("connection")));
  }
  EXPECT_EQ(server_.stats().accepted, 1u);
}

TEST_F(H1LinkTest, AnswersPipelinedRequestsInOrder) {
  client_.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client_.read_all();
  EXPECT_LT(all.find("GET /1 "), all.find("POST /2 abc"));
  EXPECT_LT(all.find("POST /2 abc"), all.find("GET /3 "));
}

TEST_F(H1LinkTest, ReadsAChunkedBodySentByteByByte) {
  const std::string request =
      "PUT /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  for (const char c : request) client_.send({&c, 1});
  EXPECT_THAT(client_.read_all(), EndsWith("PUT /up hello world"));
}

TEST_F(H1LinkTest, WritesABodyOfUnknownLengthInChunks) {
  client_.send("GET /chunks HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client_.read_all(), EndsWith("\r\n\r\n8\r\npiece 0\n\r\n8\r\npiece 1\n\r\n8\r\npiece 2\n\r\n0\r\n\r\n"));
}

TEST_F(H1LinkTest, WritesWithoutWaitingInWholeChunks) {
  client_.send("GET /at-once HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string all = client_.read_all();
  const std::string first = "\r\n\r\n7\r\none two\r\n";
  const std::size_t begin = all.find(first);
  ASSERT_NE(begin, all.npos);
  std::string rest = all.substr(begin + first.size());
  const std::string chunk = "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
  int chunks = 0;
  for (; rest.starts_with(chunk); ++chunks) rest.erase(0, chunk.size());
  EXPECT_GT(chunks, 0);
  EXPECT_EQ(rest, "0\r\n\r\n");
}

TEST_F(H1LinkTest, EndsABodyOfUnknownLengthByClosingForHttp10) {
  client_.send("GET /chunks HTTP/1.0\r\n\r\n");
  const std::string all = client_.read_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(all, EndsWith("connection: close\r\n\r\npiece 0\npiece 1\npiece 2\n"));
}

TEST_F(H1LinkTest, SendsNoBodyForHead) {
  client_.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client_.read_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 8\r\n\r\nHTTP/1.1 200"));
  EXPECT_THAT(all, EndsWith("GET /y "));
}

TEST_F(H1LinkTest, SendsNoLengthWith204) {
  client_.send("GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client_.read_all(), "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
}

TEST_F(H1LinkTest, AsksForTheBodyOfAClientThatWaits) {
  client_.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client_.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client_.send("body");
  EXPECT_THAT(client_.read_until("POST /up body"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(H1LinkTest, DoesNotAskForABodyItRefuses) {
  client_.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000000\r\nExpect: 100-continue\r\n\r\n");
  const std::string all = client_.read_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(all, HasSubstr("connection: close"));
  EXPECT_THAT(all, EndsWith("too much"));
}

TEST_F(H1LinkTest, DrainsASmallBodyThatNobodyReadToKeepTheConnection) {
  client_.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(client_.read_until("too much"), StartsWith("HTTP/1.1 413"));
  client_.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client_.read_until("GET /next "), StartsWith("HTTP/1.1 200"));
}

TEST_F(H1LinkTest, LetsTheClientOfALargeBodyReadTheEarlyAnswer) {
  client_.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  const std::string piece(100000, 'x');
  for (int i = 0; i < 10; ++i) client_.send(piece);
  EXPECT_THAT(client_.read_all(), EndsWith("too much"));
}

TEST_F(H1LinkTest, AnswersAHandlerThatFailsWith500) {
  client_.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string all = client_.read_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/problem+json\r\n"));
  EXPECT_THAT(all, HasSubstr("\"type\":\"/problems/internal\""));
  EXPECT_THAT(all, Not(HasSubstr("fault")));
}

TEST_F(H1LinkTest, AnswersForAHandlerThatSaysNothing) {
  client_.send("GET /silent HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client_.read_all(), StartsWith("HTTP/1.1 500"));
}

TEST_F(H1LinkTest, CutsAnAnswerThatIsTooShort) {
  client_.send("GET /short HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client_.read_all(), EndsWith("only this"));
}

TEST_F(H1LinkTest, EndsTheConnectionOfAnAbortedExchange) {
  client_.send("GET /abort HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client_.read_all(), "");
}

TEST_F(H1LinkTest, SurvivesAClientThatLeavesInTheMiddleOfABody) {
  {
    RawClient leaving(server_.address());
    leaving.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
  }
  client_.send("GET /alive HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client_.read_all(), EndsWith("GET /alive "));
  client_.end();
  EXPECT_TRUE(server_.wait_for([](const HttpServerStats& stats) { return stats.connections == 0; }));
}

struct Refused {
  const char* name;
  std::string request;
  const char* status;
  const char* cause;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class H1RefusalTest : public testing::TestWithParam<Refused> {};

TEST_P(H1RefusalTest, IsAnsweredByAProblemAndTheEndOfTheConnection) {
  TestServer server(route);
  RawClient client(server.address());
  client.send(GetParam().request);
  const std::string all = client.read_all();
  EXPECT_THAT(all, StartsWith(std::string("HTTP/1.1 ") + GetParam().status));
  EXPECT_THAT(all, HasSubstr("content-type: application/problem+json\r\n"));
  EXPECT_THAT(all, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(all, HasSubstr(std::string("\"type\":\"/problems/") + GetParam().cause + '"'));
  EXPECT_EQ(server.stats().bad_requests, 1u);
}

INSTANTIATE_TEST_SUITE_P(
    , H1RefusalTest,
    testing::Values(Refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", "400", "bad-request"},
                    Refused{"Garbage", "\x16\x03\x01\x01\r\n\r\n", "400", "bad-request"},
                    Refused{"Smuggling",
                            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "400", "bad-request"},
                    Refused{"BadEscape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "400", "bad-request"},
                    Refused{"NulInPath", "GET /a%00 HTTP/1.1\r\nHost: h\r\n\r\n", "400", "bad-request"},
                    Refused{"LongTarget", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", "414",
                            "target-too-long"},
                    Refused{"LongHeader", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20000, 'a') + "\r\n\r\n",
                            "431", "header-too-large"},
                    Refused{"OldVersion", "GET /\r\n\r\n", "505", "http-version"},
                    Refused{"Proxy", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "501", "not-implemented"}),
    [](const auto& info) { return info.param.name; });

TEST(H1DeadlineTest, AnswersAHeadThatComesTooSlowlyWith408) {
  TestServer server(route, {.handshake = 50ms});
  RawClient client(server.address());
  client.send("GET / HTTP/1.1\r\nHo");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(H1DeadlineTest, ClosesAConnectionThatSaysNothing) {
  TestServer server(route, {.handshake = 50ms});
  RawClient client(server.address());
  EXPECT_EQ(client.read_all(), "");
}

TEST(H1DeadlineTest, ClosesAnIdleConnection) {
  TestServer server(route, {.idle = 50ms});
  RawClient client(server.address());
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_all(), EndsWith("GET /x "));
}

}  // namespace
}  // namespace camspan::net
