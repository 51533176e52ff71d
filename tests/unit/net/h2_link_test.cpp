#include "net/h2_link.hpp"

#include <gtest/gtest.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "net/wake_up.hpp"
#include "support/h2_frames.hpp"
#include "support/h2_loopback.hpp"
#include "support/h2_talk.hpp"

namespace camspan::net {
namespace {

using test::answer;
using test::answer_hello;
using test::Body;
using test::echo;
using test::get_hello;
using test::H2Frames;
using test::H2Loopback;
using test::next_turn;
using test::open;
using test::read_all;
using test::send;

TEST(H2LinkTest, AnswersARequest) {
  H2Loopback loopback;
  RequestHead seen;
  loopback.handler = [&seen](HttpExchange& exchange) {
    seen = exchange.request();
    return answer_hello(exchange);
  };
  loopback.start();
  loopback.run(get_hello(*loopback.client));
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.authority, "hub.example");
  EXPECT_EQ(seen.path, "/a b");
  EXPECT_EQ(seen.query, "x=1");
  EXPECT_EQ(seen.version, HttpVersion::http2);
  EXPECT_TRUE(seen.loopback);
  EXPECT_FALSE(seen.tls);
  EXPECT_EQ(seen.content_length, std::nullopt);
}

asio::awaitable<void> ask_until_sent_away(H2Client& client, int status) {
  while (client.usable()) {
    const auto stream = client.ask("GET", "hub.example", "/", {}, false);
    if (!stream) break;
    const auto head = co_await (*stream)->read_head();
    if (!head) break;
    EXPECT_EQ(head->status, status);
  }
  EXPECT_FALSE(client.usable());
}

asio::awaitable<void> ask_both_ways(H2Client& client) {
  co_await get_hello(client);
  const auto stream = client.ask("GET", "hub.example", "/", {}, false);
  const auto head = co_await (*stream)->read_head();
  EXPECT_TRUE(head);
}

TEST(H2LinkTest, EndsAConnectionThatIsGivenNothing) {
  H2Loopback loopback;
  loopback.limits.admission = std::chrono::milliseconds(50);
  loopback.handler = [](HttpExchange& exchange) { return answer(exchange, 404, "no"); };
  loopback.start();
  loopback.run(ask_until_sent_away(*loopback.client, 404));
}

asio::awaitable<void> ask_for(H2Client& client, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) co_await get_hello(client);
  EXPECT_TRUE(client.usable());
}

TEST(H2LinkTest, KeepsAConnectionThatWasLetIn) {
  H2Loopback loopback;
  loopback.limits.admission = std::chrono::milliseconds(50);
  loopback.handler = answer_hello;
  loopback.start();
  loopback.run(ask_for(*loopback.client, std::chrono::milliseconds(150)));
}

TEST(H2LinkTest, TellsARequestWithoutABodyFromAnEmptyBody) {
  H2Loopback loopback;
  std::vector<bool> ended;
  loopback.handler = [&ended](HttpExchange& exchange) {
    ended.push_back(exchange.request().ended);
    return answer_hello(exchange);
  };
  loopback.start();
  loopback.run(ask_both_ways(*loopback.client));
  EXPECT_EQ(ended, (std::vector<bool>{false, true}));
}

asio::awaitable<void> upload_in_pieces(H2ClientStream& stream, std::string text) {
  for (std::size_t at = 0; at < text.size(); at += 2048) {
    const auto written = co_await send(stream, text.substr(at, 2048));
    EXPECT_TRUE(written);
  }
  const auto finished = co_await stream.finish();
  EXPECT_TRUE(finished);
}

asio::awaitable<void> echo_megabytes(H2Client& client) {
  std::string text(5'000'000, 'e');
  for (std::size_t i = 0; i < text.size(); i += 997) text[i] = static_cast<char>('a' + i % 26);
  const auto stream = open(client, "POST", "/echo");
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, upload_in_pieces(*stream, text), asio::detached);
  const Body body = co_await read_all(*stream);
  EXPECT_TRUE(body.text == text) << body.text.size();
}

TEST(H2LinkTest, CarriesLargeBodiesBothWaysAtOnce) {
  H2Loopback loopback;
  loopback.handler = echo;
  loopback.start();
  loopback.run(echo_megabytes(*loopback.client));
}

asio::awaitable<void> many_at_once(H2Client& client) {
  std::vector<std::unique_ptr<H2ClientStream>> streams;
  for (int i = 0; i < 100; ++i) {
    streams.push_back(open(client, "POST", "/echo"));
    const auto written = co_await send(*streams.back(), "body " + std::to_string(i));
    EXPECT_TRUE(written);
  }
  for (const auto& stream : streams) {
    const auto finished = co_await stream->finish();
    EXPECT_TRUE(finished);
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const Body body = co_await read_all(*streams[i]);
    EXPECT_EQ(body.text, "body " + std::to_string(i));
  }
}

TEST(H2LinkTest, RunsAHundredExchangesAtOnce) {
  H2Loopback loopback;
  loopback.handler = echo;
  loopback.start();
  loopback.run(many_at_once(*loopback.client));
  EXPECT_EQ(loopback.control.running(), 0u);
}

