#include "net/http_server.hpp"

#include <camspan/hal_tls.h>
#include <gmock/gmock.h>
#include <array>
#include <atomic>
#include <cstdio>

#include "net/wake_up.hpp"
#include "stream_pair.hpp"
#include "support/raw_client.hpp"
#include "support/test_server.hpp"

namespace camspan::net {
namespace {

using namespace std::chrono_literals;
using test::io_run;
using test::RawClient;
using test::TempFolder;
using test::TestCertificates;
using test::TestServer;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(const RequestHead& head) {
  return head.method + ' ' + head.path + (head.version == HttpVersion::http2 ? " 2" : " 1") + (head.tls ? " tls" : "") +
         (head.loopback ? " loopback" : "") +
         (head.client_certificate_name.empty() ? "" : " " + head.client_certificate_name);
}

/// Answers with the request's method, path, version, and the size of its body.
asio::awaitable<void> describe(HttpExchange& exchange) {
  std::size_t size = 0;
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece) co_return;
    if (piece->empty()) break;
    size += piece->size();
  }
  const std::string text = text_of(exchange.request()) + ' ' + std::to_string(size) + '\n';
  if (!co_await exchange.send_head(200, {}, text.size())) co_return;
  co_await exchange.write(as_bytes(text));
  co_await exchange.finish();
}

/// What curl says, errors too.
std::string curl(const std::string& arguments) {
  const std::string command = "curl -sS --max-time 20 --noproxy '*' " + arguments + " 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  std::array<char, 4096> buffer;
  while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), count);
  const int status = pclose(pipe);
  return status == 0 ? out : out + "curl failed: " + std::to_string(status);
}

class HttpServerCurlTest : public testing::Test {
 protected:
  TestCertificates certificates_;
  test::TlsContext context_ = test::server_context(certificates_.server({"127.0.0.1"}));
  TestServer plain_{describe};
  TestServer tls_{describe, {}, context_.get()};

  std::string http(const std::string& path) { return "http://" + plain_.address() + path; }
  std::string https(const std::string& path) {
    return "--cacert " + certificates_.ca_file() + " https://" + tls_.address() + path;
  }
};

TEST_F(HttpServerCurlTest, AnswersHttp11) {
  EXPECT_EQ(curl("--http1.1 " + http("/a")), "GET /a 1 loopback 0\n");
  EXPECT_EQ(curl("--http1.1 " + https("/a")), "GET /a 1 tls loopback 0\n");
  EXPECT_EQ(curl("--http1.0 " + http("/a")), "GET /a 1 loopback 0\n");
}

TEST_F(HttpServerCurlTest, AnswersHttp2ByAlpnAndByPreface) {
  EXPECT_EQ(curl("--http2 " + https("/a")), "GET /a 2 tls loopback 0\n");
  EXPECT_EQ(curl("--http2-prior-knowledge " + http("/a")), "GET /a 2 loopback 0\n");
  EXPECT_EQ(curl("--no-alpn --http2-prior-knowledge " + https("/a")), "GET /a 2 tls loopback 0\n");
}

TEST_F(HttpServerCurlTest, StaysWithHttp11WhenAskedToUpgradeToH2c) {
  EXPECT_EQ(curl("--http2 " + http("/a")), "GET /a 1 loopback 0\n");
}

TEST_F(HttpServerCurlTest, TakesUploads) {
  TempFolder folder;
  const std::string file = folder.write("body", std::string(3'000'000, 'x'));
  EXPECT_EQ(curl("--http1.1 -T " + file + ' ' + http("/up")), "PUT /up 1 loopback 3000000\n");
  EXPECT_EQ(curl("--http1.1 -X POST -T - " + http("/up") + " < " + file), "POST /up 1 loopback 3000000\n");
  EXPECT_EQ(curl("--http1.1 -T - " + https("/up") + " < " + file), "PUT /up 1 tls loopback 3000000\n");
  EXPECT_EQ(curl("--http1.1 -H 'Expect: 100-continue' --data-binary @" + file + ' ' + http("/up")),
            "POST /up 1 loopback 3000000\n");
}

