#include "net/ws_link.hpp"

#include <gmock/gmock.h>

#include "net/wake_up.hpp"
#include "support/raw_client.hpp"
#include "support/test_server.hpp"

namespace camspan::net {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using test::TestServer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Message = ws::FrameSession::Message;
using Closed = ws::FrameSession::Closed;

asio::awaitable<Result<>> send(WsLink& link, ws::Opcode opcode, ByteView payload) {
  const Bytes header = ws::frame_header(opcode, payload.size());
  const std::vector<ByteView> frame = {header, payload};
  co_return co_await link.write(frame);
}

/// What the handler's side saw, for the test to look at after the connection.
struct Seen {
  std::vector<std::string> messages;
  std::error_code end;
  std::error_code accepted;
};

asio::awaitable<void> echo_on(std::shared_ptr<WsLink> link, Seen& seen) {
  for (;;) {
    const auto message = co_await link->read();
    if (!message) {
      seen.end = message.error();
      co_return;
    }
    seen.messages.emplace_back(as_text(message->data));
    if (as_text(message->data) == "close") {
      co_await link->close(1001, "going");
      co_return;
    }
    if (as_text(message->data) == "throw") throw std::runtime_error("for once");
    const auto opcode = message->text ? ws::Opcode::text : ws::Opcode::binary;
    if (!co_await send(*link, opcode, message->data)) co_return;
  }
}

/// Whose link goes with the exchange, or goes on behind it.
enum class Place : std::uint8_t { in_handler, behind_exchange };

asio::awaitable<void> echo(HttpExchange& exchange, Seen& seen, Place place) {
  auto accepted = co_await exchange.accept_websocket();
  if (!accepted) {
    seen.accepted = accepted.error();
    co_return;
  }
  std::shared_ptr<WsLink> link = std::move(*accepted);
  if (place == Place::in_handler)
    co_await echo_on(std::move(link), seen);
  else
    link->go_on([link, &seen] { return echo_on(link, seen); });
}

/// A WebSocket client on a RawClient.
class WsClient {
 public:
  explicit WsClient(const std::string& address) : socket_(address) {
    socket_.send(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
        "Sec-WebSocket-Protocol: chat\r\n\r\n");
    head_ = socket_.read_until("\r\n\r\n");
    const std::size_t end = head_.find("\r\n\r\n") + 4;
    feed(std::string_view(head_).substr(end));
    head_.resize(end);
  }

  const std::string& head() const { return head_; }
  RawClient& socket() { return socket_; }
  ws::FrameSession& frames() { return frames_; }
  void flush() {
    Bytes out;
    frames_.pending_output(out);
    socket_.send(as_text(out));
  }
  /// Without effect after a close frame.
  void send(ws::Opcode opcode, std::string_view payload) {
    static_cast<void>(frames_.send(opcode, as_bytes(payload)));
    flush();
  }
  /// The next event; throws when the connection ends before one.
  ws::FrameSession::Event next() {
    for (;;) {
      if (auto event = frames_.poll()) return std::move(*event);
      const std::string bytes = socket_.read_some();
      if (bytes.empty()) throw std::runtime_error("the connection ended");
      feed(bytes);
    }
  }
  std::string next_text() {
    const auto message = std::get<Message>(next());
    return std::string(as_text(message.data));
  }

 private:
  void feed(std::string_view bytes) {
    if (!frames_.feed(as_bytes(bytes))) throw std::runtime_error("the server broke the protocol");
  }