asio::awaitable<void> get_status(H2Client& client, std::string method, std::string path, int status) {
  const auto stream = open(client, std::move(method), std::move(path));
  const auto finished = co_await stream->finish();
  EXPECT_TRUE(finished);
  const auto head = co_await stream->read_head();
  EXPECT_TRUE(head);
  if (head) {
    EXPECT_EQ(head->status, status);
  }
  const Body body = co_await read_all(*stream);
  EXPECT_EQ(body.text, "");
  EXPECT_FALSE(body.error);
}

TEST(H2LinkTest, AnswersHeadWithoutBody) {
  H2Loopback loopback;
  loopback.handler = answer_hello;
  loopback.start();
  loopback.run(get_status(*loopback.client, "HEAD", "/", 200));
}

asio::awaitable<void> fail_early(HttpExchange&) {
  throw std::runtime_error("thrown by a test");
  co_return;
}

TEST(H2LinkTest, Answers500ForAHandlerThatThrows) {
  H2Loopback loopback;
  loopback.handler = fail_early;
  loopback.start();
  loopback.run(get_status(*loopback.client, "GET", "/", 500));
}

TEST(H2LinkTest, Answers400WithoutAHandlerForATargetThatIsNone) {
  H2Loopback loopback;
  loopback.handler = answer_hello;
  loopback.start();
  loopback.run(get_status(*loopback.client, "GET", "/%zz", 400));
  EXPECT_EQ(loopback.control.bad_requests(), 1u);
}

asio::awaitable<void> break_off(HttpExchange& exchange) {
  const auto head = co_await exchange.send_head(200, {}, 100);
  EXPECT_TRUE(head);
  const auto written = co_await exchange.write(as_bytes("half"));
  EXPECT_TRUE(written);
  const auto too_much = co_await exchange.write(Bytes(97));
  EXPECT_EQ(too_much.error(), Errc::too_large);
}

asio::awaitable<void> read_broken(H2Client& client) {
  const auto stream = open(client, "GET", "/");
  const auto finished = co_await stream->finish();
  EXPECT_TRUE(finished);
  const auto head = co_await stream->read_head();
  EXPECT_TRUE(head);
  const Body body = co_await read_all(*stream);
  EXPECT_EQ(body.text, "half");
  EXPECT_EQ(body.error, Errc::stream_reset);
}

TEST(H2LinkTest, BreaksOffAnAnswerThatItsHandlerDidNotFinish) {
  H2Loopback loopback;
  loopback.handler = break_off;
  loopback.start();
  loopback.run(read_broken(*loopback.client));
}

asio::awaitable<void> write_too_soon(HttpExchange& exchange, std::error_code& error) {
  const auto written = co_await exchange.write(as_bytes("body"));
  error = written.error();
  const auto finished = co_await exchange.finish();
  EXPECT_EQ(finished.error(), error);
}

TEST(H2LinkTest, WantsTheHeadBeforeTheBody) {
  H2Loopback loopback;
  std::error_code error;
  loopback.handler = [&error](HttpExchange& exchange) { return write_too_soon(exchange, error); };
  loopback.start();
  loopback.run(get_status(*loopback.client, "GET", "/", 500));
  EXPECT_EQ(error, Errc::unsupported);
}

struct Upload {
  Body body;
  bool done = false;
};

asio::awaitable<void> keep_body(HttpExchange& exchange, Upload& upload) {
  upload.body = co_await read_all(exchange);
  upload.done = true;
}

