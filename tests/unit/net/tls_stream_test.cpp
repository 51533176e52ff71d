#include "net/tls_stream.hpp"

#include <gmock/gmock.h>
#include <asio/experimental/awaitable_operators.hpp>
#include <thread>

#include "net/connect.hpp"
#include "stream_pair.hpp"
#include "support/raw_client.hpp"

namespace camspan::net {
namespace {

using namespace asio::experimental::awaitable_operators;
using test::client_context;
using test::io_run;
using test::Listener;
using test::server_context;
using test::TestCertificates;

Bytes pattern(std::size_t size, unsigned seed) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((seed = seed * 1664525u + 1013904223u) >> 24);
  return bytes;
}

asio::awaitable<Bytes> read_exactly(ByteStream& stream, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t had = 0; had < size;) {
    const auto count = co_await stream.read_some(std::span(bytes).subspan(had));
    if (!count || *count == 0) throw std::runtime_error("the stream ended early");
    had += *count;
  }
  co_return bytes;
}

asio::awaitable<Result<>> write_from(ByteStream& stream, Bytes bytes) {
  co_return co_await stream.write(bytes);
}

asio::awaitable<std::unique_ptr<ByteStream>> accept_tls(Listener& listener, ssl_ctx_st* context) {
  auto stream = TlsStream::server(co_await listener.accept(), context);
  const auto shaken = co_await stream->handshake();
  if (!shaken) throw std::runtime_error(shaken.error().sentence);
  co_return stream;
}

asio::awaitable<std::unique_ptr<ByteStream>> accept_plain(Listener& listener) {
  co_return std::make_unique<PlainStream>(co_await listener.accept());
}

enum class Kind { plain, tls };

class StreamTest : public testing::TestWithParam<Kind> {
 protected:
  StreamTest() {
    const bool tls = GetParam() == Kind::tls;
    auto accepted =
        asio::co_spawn(thread_.executor(), tls ? accept_tls(listener_, server_context_.get()) : accept_plain(listener_),
                       asio::use_future);
    ConnectOptions options;
    options.host = "127.0.0.1";
    options.port = listener_.port();
    options.tls = tls ? client_context_.get() : nullptr;
    client_ = std::move(io_run(thread_, connect(options)).value().stream);
    server_ = accepted.get();
  }

  TestCertificates certificates_;
  test::TlsContext server_context_ = server_context(certificates_.server({"127.0.0.1"}));
  test::TlsContext client_context_ = client_context(certificates_.ca_file());
  IoThread thread_;
  Listener listener_{thread_};
  std::unique_ptr<ByteStream> client_;
  std::unique_ptr<ByteStream> server_;
};

INSTANTIATE_TEST_SUITE_P(, StreamTest, testing::Values(Kind::plain, Kind::tls),
                         [](const auto& info) { return info.param == Kind::tls ? "Tls" : "Plain"; });

asio::awaitable<void> exchange_both_ways(ByteStream& a, ByteStream& b, std::size_t size) {
  // All four at once: each side writes more than the sockets hold while it reads.
  const Bytes from_a = pattern(size, 1);
  const Bytes from_b = pattern(size, 2);
  auto [a_wrote, b_wrote, at_a, at_b] =
      co_await (write_from(a, from_a) && write_from(b, from_b) && read_exactly(a, size) && read_exactly(b, size));
  EXPECT_TRUE(a_wrote);
  EXPECT_TRUE(b_wrote);
  EXPECT_TRUE(at_a == from_b);
  EXPECT_TRUE(at_b == from_a);
}

TEST_P(StreamTest, CarriesBothDirectionsAtOnce) {
  io_run(thread_, exchange_both_ways(*client_, *server_, 8 << 20));
}

