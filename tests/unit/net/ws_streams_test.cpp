#include "net/ws_streams.hpp"

#include <gmock/gmock.h>
#include <malloc.h>

#include <algorithm>
#include <future>

#include "proto/ws/frame.hpp"
#include "proto/ws_message/packer.hpp"
#include "support/test_server.hpp"
#include "support/ws_peer.hpp"

namespace camspan::net {
namespace {

using namespace std::chrono_literals;
using test::masked;
using test::WsPeer;
using ws_message::Code;

std::string encoded(const auto& message) {
  return std::string(as_text(encode(message)));
}

Bytes value(std::string_view text) {
  Bytes out;
  ws_message::Packer(out).str(text);
  return out;
}

/// Answers at once, but for the stream "silent".
struct User final : WsStreamsUser {
  asio::awaitable<bool> accept(const RequestHead&) override { co_return welcome; }
  void connected(ClientId client) override { events.push_back("connected " + name(client)); }
  void disconnected(ClientId client) override { events.push_back("disconnected " + name(client)); }
  void requested(StreamRequest request) override {
    if (request.stream == "silent") return unanswered.push_back(std::move(request));
    if (request.method == StreamRequest::Method::list) {
      Bytes names;
      ws_message::Packer packer(names);
      packer.array_header(2);
      packer.str("settings");
      packer.str("image");
      return request.answer({Code::success, names, {}});
    }
    if (request.stream == "nothing") return request.answer({Code::not_listening, {}, {}});
    written = request.data;
    if (request.method == StreamRequest::Method::write) return request.answer({Code::success, {}, {}});
    Bytes five;
    ws_message::Packer packer(five);
    packer.map_header(1);
    packer.str("value");
    packer.integer(5);
    request.answer({Code::success, five, {}});
  }
  static std::string name(ClientId client) { return std::to_string(static_cast<std::uint32_t>(client)); }

  bool welcome = true;
  std::vector<std::string> events;
  std::vector<StreamRequest> unanswered;
  Bytes written;
};

class WsStreamsTest : public ::testing::Test {
 protected:
  explicit WsStreamsTest(WsStreamsSettings settings = {}) : settings_(std::move(settings)) {
    server_.thread().run(
        [this] { streams_ = std::make_unique<WsStreams>(server_.thread().executor(), user_, settings_); });
  }
  ~WsStreamsTest() override {
    on_io([this] { streams_->stop(); });
    test::io_run(server_.thread(), server_.server().drain(5s));
    on_io([this] { user_.unanswered.clear(); });
  }

  void on_io(std::function<void()> task) { server_.thread().run(std::move(task)); }
  template <class T>
  T get(std::function<T()> ask) {
    T result;
    on_io([&] { result = ask(); });
    return result;
  }
  WsStreamsStats stats() {
    return get<WsStreamsStats>([this] { return streams_->stats(); });
  }
  template <class Condition>
  bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::unique_ptr<WsPeer> connect(std::string_view fields = "", int receive_buffer = 0) {
    auto client = std::make_unique<WsPeer>(server_.address(), fields, receive_buffer);
    status_ = client->status();
    return client;
  }
  static std::string framed(std::string_view payload) {
    const Bytes header = ws::frame_header(ws::Opcode::binary, payload.size());
    return std::string(as_text(header)) + std::string(payload);
  }
  ClientId only_client() {
    return get<ClientId>([this] { return streams_->clients().at(0); });
  }