TEST_F(HttpServerCurlTest, AnswersHead) {
  EXPECT_THAT(curl("--http1.1 -I " + https("/a")), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerCurlTest, ReusesTheConnection) {
  EXPECT_EQ(curl("--http1.1 " + http("/a") + ' ' + http("/b")), "GET /a 1 loopback 0\nGET /b 1 loopback 0\n");
  EXPECT_EQ(plain_.stats().accepted, 1u);
}

TEST_F(HttpServerCurlTest, CountsHandshakesThatFail) {
  EXPECT_THAT(curl("https://" + tls_.address() + "/"), HasSubstr("curl failed"));  // does not trust our authority
  EXPECT_TRUE(tls_.wait_for([](const HttpServerStats& stats) { return stats.failed_handshakes == 1; }));
}

TEST(HttpServerTest, KnowsTheNameOfAClientsCertificate) {
  TestCertificates certificates;
  const auto pair = certificates.server({"127.0.0.1"});
  const auto client = certificates.client("camspan.cam1");
  const std::string ca = certificates.ca_file();
  hal_tls_options options{ca.c_str(), pair.cert_file.c_str(), pair.key_file.c_str(), "h2,http/1.1", 1};
  const test::TlsContext context(hal_tls_context(HAL_TLS_SERVER, &options, nullptr, 0));
  ASSERT_NE(context, nullptr);
  TestServer server(describe, {}, context.get());
  EXPECT_EQ(curl("--http1.1 --cacert " + ca + " --cert " + client.cert_file + " --key " + client.key_file +
                 " https://" + server.address() + "/a"),
            "GET /a 1 tls loopback camspan.cam1 0\n");
}

TEST(HttpServerTest, DropsAPeerThatDoesNotFinishItsHandshake) {
  TestCertificates certificates;
  const auto context = test::server_context(certificates.server({"127.0.0.1"}));
  TestServer server(describe, {.handshake = 50ms}, context.get());
  RawClient silent(server.address());
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(server.wait_for([](const HttpServerStats& stats) { return stats.failed_handshakes == 1; }));
}

TEST(HttpServerTest, DropsAPeerThatSendsHalfAPreface) {
  TestServer server(describe, {.handshake = 50ms});
  RawClient client(server.address());
  client.send("PRI * HTTP/2.0\r\n");
  EXPECT_EQ(client.read_all(), "");
}

TEST(HttpServerTest, RefusesConnectionsOverItsLimit) {
  TestServer server(describe, {.max_connections = 1});
  RawClient first(server.address());
  first.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(first.read_until("GET /1"), StartsWith("HTTP/1.1 200"));
  RawClient second(server.address());
  EXPECT_EQ(second.read_all(), "");
  EXPECT_EQ(server.stats().refused, 1u);
  EXPECT_EQ(server.stats().connections, 1u);
}

TEST(HttpServerTest, DoesNotLimitConnectionsOfThisMachinePerPeer) {
  TestServer server(describe, {.max_connections_per_peer = 1});
  RawClient first(server.address());
  RawClient second(server.address());
  second.send("GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 200"));
}

tl::expected<std::string, Failure> try_to_listen(const std::string& host, std::uint16_t port) {
  IoThread thread;
  tl::expected<std::string, Failure> bound;
  thread.run([&] { bound = HttpServer(thread.executor(), describe, {}).listen(host, port, nullptr); });
  return bound;
}

TEST(HttpServerTest, ListensOnBothAddressesOfLocalhost) {
  IoThread thread;
  std::unique_ptr<HttpServer> server;
  tl::expected<std::string, Failure> bound;
  thread.run([&] {
    server = std::make_unique<HttpServer>(thread.executor(), describe, HttpServerLimits{});
    bound = server->listen("localhost", 0, nullptr);
  });
  ASSERT_TRUE(bound) << bound.error().sentence;
  EXPECT_THAT(*bound, StartsWith("localhost:"));
  const std::string port = bound->substr(bound->find(':'));
  EXPECT_EQ(curl("http://127.0.0.1" + port + "/4"), "GET /4 1 loopback 0\n");
  if (try_to_listen("::1", 0)) {
    EXPECT_EQ(curl("'http://[::1]" + port + "/6'"), "GET /6 1 loopback 0\n");
  }
  thread.run([&] { server.reset(); });
}

TEST(HttpServerTest, SaysThatAPortIsInUse) {
  TestServer server(describe);
  const auto bound = try_to_listen("127.0.0.1", server.port());
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Errc::busy);
  EXPECT_EQ(bound.error().sentence,
            server.address() + " is in use. Stop the other program, or choose another port (0 = any free one).");
}