asio::awaitable<void> gather(ByteStream& from, ByteStream& to) {
  const Bytes all = pattern(200'000, 3);
  std::vector<ByteView> pieces;
  const ByteView view(all);
  for (std::size_t at = 0, size = 1; at < all.size(); at += size, size = size * 3 % 40'009)
    pieces.push_back(view.subspan(at, std::min(size, all.size() - at)));
  pieces.push_back({});
  auto [wrote, read] = co_await (from.write_gather(pieces) && read_exactly(to, all.size()));
  EXPECT_TRUE(wrote);
  EXPECT_TRUE(read == all);
}

TEST_P(StreamTest, JoinsPieces) {
  io_run(thread_, gather(*client_, *server_));
}

asio::awaitable<void> gather_many(ByteStream& from, ByteStream& to) {
  const Bytes all = pattern(1'000'000, 4);
  std::vector<ByteView> pieces;
  for (std::size_t at = 0; at < all.size(); at += 1000) pieces.push_back(ByteView(all).subspan(at, 1000));
  auto [wrote, read] = co_await (from.write_gather(pieces) && read_exactly(to, all.size()));
  EXPECT_TRUE(wrote);
  EXPECT_TRUE(read == all);
}

TEST_P(StreamTest, JoinsMorePiecesThanOneSystemCallTakes) {
  io_run(thread_, gather_many(*client_, *server_));
}

/// @return bytes that the stream took before its socket was full
std::size_t fill(ByteStream& from, ByteView all) {
  for (std::size_t given = 0;;) {
    const std::array<ByteView, 2> pieces{all.subspan(given, 7), all.subspan(given + 7, 29'993)};
    const std::size_t taken = from.try_write(pieces).value();
    given += taken;
    if (taken < 30'000) return given;
  }
}

asio::awaitable<void> write_at_once(ByteStream& from, ByteStream& to) {
  const Bytes all = pattern(40'000'000, 5);
  const ByteView view(all);
  const std::size_t given = fill(from, view);
  EXPECT_GT(given, 0u);
  EXPECT_EQ(from.try_write(std::array<ByteView, 1>{view.first(100)}), 0u);
  // What the socket has not taken goes first, whoever writes next.
  auto [wrote, read] = co_await (from.write(view.subspan(given, 1000)) && read_exactly(to, given + 1000));
  EXPECT_TRUE(wrote);
  EXPECT_TRUE(read == Bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(given + 1000)));
  EXPECT_TRUE(from.drained());
  EXPECT_EQ(from.try_write(std::array<ByteView, 1>{view.first(10)}), 10u);
  const Bytes last = co_await read_exactly(to, 10);
  EXPECT_TRUE(last == pattern(10, 5));
}

TEST_P(StreamTest, WritesAtOnceWhatTheSocketTakes) {
  io_run(thread_, write_at_once(*client_, *server_));
}

asio::awaitable<void> write_nothing(ByteStream& from, ByteStream& to) {
  const Bytes all = pattern(40'000'000, 6);
  const std::size_t given = fill(from, all);
  const std::span<const ByteView> nothing;
  auto [wrote, read] = co_await (from.write_gather(nothing) && read_exactly(to, given));
  EXPECT_TRUE(wrote);
  EXPECT_TRUE(read == Bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(given)));
  EXPECT_TRUE(from.drained());
}

TEST_P(StreamTest, AWriteOfNothingWaitsUntilTheSocketHasAll) {
  io_run(thread_, write_nothing(*client_, *server_));
}

asio::awaitable<void> end_in_good_order(ByteStream& leaving, ByteStream& staying) {
  std::array<std::byte, 8> bytes;
  co_await leaving.write(as_bytes("last"));
  co_await leaving.shutdown(1000);
  EXPECT_EQ(co_await staying.read_some(bytes), 4u);
  EXPECT_EQ(co_await staying.read_some(bytes), 0u);
  EXPECT_EQ(co_await staying.read_some(bytes), 0u);
  // The other direction still works.
  EXPECT_TRUE(co_await staying.write(as_bytes("reply")));
  EXPECT_EQ(co_await leaving.read_some(bytes), 5u);
}

TEST_P(StreamTest, EndsOneDirectionInGoodOrder) {
  io_run(thread_, end_in_good_order(*client_, *server_));
}

asio::awaitable<std::error_code> read_error(ByteStream& stream) {
  std::array<std::byte, 8> bytes;
  const auto count = co_await stream.read_some(bytes);
  co_return count ? std::error_code{} : count.error();
}

asio::awaitable<std::error_code> write_error(ByteStream& stream) {
  const Bytes more(64 << 20);  // than the sockets hold
  const auto written = co_await stream.write(more);
  co_return written ? std::error_code{} : written.error();
}

TEST_P(StreamTest, AbortEndsWhatWaits) {
  auto reader = asio::co_spawn(thread_.executor(), read_error(*client_), asio::use_future);
  auto writer = asio::co_spawn(thread_.executor(), write_error(*client_), asio::use_future);
  thread_.run([] {});  // both have begun
  thread_.run([this] {
    client_->abort();
    client_->abort();
  });
  EXPECT_EQ(reader.get(), Errc::cancelled);
  EXPECT_EQ(writer.get(), Errc::cancelled);
  EXPECT_EQ(io_run(thread_, read_error(*client_)), Errc::cancelled);
  EXPECT_EQ(io_run(thread_, write_error(*client_)), Errc::cancelled);
  io_run(thread_, client_->shutdown(1000));
}

TEST_P(StreamTest, TellsWhenThePeerIsGone) {
  // The rest of what the client sent makes its close a reset.
  ASSERT_TRUE(io_run(thread_, client_->write(as_bytes("unread"))));
  thread_.run([this] { server_.reset(); });
  EXPECT_EQ(io_run(thread_, write_error(*client_)), Errc::connection_lost);
}

asio::awaitable<void> shut_down_at_once(ByteStream& stream) {
  const auto start = std::chrono::steady_clock::now();
  co_await stream.shutdown(50);
  EXPECT_LT(std::chrono::steady_clock::now() - start, test::kPatience);
}

TEST_P(StreamTest, DoesNotWaitLongForAPeerThatReadsNothing) {
  auto writer = asio::co_spawn(thread_.executor(), write_error(*client_), asio::use_future);
  thread_.run([] {});
  io_run(thread_, shut_down_at_once(*server_));
  thread_.run([this] { client_->abort(); });
  EXPECT_EQ(writer.get(), Errc::cancelled);
}

/// An OpenSSL client on a blocking socket, run by the test's thread.
class RawTlsClient {
 public:
  RawTlsClient(const std::string& address, ssl_ctx_st* context) : socket_(address, 16 << 10), ssl_(SSL_new(context)) {
    SSL_set_fd(ssl_, socket_.descriptor());
    hal_tls_prepare_client(ssl_, "127.0.0.1", 1);
    if (SSL_connect(ssl_) != 1) throw std::runtime_error("the handshake failed");
  }
  ~RawTlsClient() { SSL_free(ssl_); }
  SSL* ssl() { return ssl_; }

 private:
  test::RawClient socket_;
  SSL* ssl_;
};

class TlsWireTest : public testing::Test {
 protected:
  TlsWireTest() {
    auto accepted = asio::co_spawn(thread_.executor(), accept_tls(listener_, server_context_.get()), asio::use_future);
    client_ = std::make_unique<RawTlsClient>("127.0.0.1:" + std::to_string(listener_.port()), client_context_.get());
    server_ = accepted.get();
  }

  TestCertificates certificates_;
  test::TlsContext server_context_ = server_context(certificates_.server({"127.0.0.1"}));
  test::TlsContext client_context_ = client_context(certificates_.ca_file());
  IoThread thread_;
  Listener listener_{thread_};
  std::unique_ptr<RawTlsClient> client_;
  std::unique_ptr<ByteStream> server_;
};

TEST_F(TlsWireTest, FillsRecords) {
  const Bytes large(50'000);
  const std::vector<ByteView> pieces = {ByteView(large).first(10), ByteView(large).subspan(10, 20'000),
                                        ByteView(large).subspan(20'010)};
  auto wrote = asio::co_spawn(thread_.executor(), server_->write_gather(pieces), asio::use_future);
  std::vector<int> records;
  std::vector<char> bytes(100'000);
  for (int total = 0; total < 50'000; total += records.back()) {
    records.push_back(SSL_read(client_->ssl(), bytes.data(), static_cast<int>(bytes.size())));
    ASSERT_GT(records.back(), 0);
  }
  EXPECT_TRUE(wrote.get());
  EXPECT_EQ(records, (std::vector<int>{16384, 16384, 16384, 848}));
}

TEST_F(TlsWireTest, AnswersAKeyUpdateInTheMiddleOfABlockedWrite) {
  const Bytes large = pattern(16 << 20, 5);
  auto wrote = asio::co_spawn(thread_.executor(), server_->write(large), asio::use_future);
  auto read = asio::co_spawn(thread_.executor(), read_exactly(*server_, 3 * 5), asio::use_future);
  thread_.run([] {});  // the writer has filled the sockets
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(client_->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_write(client_->ssl(), "hello", 5), 5);
  }
  EXPECT_EQ(as_text(read.get()), "hellohellohello");
  Bytes got;
  std::vector<char> bytes(100'000);
  while (got.size() < large.size()) {
    const int count = SSL_read(client_->ssl(), bytes.data(), static_cast<int>(bytes.size()));
    ASSERT_GT(count, 0);
    const auto part = std::as_bytes(std::span(bytes).first(static_cast<std::size_t>(count)));
    got.insert(got.end(), part.begin(), part.end());
  }
  EXPECT_TRUE(wrote.get());
  EXPECT_TRUE(got == large);
}

TEST_F(TlsWireTest, EndsAPeerThatMakesItAnswerAndDoesNotRead) {
  const Bytes large(16 << 20);
  auto wrote = asio::co_spawn(thread_.executor(), server_->write(large), asio::use_future);
  auto read = asio::co_spawn(thread_.executor(), read_error(*server_), asio::use_future);
  thread_.run([] {});
  // Each is answered by a record of 27 bytes, which finds the sockets full after some thousand: slow with a sanitizer.
  const auto end = std::chrono::steady_clock::now() + 5 * test::kPatience;
  while (read.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
         std::chrono::steady_clock::now() < end) {
    SSL_key_update(client_->ssl(), SSL_KEY_UPDATE_REQUESTED);
    if (SSL_do_handshake(client_->ssl()) != 1) break;
  }
  thread_.run([this] { server_->abort(); });
  EXPECT_EQ(read.get(), Errc::connection_lost);
  EXPECT_FALSE(wrote.get());
}

TEST_F(TlsWireTest, TellsAConnectionThatIsCutFromOneThatEnds) {
  auto read = asio::co_spawn(thread_.executor(), read_error(*server_), asio::use_future);
  SSL_set_quiet_shutdown(client_->ssl(), 1);
  client_.reset();  // FIN without close_notify
  EXPECT_EQ(read.get(), Errc::connection_lost);
}

}  // namespace
}  // namespace camspan::net