  WsStreamsSettings settings_;
  User user_;
  test::TestServer server_{[this](HttpExchange& exchange) { return streams_->serve(exchange); }};
  std::unique_ptr<WsStreams> streams_;
  std::string status_;
};

// The examples of the protocol's description, section 5.1.
const std::string kList("\x82\xa2id\x00\xa6method\xa4list", 17);
const std::string kListed(
    "\x83\xa2id\x00\xa4"
    "code\x01\xa4"
    "data\x92\xa8settings\xa5image",
    32);
const std::string kRead("\x83\xa2id\x01\xa6method\xa4read\xa6stream\xa8settings", 33);
const std::string kValue(
    "\x83\xa2id\x01\xa4"
    "code\x01\xa4"
    "data\x81\xa5value\x05",
    24);
const std::string kWrite(
    "\x84\xa2id\x02\xa6method\xa5write\xa6stream\xa3msg\xa4"
    "data\x81\xa5value\xa2hi",
    44);
const std::string kWritten(
    "\x82\xa2id\x02\xa4"
    "code\x01",
    11);

TEST_F(WsStreamsTest, AnswersTheExamplesWholeAndInPiecesOfOneByte) {
  const std::string nothing = encoded(ws_message::Request{3, "read", "nothing", {}});
  const std::string wire = masked(kList) + masked(kRead) + masked(kWrite) + masked(nothing);
  const std::string not_there(
      "\x82\xa2id\x03\xa4"
      "code\x03",
      11);
  const std::string answers = framed(kListed) + framed(kValue) + framed(kWritten) + framed(not_there);
  const auto whole = connect();
  whole->raw().send(wire);
  EXPECT_EQ(whole->read(answers.size()), answers);
  EXPECT_EQ(as_text(user_.written), "\x81\xa5value\xa2hi");
  const auto pieces = connect();
  for (const char byte : wire) pieces->raw().send({&byte, 1});
  EXPECT_EQ(pieces->read(answers.size()), answers);
}

TEST_F(WsStreamsTest, TellsOfEachClientOnceThatItCameAndOnceThatItLeft) {
  connect();
  EXPECT_TRUE(eventually([this] { return stats().accepted == 1 && stats().clients == 0; }));
  connect();
  EXPECT_TRUE(eventually([this] { return stats().accepted == 2 && stats().clients == 0; }));
  on_io([this] {
    EXPECT_THAT(user_.events, testing::ElementsAre("connected 1", "disconnected 1", "connected 2", "disconnected 2"));
  });
}

TEST_F(WsStreamsTest, AsksAClientAndGivesItsAnswer) {
  const auto client = connect();
  std::promise<Result<StreamAnswer>> answered;
  on_io([&] {
    const std::uint32_t id = streams_->take_id();
    ASSERT_TRUE(streams_->request(streams_->clients().at(0), id,
                                  ws_message::frame(encode(ws_message::Request{id, "read", "page", {}})), 10s,
                                  [&](Result<StreamAnswer> answer) { answered.set_value(std::move(answer)); }));
  });
  const std::string asked = framed(encoded(ws_message::Request{0, "read", "page", {}}));
  EXPECT_EQ(client->read(asked.size()), asked);
  // An answer to nothing is passed over.
  client->raw().send(masked(encoded(ws_message::Response{77, Code::success, {}, {}})));
  client->raw().send(masked(encoded(ws_message::Response{0, Code::success, {}, value("hello")})));
  const auto answer = answered.get_future().get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->code, Code::success);
  EXPECT_EQ(answer->data, value("hello"));
}

TEST_F(WsStreamsTest, GivesUpOnAnAnswerInTimeAndDropsItWhenItComesLate) {
  const auto client = connect();
  std::promise<std::error_code> ended;
  const auto begin = std::chrono::steady_clock::now();
  on_io([&] {
    const std::uint32_t id = streams_->take_id();
    ASSERT_TRUE(streams_->request(
        streams_->clients().at(0), id, ws_message::frame(encode(ws_message::Request{id, "list", {}, {}})), 100ms,
        [&](Result<StreamAnswer> answer) { ended.set_value(answer ? std::error_code{} : answer.error()); }));
  });
  EXPECT_EQ(ended.get_future().get(), Errc::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms);
  client->raw().send(masked(encoded(ws_message::Response{0, Code::success, {}, {}})) + masked(kList));
  const std::string asked = framed(encoded(ws_message::Request{0, "list", {}, {}}));
  EXPECT_EQ(client->read(asked.size() + kListed.size() + 2), asked + framed(kListed));
}

TEST_F(WsStreamsTest, FailsWhatWaitsForAClientThatLeaves) {
  auto client = connect();
  std::promise<std::error_code> ended;
  on_io([&] {
    ASSERT_TRUE(streams_->request(
        streams_->clients().at(0), 0, ws_message::frame(encode(ws_message::Request{0, "list", {}, {}})), 1h,
        [&](Result<StreamAnswer> answer) { ended.set_value(answer ? std::error_code{} : answer.error()); }));
  });
  client.reset();
  EXPECT_EQ(ended.get_future().get(), Errc::closed);
}

TEST_F(WsStreamsTest, NeverTakesANewClientForOneThatLeft) {
  auto first = connect();
  const ClientId old = only_client();
  first.reset();
  ASSERT_TRUE(eventually([this] { return stats().clients == 0; }));
  const auto second = connect();
  on_io([&] {
    EXPECT_EQ(streams_->send(old, ws_message::frame(value("x"))).error(), Errc::not_found);
    EXPECT_EQ(streams_->close(old, 1000, "").error(), Errc::not_found);
    EXPECT_NE(streams_->clients().at(0), old);
  });
}

TEST_F(WsStreamsTest, SaysWhenAMessageIsSent) {
  const auto client = connect();
  std::promise<bool> sent;
  on_io([&] {
    ASSERT_TRUE(streams_->send(streams_->clients().at(0), ws_message::frame(value("x")),
                               [&](Result<> result) { sent.set_value(result.has_value()); }));
  });
  EXPECT_TRUE(sent.get_future().get());
  EXPECT_EQ(client->read(4), framed("\xa1x"));
}

TEST_F(WsStreamsTest, ClosesAClientInGoodOrder) {
  const auto client = connect();
  on_io([this] { ASSERT_TRUE(streams_->close(streams_->clients().at(0), 1000, "bye")); });
  EXPECT_EQ(client->read(7), std::string("\x88\x05\x03\xe8"
                                         "bye",
                                         7));
  client->raw().send(masked("\x03\xe8", '\x88'));
  EXPECT_EQ(client->raw().read_all(), "");
  EXPECT_TRUE(eventually([this] { return stats().clients == 0; }));
}

struct Misdeed {
  const char* name;
  std::string wire;
  std::uint16_t code;
};

TEST_F(WsStreamsTest, ClosesWithTheCodeForWhatAClientDidWrong) {
  std::string deep =
      "\x81\xa1"
      "a" +
      std::string(20, '\x91');
  deep += '\xc0';
  for (const Misdeed& misdeed :
       {Misdeed{"text", masked("{}", '\x81'), 1003}, Misdeed{"no map", masked("\x01"), 1007},
        Misdeed{"cut off", masked("\x81\xa1"), 1007}, Misdeed{"huge array", masked("\xdd\xff\xff\xff\xff"), 1007},
        Misdeed{"deep", masked(deep), 1009}, Misdeed{"not masked", std::string("\x82\x01\x80", 3), 1002},
        Misdeed{"reserved bit", masked("\x80", '\xc2'), 1002},
        Misdeed{"large ping", masked(std::string(126, 'x'), '\x89'), 1002},
        Misdeed{"64-bit length", std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00x", 15), 1009}}) {
    const auto client = connect();
    client->raw().send(misdeed.wire);
    const std::string close = client->read(4);
    EXPECT_EQ(close[0], '\x88') << misdeed.name;
    EXPECT_EQ(load_be<2>(as_bytes(close).data() + 2), misdeed.code) << misdeed.name;
  }
}

TEST_F(WsStreamsTest, AnswersWhatARequestLacks) {
  const auto client = connect();
  const auto ask = [&](const ws_message::Request& request) { client->raw().send(masked(encoded(request))); };
  const auto told = [&](std::uint32_t id) {
    const std::string answer = client->read(13);
    const auto decoded = ws_message::decode(as_bytes(std::string_view(answer).substr(2)), {});
    EXPECT_TRUE(decoded && std::get<ws_message::Response>(*decoded).id == id);
    return std::get<ws_message::Response>(decoded.value()).code;
  };
  ask({1, "dance", "x", {}});
  EXPECT_EQ(told(1), Code::unknown_method);
  ask({2, "read", {}, {}});
  EXPECT_EQ(told(2), Code::missing_field);
  ask({3, "write", "msg", {}});
  EXPECT_EQ(told(3), Code::missing_field);
  ask({{}, "dance", {}, {}});  // nobody asked for an answer
  ask({4, "dance", {}, {}});
  EXPECT_EQ(told(4), Code::unknown_method);
}

TEST_F(WsStreamsTest, RefusesMoreRequestsThanMayWait) {
  const auto client = connect();
  for (std::uint32_t id = 0; id < 33; ++id)
    client->raw().send(masked(encoded(ws_message::Request{id, "read", "silent", {}})));
  const std::string refused = framed(encoded(ws_message::Response{32, Code::no_room, {}, {}}));
  EXPECT_EQ(client->read(refused.size()), refused);
  on_io([this] { user_.unanswered.at(7).answer({Code::success, {}, {}}); });
  const std::string late = framed(encoded(ws_message::Response{7, Code::success, {}, {}}));
  EXPECT_EQ(client->read(late.size()), late);
}

TEST_F(WsStreamsTest, LetsNobodyInWhomTheUserOrTheOriginRefuses) {
  connect("Origin: http://elsewhere\r\n");
  EXPECT_EQ(status_, "403");
  connect("Origin: null\r\n");
  EXPECT_EQ(status_, "403");
  const auto own = connect("Origin: http://camera\r\n");
  EXPECT_EQ(status_, "101");
  on_io([this] { user_.welcome = false; });
  connect();
  EXPECT_EQ(status_, "503");
  EXPECT_EQ(stats().refused, 3u);
}

TEST_F(WsStreamsTest, LetsEightClientsInAndStopsThemWith1001) {
  std::vector<std::unique_ptr<WsPeer>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(connect());
  EXPECT_EQ(status_, "101");
  connect();
  EXPECT_EQ(status_, "503");
  on_io([this] { streams_->stop(); });
  for (const auto& client : clients) EXPECT_THAT(client->read(4), testing::StartsWith(std::string("\x88\x12\x03\xe9")));
}

class WsStreamsCrowdTest : public WsStreamsTest {
 protected:
  static constexpr std::size_t kClients = 200;

  WsStreamsCrowdTest() : WsStreamsTest({.max_clients = kClients + 1}) {}

  /// A client that costs this process no memory but what the server keeps of it.
  std::unique_ptr<test::RawClient> join() {
    auto client = std::make_unique<test::RawClient>(server_.address());
    client->send(
        "GET /appdata HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    client->read_until("\r\n\r\n");
    return client;
  }
  /// Bytes of the heap in use; 0 where a sanitizer has another one.
  std::size_t heap() {
    return get<std::size_t>([] { return ::mallinfo2().uordblks; });
  }
};

TEST_F(WsStreamsCrowdTest, KeepsLittleOfAClientThatOnlyWatches) {
  constexpr std::size_t kBytesEach = 6144;  // 5,000 seen; what was HTTP's alone was 2,000 more
  const auto first = join();                // with what all share
  std::vector<std::unique_ptr<test::RawClient>> clients;
  clients.reserve(kClients);
  const std::size_t before = heap();
  for (std::size_t i = 0; i < kClients; ++i) clients.push_back(join());
  ASSERT_TRUE(eventually([this] { return stats().clients == kClients + 1; }));
  const std::size_t each = (heap() - before) / kClients;
  RecordProperty("bytes_each", static_cast<int>(each));
  EXPECT_LT(each, kBytesEach);
  EXPECT_EQ(get<std::size_t>([this] { return streams_->send_all(ws_message::frame(Bytes(10))); }), kClients + 1);
  for (const auto& client : clients) EXPECT_EQ(client->read_some().size(), 12u);
  EXPECT_LT((heap() - before) / kClients, kBytesEach);
}

class WsStreamsPatienceTest : public WsStreamsTest {
 protected:
  WsStreamsPatienceTest() : WsStreamsTest({.answer_time = 50ms, .allowed_origins = {"https://example.org"}}) {}
};

TEST_F(WsStreamsPatienceTest, AnswersForAUserThatIsSilent) {
  const auto client = connect("Origin: https://example.org\r\n");
  client->raw().send(masked(encoded(ws_message::Request{5, "read", "silent", {}})));
  const std::string answer = framed(encoded(ws_message::Response{5, Code::error, "no answer in time", {}}));
  EXPECT_EQ(client->read(answer.size()), answer);
  // Too late: nothing comes of it.
  on_io([this] { user_.unanswered.at(0).answer({Code::success, {}, {}}); });
  client->raw().send(masked(kList));
  EXPECT_EQ(client->read(kListed.size() + 2), framed(kListed));
}

class WsStreamsFanOutTest : public WsStreamsTest {
 protected:
  static constexpr std::size_t kSize = 20000;
  static constexpr std::uint32_t kCount = 1000;

  WsStreamsFanOutTest() : WsStreamsTest({.max_queued_bytes = 40 * kSize}) {}

  /// Message `number`: its number, again and again.
  static std::string message(std::uint32_t number) {
    std::string text(kSize, '\0');
    for (std::size_t at = 0; at < kSize; at += 4) store_be<4>(reinterpret_cast<std::byte*>(text.data() + at), number);
    return text;
  }
  /// @return the number of the first message that is not what it should be; kCount when all are
  static std::uint32_t read_all_of(WsPeer& client) {
    for (std::uint32_t number = 0; number < kCount; ++number)
      if (client.read(kSize + 4) != framed(message(number))) return number;
    return kCount;
  }
};

TEST_F(WsStreamsFanOutTest, GivesSevenClientsEveryMessageInOrderWhileTheEighthDoesNotRead) {
  const auto deaf = connect("", 4096);
  std::vector<std::unique_ptr<WsPeer>> clients;
  std::vector<std::future<std::uint32_t>> readers;
  for (int i = 0; i < 7; ++i) clients.push_back(connect());
  for (const auto& client : clients)
    readers.push_back(std::async(std::launch::async, [&client] { return read_all_of(*client); }));
  for (std::uint32_t number = 0; number < kCount; ++number) {
    // At the pace of the seven: what is queued is the deaf one's and half a bound for each of them.
    ASSERT_TRUE(eventually([this] { return stats().queued_bytes < 41 * kSize + 20 * kSize; }));
    on_io([&] {
      streams_->send_all(ws_message::frame([&] {
        const std::string text = message(number);
        const auto bytes = as_bytes(text);
        return Bytes(bytes.begin(), bytes.end());
      }()));
    });
  }
  for (auto& reader : readers) EXPECT_EQ(reader.get(), kCount);
  EXPECT_GT(stats().dropped_messages, kCount / 2);
  EXPECT_LE(stats().queued_bytes, 40 * kSize);
}

}  // namespace
}  // namespace camspan::net