TEST(HttpServerTest, SaysThatAnAddressIsNotOfThisMachine) {
  const auto bound = try_to_listen("192.0.2.1", 0);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Errc::bad_setting);
  EXPECT_THAT(bound.error().sentence, HasSubstr("192.0.2.1 is no address of this machine"));
}

TEST(HttpServerTest, SaysThatAHostMustBeNumeric) {
  const auto bound = try_to_listen("hub.example", 0);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Errc::bad_setting);
  EXPECT_THAT(bound.error().sentence, HasSubstr("\"hub.example\": it is not a numeric address"));
}

/// Writes until it has written `pieces` of 64 KiB, and counts them.
asio::awaitable<void> pour(HttpExchange& exchange, std::atomic<int>& written, int pieces) {
  const Bytes piece(64 << 10, std::byte{'w'});
  if (!co_await exchange.send_head(200, {}, piece.size() * static_cast<std::size_t>(pieces))) co_return;
  for (int i = 0; i < pieces; ++i) {
    if (!co_await exchange.write(piece)) co_return;
    ++written;
  }
  co_await exchange.finish();
}

TEST(HttpServerTest, MakesAWriterWaitForASlowReader) {
  constexpr int kPieces = 1024;  // 64 MiB
  std::atomic<int> written = 0;
  TestServer server([&written](HttpExchange& exchange) { return pour(exchange, written, kPieces); });
  RawClient client(server.address(), 64 << 10);
  client.send("GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  client.read_until("\r\n\r\n");
  // The writer has stopped when nothing moves for a while; a slow machine only makes this weaker.
  int before = -1;
  auto since = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - since < 200ms) {
    if (const int now = written; now != before) {
      before = now;
      since = std::chrono::steady_clock::now();
    }
    server.thread().run([] {});
  }
  EXPECT_LT(before, kPieces / 4) << "more than the sockets can hold was taken from the handler";
  std::size_t size = 0;
  for (std::string part; !(part = client.read_some()).empty();) size += part.size();
  EXPECT_GT(size, std::size_t{kPieces - 1} << 16);
  EXPECT_EQ(written, kPieces);
}

/// Answers when `go` is set.
asio::awaitable<void> answer_later(HttpExchange& exchange, std::shared_ptr<WakeUp>& go, std::atomic<bool>& started) {
  go = std::make_shared<WakeUp>(co_await asio::this_coro::executor);
  started = true;
  co_await go->wait();
  co_await describe(exchange);
}

TEST(HttpServerTest, DrainWaitsForRunningExchanges) {
  std::shared_ptr<WakeUp> go;
  std::atomic<bool> started = false;
  TestServer server([&](HttpExchange& exchange) { return answer_later(exchange, go, started); });
  RawClient idle(server.address());
  RawClient busy(server.address());
  busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
  while (!started) std::this_thread::yield();

  auto drained = asio::co_spawn(server.thread().executor(), server.server().drain(10s), asio::use_future);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_THROW(RawClient{server.address()}, std::runtime_error);
  EXPECT_NE(drained.wait_for(0s), std::future_status::ready);
  server.thread().run([&] { go->notify(); });
  EXPECT_THAT(busy.read_all(), EndsWith("GET /busy 1 loopback 0\n"));
  busy.end();
  drained.get();
  EXPECT_EQ(server.stats().connections, 0u);
  server.thread().run([&] { go.reset(); });
}

TEST(HttpServerTest, DrainEndsWhatRunsAtItsDeadline) {
  TestServer server(describe);
  RawClient stalled(server.address());
  stalled.send("POST /stalled HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(server.wait_for([](const HttpServerStats& stats) { return stats.connections == 1; }));
  io_run(server.thread(), server.server().drain(50ms));
  EXPECT_EQ(server.stats().connections, 0u);
  EXPECT_EQ(stalled.read_all(), "");
}

TEST(HttpServerTest, GoesWithItsThreadInTheMiddleOfEverything) {
  std::atomic<int> written = 0;
  auto thread = std::make_unique<IoThread>();
  auto server = std::make_unique<HttpServer>(
      thread->executor(), [&written](HttpExchange& exchange) { return pour(exchange, written, 1 << 20); },
      HttpServerLimits{});
  std::string address;
  thread->run([&] { address = server->listen("127.0.0.1", 0, nullptr).value(); });
  RawClient pouring(address);
  pouring.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  pouring.read_until("www");
  RawClient half(address);
  half.send("GET / HT");
  thread->run([&] { server.reset(); });
  thread.reset();
}

}  // namespace
}  // namespace camspan::net