  RawClient socket_;
  ws::FrameSession frames_{ws::Role::client, {}};
  std::string head_;
};

class WsLinkTest : public testing::TestWithParam<Place> {
 protected:
  HttpServer::Handler handler() {
    return [this](HttpExchange& exchange) { return echo(exchange, seen_, GetParam()); };
  }
  Seen seen_;
};

INSTANTIATE_TEST_SUITE_P(, WsLinkTest, testing::Values(Place::in_handler, Place::behind_exchange),
                         [](const auto& place) {
                           return place.param == Place::in_handler ? "InItsHandler" : "BehindItsExchange";
                         });

TEST_P(WsLinkTest, AcceptsWithoutExtensionAndProtocol) {
  TestServer server(handler());
  WsClient client(server.address());
  EXPECT_EQ(client.head(),
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST_P(WsLinkTest, EchoesMessages) {
  TestServer server(handler());
  WsClient client(server.address());
  client.send(ws::Opcode::text, "hello");
  const auto text = std::get<Message>(client.next());
  EXPECT_TRUE(text.text);
  EXPECT_EQ(as_text(text.data), "hello");
  const std::string large(60'000, 'x');
  client.send(ws::Opcode::binary, large);
  EXPECT_EQ(client.next_text(), large);
}

TEST_P(WsLinkTest, TakesFramesThatCameWithTheRequest) {
  TestServer server(handler());
  RawClient socket(server.address());
  ws::FrameSession frames(ws::Role::client, {});
  ASSERT_TRUE(frames.send(ws::Opcode::text, as_bytes("eager")));
  Bytes frame;
  frames.pending_output(frame);
  socket.send(
      "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      std::string(as_text(frame)));
  EXPECT_THAT(socket.read_until("eager"), StartsWith("HTTP/1.1 101"));
}

TEST_P(WsLinkTest, AnswersPings) {
  TestServer server(handler());
  WsClient client(server.address());
  client.send(ws::Opcode::ping, "are you there");
  EXPECT_TRUE(std::holds_alternative<ws::FrameSession::Pong>(client.next()));
}

TEST_P(WsLinkTest, AnswersACloseFrameAndEnds) {
  {
    TestServer server(handler());
    WsClient client(server.address());
    ASSERT_TRUE(client.frames().close(1000, "done"));
    client.flush();
    EXPECT_EQ(std::get<Closed>(client.next()).code, 1000);
    EXPECT_EQ(client.socket().read_all(), "");
  }
  EXPECT_EQ(seen_.end, Errc::closed);
}

TEST_P(WsLinkTest, ClosesInGoodOrder) {
  TestServer server(handler());
  WsClient client(server.address());
  client.send(ws::Opcode::text, "close");
  const auto closed = std::get<Closed>(client.next());
  EXPECT_EQ(closed.code, 1001);
  EXPECT_EQ(closed.reason, "going");
  client.flush();  // our close frame
  EXPECT_EQ(client.socket().read_all(), "");
}

TEST_P(WsLinkTest, TellsAPeerWhatItBroke) {
  {
    TestServer server(handler());
    WsClient client(server.address());
    client.send(ws::Opcode::text, "first");
    EXPECT_EQ(client.next_text(), "first");
    client.socket().send(std::string_view("\x81\x01x", 3));  // unmasked
    EXPECT_EQ(std::get<Closed>(client.next()).code, 1002);
    EXPECT_EQ(client.socket().read_all(), "");
  }
  EXPECT_EQ(seen_.end, Errc::protocol_error);
  EXPECT_EQ(seen_.messages, std::vector<std::string>{"first"});
}

TEST_P(WsLinkTest, SendsNothingBehindACloseFrame) {
  TestServer server(handler());
  WsClient client(server.address());
  ASSERT_TRUE(client.frames().send(ws::Opcode::text, as_bytes("the answer to this finds the link closing")));
  ASSERT_TRUE(client.frames().close(1000, ""));
  client.flush();  // both in one piece
  EXPECT_EQ(std::get<Closed>(client.next()).code, 1000);
  EXPECT_EQ(client.socket().read_all(), "");
}

TEST_P(WsLinkTest, RefusesAMessageOverItsLimit) {
  {
    TestServer server(handler(), {.max_websocket_message_bytes = 1000});
    {
      WsClient client(server.address());
      client.send(ws::Opcode::binary, std::string(1001, 'x'));
      EXPECT_EQ(std::get<Closed>(client.next()).code, 1009);
    }
    EXPECT_TRUE(server.wait_for([](const HttpServerStats& stats) { return stats.connections == 0; }));
  }
  EXPECT_EQ(seen_.end, Errc::too_large);
}

TEST_P(WsLinkTest, EndsWithWorkThatThrows) {
  TestServer server(handler());
  WsClient client(server.address());
  client.send(ws::Opcode::text, "throw");
  EXPECT_EQ(client.socket().read_all(), "");
  EXPECT_TRUE(server.wait_for([](const HttpServerStats& stats) { return stats.connections == 0; }));
}

TEST_P(WsLinkTest, IsWaitedForByAServerThatStops) {
  TestServer server(handler());
  WsClient client(server.address());
  client.send(ws::Opcode::text, "before");
  EXPECT_EQ(client.next_text(), "before");
  server.thread().run([&] { server.server().stop_accepting(); });
  client.send(ws::Opcode::text, "after");
  EXPECT_EQ(client.next_text(), "after");
  client.send(ws::Opcode::text, "close");
  EXPECT_EQ(std::get<Closed>(client.next()).code, 1001);
}

TEST_P(WsLinkTest, IsCutByAServerThatWaitsNoLonger) {
  TestServer server(handler());
  WsClient client(server.address());
  client.send(ws::Opcode::text, "before");
  EXPECT_EQ(client.next_text(), "before");
  test::io_run(server.thread(), server.server().drain(1ms));
  EXPECT_EQ(client.socket().read_all(), "");
  EXPECT_EQ(seen_.end, Errc::cancelled);
}

TEST_P(WsLinkTest, TellsAConnectionThatIsCut) {
  {
    TestServer server(handler());
    { WsClient client(server.address()); }
    EXPECT_TRUE(server.wait_for([](const HttpServerStats& stats) { return stats.connections == 0; }));
  }
  EXPECT_EQ(seen_.end, Errc::connection_lost);
}

TEST_P(WsLinkTest, PingsASilentPeerAndGivesUpAfterTwo) {
  {
    TestServer server(handler(), {.websocket_ping = 20ms});
    WsClient client(server.address());
    // Two pings, unanswered: FrameSession has pongs to send, which stay here.
    EXPECT_EQ(client.socket().read_all(), std::string_view("\x89\0\x89\0", 4));
    EXPECT_TRUE(server.wait_for([](const HttpServerStats& stats) { return stats.connections == 0; }));
  }
  EXPECT_EQ(seen_.end, Errc::timed_out);
}

TEST_P(WsLinkTest, KeepsAPeerThatAnswersPings) {
  TestServer server(handler(), {.websocket_ping = 300ms});
  WsClient client(server.address());
  std::string pings;
  while (pings.size() < 4 * 2) {
    const std::string some = client.socket().read_some();
    ASSERT_FALSE(some.empty());
    pings += some;
    ASSERT_TRUE(client.frames().feed(as_bytes(some)));
    client.flush();
  }
  client.send(ws::Opcode::text, "still here");
  while (client.socket().read_until("still here").empty()) {
  }
}

/// What a route keeps with its connection, to be seen to go.
asio::awaitable<void> leave_something(HttpExchange& exchange, Seen& seen, std::shared_ptr<void> kept) {
  exchange.connection().context = std::move(kept);
  return echo(exchange, seen, Place::behind_exchange);
}

TEST(WsLinkThatGoesOnTest, NeedsNothingOfItsExchange) {
  Seen seen;
  auto kept = std::make_shared<int>(0);
  const std::weak_ptr<int> left = kept;
  TestServer server([&](HttpExchange& exchange) { return leave_something(exchange, seen, std::move(kept)); });
  WsClient client(server.address());
  client.send(ws::Opcode::text, "hello");
  EXPECT_EQ(client.next_text(), "hello");
  EXPECT_TRUE(left.expired());
  EXPECT_EQ(server.stats().connections, 1u);
}

class WsLinkTrafficTest : public testing::Test {
 protected:
  Seen seen_;
};

asio::awaitable<void> flood(HttpExchange& exchange, std::size_t count) {
  auto link = co_await exchange.accept_websocket();
  if (!link) co_return;
  const Bytes payload(20'000, std::byte{'p'});
  for (std::size_t i = 0; i < count; ++i)
    if (!co_await send(**link, ws::Opcode::binary, payload)) co_return;
  co_await (*link)->close(1000, "");
}

asio::awaitable<void> read_along(std::shared_ptr<WsLink> link, std::vector<std::string>& messages) {
  for (;;) {
    const auto message = co_await link->read();
    if (!message) co_return;
    messages.emplace_back(as_text(message->data));
  }
}

TEST_F(WsLinkTrafficTest, PutsPongsOnlyBetweenMessages) {
  TestServer server([](HttpExchange& exchange) { return flood(exchange, 500); });
  WsClient client(server.address());
  std::size_t messages = 0;
  for (;;) {
    if (messages % 50 == 0) client.send(ws::Opcode::ping, "p");
    const auto event = client.next();
    if (std::holds_alternative<Closed>(event)) break;
    if (const auto* message = std::get_if<Message>(&event)) {
      ++messages;
      ASSERT_EQ(message->data.size(), 20'000u);
    }
  }
  client.flush();
  EXPECT_EQ(messages, 500u);
}

asio::awaitable<void> talk_both_ways(HttpExchange& exchange, Seen& seen) {
  auto opened = co_await exchange.accept_websocket();
  if (!opened) co_return;
  const std::shared_ptr<WsLink> link = std::move(*opened);
  WakeUp done(co_await asio::this_coro::executor);
  asio::co_spawn(co_await asio::this_coro::executor, read_along(link, seen.messages),
                 [&done](const std::exception_ptr&) { done.notify(); });
  const Bytes payload(10'000, std::byte{'p'});
  for (int i = 0; i < 300; ++i)
    if (!co_await send(*link, ws::Opcode::binary, payload)) break;
  co_await link->close(1000, "");
  co_await done.wait();
}

TEST_F(WsLinkTrafficTest, ReadsAndWritesAtOnce) {
  {
    TestServer server([this](HttpExchange& exchange) { return talk_both_ways(exchange, seen_); });
    WsClient client(server.address());
    std::size_t got = 0;
    for (;;) {
      const auto event = client.next();
      if (std::holds_alternative<Closed>(event)) break;
      if (got++ % 3 == 0) client.send(ws::Opcode::ping, "p");
      if (std::holds_alternative<Message>(event)) client.send(ws::Opcode::text, "m");
    }
    client.flush();
    EXPECT_EQ(client.socket().read_all(), "");
  }
  EXPECT_GT(seen_.messages.size(), 0u);
}

struct Refused {
  const char* name;
  const char* fields;
  const char* answer;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class WsRefusalTest : public testing::TestWithParam<Refused> {};

TEST_P(WsRefusalTest, IsAnsweredWithAProblem) {
  Seen seen;
  {
    TestServer server([&seen](HttpExchange& exchange) { return echo(exchange, seen, Place::in_handler); });
    RawClient client(server.address());
    client.send(std::string("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n") +
                GetParam().fields + "\r\n");
    client.end();
    const std::string all = client.read_all();
    EXPECT_THAT(all, StartsWith(GetParam().answer));
    EXPECT_THAT(all, HasSubstr("application/problem+json"));
  }
  EXPECT_EQ(seen.accepted, Errc::malformed);
}

INSTANTIATE_TEST_SUITE_P(
    , WsRefusalTest,
    testing::Values(Refused{"NoVersion", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "HTTP/1.1 426 "},
                    Refused{"OldVersion", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n",
                            "HTTP/1.1 426 Upgrade Required\r\ncontent-type: application/problem+json\r\n"
                            "sec-websocket-version: 13\r\n"},
                    Refused{"NoKey", "Sec-WebSocket-Version: 13\r\n", "HTTP/1.1 400 "},
                    Refused{"ShortKey", "Sec-WebSocket-Key: dGhl\r\nSec-WebSocket-Version: 13\r\n", "HTTP/1.1 400 "},
                    Refused{"Body",
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                            "Content-Length: 1\r\n",
                            "HTTP/1.1 400 "}),
    [](const auto& info) { return info.param.name; });

TEST_P(WsLinkTest, IsNotForPlainRequests) {
  {
    TestServer server(handler());
    RawClient client(server.address());
    client.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    client.end();
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 500"));  // this handler answers nothing itself
  }
  EXPECT_EQ(seen_.accepted, Errc::unsupported);
}

}  // namespace
}  // namespace camspan::net