asio::awaitable<void> upload_and_leave(H2Client& client, Upload& upload) {
  const auto stream = open(client, "POST", "/");
  const auto written = co_await send(*stream, std::string(100'000, 'u'));
  EXPECT_TRUE(written);
  stream->reset(8);
  const auto after = co_await send(*stream, "more");
  EXPECT_EQ(after.error(), Errc::cancelled);
  const auto head = co_await stream->read_head();
  EXPECT_EQ(head.error(), Errc::cancelled);
  while (!upload.done) co_await next_turn();
}

TEST(H2LinkTest, GivesAHandlerWhatCameBeforeItsPeerLeft) {
  H2Loopback loopback;
  Upload upload;
  loopback.handler = [&upload](HttpExchange& exchange) { return keep_body(exchange, upload); };
  loopback.start();
  loopback.run(upload_and_leave(*loopback.client, upload));
  EXPECT_EQ(upload.body.text.size(), 100'000u);
  EXPECT_EQ(upload.body.error, Errc::stream_reset);
}

asio::awaitable<void> upload_until_taken(H2Client& client, H2ServerControl& control, Upload& upload) {
  const auto stream = open(client, "POST", "/");
  const auto written = co_await send(*stream, "all of this");
  EXPECT_TRUE(written);
  while (control.running() == 0) {
    const auto turn = co_await send(*stream, "");
    EXPECT_TRUE(turn);
    co_await next_turn();
  }
  control.abort();
  const auto head = co_await stream->read_head();
  EXPECT_EQ(head.error(), Errc::connection_lost);
  EXPECT_FALSE(client.usable());
  EXPECT_EQ(client.reason(), Errc::connection_lost);
  const auto opened = client.open("GET", "hub.example", "/", {}, false);
  EXPECT_EQ(opened.error(), Errc::connection_lost);
  while (!upload.done) co_await next_turn();
}

TEST(H2LinkTest, TellsBothSidesWhenTheServerAborts) {
  H2Loopback loopback;
  Upload upload;
  loopback.handler = [&upload](HttpExchange& exchange) { return keep_body(exchange, upload); };
  loopback.start();
  loopback.run(upload_until_taken(*loopback.client, loopback.control, upload));
  EXPECT_EQ(upload.body.error, Errc::closed);
}

asio::awaitable<void> answer_when_told(HttpExchange& exchange, WakeUp& told) {
  co_await told.wait();
  co_await answer(exchange, 200, "late");
}

asio::awaitable<void> be_sent_away(H2Client& client, H2Loopback& loopback, WakeUp& told) {
  const auto stream = open(client, "GET", "/");
  const auto finished = co_await stream->finish();
  EXPECT_TRUE(finished);
  while (loopback.control.running() == 0) co_await next_turn();
  loopback.control.go_away();
  while (client.usable()) co_await next_turn();
  const auto refused = client.open("GET", "hub.example", "/", {}, false);
  EXPECT_EQ(refused.error(), Errc::closed);
  told.notify();
  const Body body = co_await read_all(*stream);
  EXPECT_EQ(body.text, "late");
  while (!loopback.server_done) co_await next_turn();
}

TEST(H2LinkTest, LetsRunningExchangesFinishWhenItGoesAway) {
  H2Loopback loopback;
  WakeUp told(loopback.io.get_executor());
  loopback.handler = [&told](HttpExchange& exchange) { return answer_when_told(exchange, told); };
  loopback.start();
  loopback.run(be_sent_away(*loopback.client, loopback, told));
}

asio::awaitable<void> abort_exchange(HttpExchange& exchange, std::error_code& error) {
  exchange.abort();
  const auto piece = co_await exchange.read_body();
  error = piece.error();
}

asio::awaitable<void> be_aborted(H2Client& client) {
  const auto stream = open(client, "POST", "/");
  const auto head = co_await stream->read_head();
  EXPECT_EQ(head.error(), Errc::stream_reset);
  EXPECT_TRUE(client.usable());
}

TEST(H2LinkTest, AbortsOneExchangeOnly) {
  H2Loopback loopback;
  std::error_code error;
  loopback.handler = [&error](HttpExchange& exchange) { return abort_exchange(exchange, error); };
  loopback.start();
  loopback.run(be_aborted(*loopback.client));
  EXPECT_EQ(error, Errc::cancelled);
}

/// Bytes of a server's output until it closes.
asio::awaitable<Bytes> talk(asio::ip::tcp::socket& socket, Bytes bytes) {
  std::error_code error;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  Bytes answer;
  std::array<std::byte, 4096> buffer{};
  while (!error) {
    const std::size_t count =
        co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    answer.insert(answer.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  }
  co_return answer;
}

asio::awaitable<void> break_the_rules(asio::ip::tcp::socket& socket, bool& server_done) {
  const Bytes bytes = H2Frames().preface().settings().frame(H2Frames::ping_type, 0, 1, as_bytes("12345678")).bytes();
  const Bytes answer = co_await talk(socket, bytes);
  bool goodbye = false;
  for (const auto& frame : test::parse_frames(answer))
    if (frame.type == H2Frames::go_away_type) goodbye = frame.number(4) == 1;  // PROTOCOL_ERROR
  EXPECT_TRUE(goodbye);
  socket.close();
  while (!server_done) co_await next_turn();
}

TEST(H2LinkTest, SaysWhyBeforeItEndsAPeerThatBreaksTheRules) {
  H2Loopback loopback;
  loopback.handler = echo;
  auto [from, to] = loopback.connect();
  loopback.start_server(std::move(to));
  loopback.run(break_the_rules(from, loopback.server_done));
}

asio::awaitable<void> serve(asio::ip::tcp::socket socket, HttpServer::Handler handler, H2ServerControl& control) {
  auto stream = std::make_unique<PlainStream>(std::move(socket));
  co_await H2ServerLink::run(std::move(stream), Bytes(), std::move(handler), HttpServerLimits(), control);
}

TEST(H2LinkTest, GoesDownWithItsLoop) {
  H2ServerControl control;
  std::unique_ptr<H2ClientStream> stream;
  {
    asio::io_context io{1};
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket from(io);
    asio::ip::tcp::socket to(io);
    from.connect(acceptor.local_endpoint());
    acceptor.accept(to);
    asio::co_spawn(io, serve(std::move(to), echo, control), asio::detached);
    const auto client = H2Client::create(std::make_unique<PlainStream>(std::move(from)), {});
    stream = open(*client, "POST", "/");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (control.running() == 0 && std::chrono::steady_clock::now() < limit) io.run_one_for(std::chrono::seconds(1));
    EXPECT_EQ(control.running(), 1u);
    stream.reset();
  }
  EXPECT_EQ(control.running(), 0u);
}

}  // namespace
}  // namespace camspan::net
