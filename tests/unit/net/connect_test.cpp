#include "net/connect.hpp"

#include <camspan/hal.h>
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "stream_pair.hpp"
#include "support/reserved_port.hpp"

namespace camspan::net {
namespace {

using namespace std::chrono_literals;
using test::client_context;
using test::io_run;
using test::Listener;
using test::server_context;
using test::TestCertificates;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// 192.0.2.0/24 is for examples (RFC 5737). The fake board below decides what happens there.
constexpr const char* kRefusing = "192.0.2.1";
constexpr const char* kSilent = "192.0.2.2";

/// A board whose name server and network do what a test wants.
class FakeBoard {
 public:
  FakeBoard() {
    hal_ops ops = *hal_default();
    ops.resolve = resolve;
    ops.connect_start = connect_start;
    hal_register(&ops);
  }
  ~FakeBoard() {
    release();
    hal_register(nullptr);
  }

  /// What a lookup of any name gives. Without addresses: `status`.
  static inline std::vector<const char*> addresses;
  static inline int status = 0;

  static void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  static void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    released_.notify_all();
  }

 private:
  static int resolve(const char*, std::uint16_t port, hal_address* out, std::size_t capacity, std::size_t* count) {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [] { return !held_; });
    *count = 0;
    for (const char* address : addresses)
      if (*count < capacity) hal_address_parse(address, port, &out[(*count)++]);
    return addresses.empty() ? status : 0;
  }
  static int connect_start(const hal_address* to, const hal_socket_options* options, int* fd) {
    if (std::strncmp(to->text, kRefusing, std::strlen(kRefusing)) == 0) return ECONNREFUSED;
    if (std::strncmp(to->text, kSilent, std::strlen(kSilent)) != 0)
      return hal_default()->connect_start(to, options, fd);
    *fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);  // full, so that it never becomes writable
    const std::uint64_t full = UINT64_MAX - 1;
    return ::write(*fd, &full, sizeof full) == sizeof full ? 0 : errno;
  }

  static inline std::mutex mutex_;
  static inline std::condition_variable released_;
  static inline bool held_ = false;
};

ConnectOptions to(const std::string& host, std::uint16_t port, ssl_ctx_st* tls = nullptr) {
  ConnectOptions options;
  options.host = host;
  options.port = port;
  options.tls = tls;
  return options;
}

class ConnectTest : public testing::Test {
 protected:
  ConnectTest() {
    FakeBoard::addresses = {"127.0.0.1"};
    FakeBoard::status = ENOENT;
  }

  /// A name that no test before has used: the HAL remembers answers.
  static std::string fresh_name() {
    static int count = 0;
    return "host" + std::to_string(++count) + ".example";
  }
  /// Connects while the kernel accepts; nobody needs to call accept().
  tl::expected<Connected, Failure> run(ConnectOptions options) { return io_run(thread_, connect(std::move(options))); }

  FakeBoard board_;
  IoThread thread_;
  Listener listener_{thread_};
};

TEST_F(ConnectTest, OpensAPlainConnection) {
  const auto connected = run(to("127.0.0.1", listener_.port()));
  ASSERT_TRUE(connected) << connected.error().sentence;
  EXPECT_EQ(connected->stream->info().peer, "127.0.0.1:" + std::to_string(listener_.port()));
  EXPECT_TRUE(connected->stream->info().loopback);
  EXPECT_FALSE(connected->stream->info().tls);
}

TEST_F(ConnectTest, LooksNamesUp) {
  const auto connected = run(to(fresh_name(), listener_.port()));
  ASSERT_TRUE(connected) << connected.error().sentence;
}

TEST_F(ConnectTest, SaysThatNobodyListens) {
  const test::ReservedPort port;
  const auto refused = run(to("127.0.0.1", port.number()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unreachable);
  EXPECT_THAT(refused.error().sentence,
              AllOf(StartsWith("nothing listens on 127.0.0.1:" + std::to_string(port.number())),
                    HasSubstr("Start the server")));
}

TEST_F(ConnectTest, SaysThatANameDoesNotExist) {
  FakeBoard::addresses = {};
  const std::string name = fresh_name();
  const auto refused = run(to(name, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::name_not_found);
  EXPECT_THAT(refused.error().sentence, StartsWith(name + ": there is no host of this name"));
}

TEST_F(ConnectTest, SaysThatTheNameServerDoesNotAnswer) {
  FakeBoard::addresses = {};
  FakeBoard::status = EAGAIN;
  const auto refused = run(to(fresh_name(), 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::name_unresolved);
  EXPECT_THAT(refused.error().sentence, HasSubstr("name server did not answer"));
}

TEST_F(ConnectTest, RefusesAnEmptyName) {
  const auto refused = run(to("", 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_setting);
}

TEST_F(ConnectTest, TakesTheNextAddressWhenOneRefuses) {
  FakeBoard::addresses = {kRefusing, "127.0.0.1"};
  const auto connected = run(to(fresh_name(), listener_.port()));
  ASSERT_TRUE(connected) << connected.error().sentence;
}

TEST_F(ConnectTest, TakesTheNextAddressWhenOneIsSilentFor250Ms) {
  FakeBoard::addresses = {kSilent, "127.0.0.1"};
  const auto connected = run(to(fresh_name(), listener_.port()));
  ASSERT_TRUE(connected) << connected.error().sentence;
  EXPECT_GE(connected->times.tcp, 249ms);
}

TEST_F(ConnectTest, TellsTheErrorOfTheFirstAddressWhenAllFail) {
  FakeBoard::addresses = {kRefusing, kRefusing};
  const auto refused = run(to(fresh_name(), 443));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unreachable);
  EXPECT_THAT(refused.error().sentence, StartsWith("nothing listens on "));
}

TEST_F(ConnectTest, SaysWhichPhaseTookTooLong) {
  FakeBoard::addresses = {kSilent};
  auto options = to(fresh_name(), 443);
  options.timeout = 50ms;
  const auto tcp = run(options);
  ASSERT_FALSE(tcp);
  EXPECT_EQ(tcp.error().code, Errc::timed_out);
  EXPECT_THAT(tcp.error().sentence, HasSubstr("did not answer within 50 ms (TCP)"));

  TestCertificates certificates;
  const auto tls_context = client_context(certificates.ca_file());
  options = to("127.0.0.1", listener_.port(), tls_context.get());
  options.timeout = 50ms;
  const auto tls = run(options);
  ASSERT_FALSE(tls);
  EXPECT_EQ(tls.error().code, Errc::timed_out);
  EXPECT_THAT(tls.error().sentence, HasSubstr("did not finish the TLS handshake within 50 ms"));
}

TEST_F(ConnectTest, OutlivesALookupThatNeverEnds) {
  FakeBoard::hold();
  {
    IoThread thread;
    auto options = to(fresh_name(), 443);
    options.timeout = 50ms;
    const auto refused = io_run(thread, connect(options));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::timed_out);
    EXPECT_THAT(refused.error().sentence, HasSubstr("name server"));
  }
  FakeBoard::release();  // the answer comes when nobody waits any more
  const auto connected = run(to(fresh_name(), listener_.port()));
  EXPECT_TRUE(connected);
}

/// The other end of a TLS connection: shakes hands and keeps the stream open.
asio::awaitable<std::unique_ptr<TlsStream>> serve_tls(Listener& listener, ssl_ctx_st* context) {
  auto stream = TlsStream::server(co_await listener.accept(), context);
  co_await stream->handshake();
  co_return stream;
}

asio::awaitable<void> serve_text(Listener& listener, std::string text) {
  PlainStream stream(co_await listener.accept());
  std::array<std::byte, 16> hello;
  co_await stream.read_some(hello);
  if (!text.empty()) co_await stream.write(as_bytes(text));
  co_await stream.shutdown(1000);
  // Until the client has gone.
  for (;;) {
    const auto count = co_await stream.read_some(hello);
    if (!count || *count == 0) co_return;
  }
}

class ConnectTlsTest : public ConnectTest {
 protected:
  /// Connects to a server that has `pair`.
  tl::expected<Connected, Failure> run_tls(const TestCertificates::Pair& pair, const std::string& host,
                                           const char* server_alpn = "h2,http/1.1") {
    server_context_ = server_context(pair, server_alpn);
    served_ = asio::co_spawn(thread_.executor(), serve_tls(listener_, server_context_.get()), asio::use_future);
    auto result = run(to(host, listener_.port(), client_context_.get()));
    server_ = served_.get();
    return result;
  }
  std::string name() const { return ":" + std::to_string(listener_.port()); }

  TestCertificates certificates_;
  test::TlsContext client_context_ = client_context(certificates_.ca_file());
  test::TlsContext server_context_;
  std::future<std::unique_ptr<TlsStream>> served_;
  std::unique_ptr<TlsStream> server_;
};

TEST_F(ConnectTlsTest, AgreesOnTheProtocolAndDescribesTheConnection) {
  const auto connected = run_tls(certificates_.server({"127.0.0.1"}), "127.0.0.1");
  ASSERT_TRUE(connected) << connected.error().sentence;
  const ByteStream::Info& info = connected->stream->info();
  EXPECT_TRUE(info.tls);
  EXPECT_EQ(info.alpn, "h2");
  EXPECT_EQ(info.tls_version, "TLSv1.3");
  EXPECT_FALSE(info.tls_resumed);
  EXPECT_EQ(server_->info().alpn, "h2");
}

TEST_F(ConnectTlsTest, VerifiesTheNameAsked) {
  const std::string host = fresh_name();
  const auto connected = run_tls(certificates_.server({host}), host);
  ASSERT_TRUE(connected) << connected.error().sentence;
}

TEST_F(ConnectTlsTest, NamesTheCertificatesNameWhenItIsWrong) {
  const auto refused = run_tls(certificates_.server({"other.example", "192.0.2.7"}), "127.0.0.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::tls_wrong_name);
  EXPECT_EQ(refused.error().sentence, "127.0.0.1" + name() +
                                          ": the certificate is for other.example, 192.0.2.7, not 127.0.0.1. Connect "
                                          "by the name in the certificate, or have one issued for 127.0.0.1.");
}

TEST_F(ConnectTlsTest, SaysWhenTheCertificateExpired) {
  const auto refused = run_tls(certificates_.expired({"127.0.0.1"}), "127.0.0.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::tls_expired);
  EXPECT_THAT(refused.error().sentence, AllOf(HasSubstr(name() + ": the certificate expired on 20"),
                                              HasSubstr("clock says 20"), HasSubstr("Renew it")));
}

TEST_F(ConnectTlsTest, NamesTheAuthorityThatIsNotTrusted) {
  TestCertificates strangers;
  const auto refused = run_tls(strangers.server({"127.0.0.1"}), "127.0.0.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::tls_untrusted);
  EXPECT_THAT(refused.error().sentence,
              AllOf(HasSubstr("is issued by \""), HasSubstr("not trusted here"), HasSubstr("ca-file")));
}

TEST_F(ConnectTlsTest, SaysThatNoProtocolIsShared) {
  const auto refused = run_tls(certificates_.server({"127.0.0.1"}), "127.0.0.1", "http/1.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::tls_failed);
  EXPECT_THAT(refused.error().sentence, HasSubstr("none of the protocols asked for (ALPN)"));
}

TEST_F(ConnectTlsTest, SaysThatTheServerDoesNotSpeakTls) {
  auto served =
      asio::co_spawn(thread_.executor(), serve_text(listener_, "HTTP/1.1 400 Bad Request\r\n\r\n"), asio::use_future);
  {
    const auto refused = run(to("127.0.0.1", listener_.port(), client_context_.get()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::tls_failed);
    EXPECT_THAT(refused.error().sentence,
                AllOf(StartsWith("127.0.0.1" + name() + " answers, but not with TLS"), HasSubstr("h2c")));
  }
  served.get();
}

TEST_F(ConnectTlsTest, SaysThatTheServerEndedTheHandshake) {
  auto served = asio::co_spawn(thread_.executor(), serve_text(listener_, ""), asio::use_future);
  {
    const auto refused = run(to("127.0.0.1", listener_.port(), client_context_.get()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::tls_failed);
    EXPECT_THAT(refused.error().sentence, HasSubstr("ended the connection during the TLS handshake"));
  }
  served.get();
}

TEST_F(ConnectTlsTest, ResumesTheSessionOfAnEarlierConnection) {
  const auto pair = certificates_.server({"127.0.0.1"});
  const auto first = run_tls(pair, "127.0.0.1");
  ASSERT_TRUE(first) << first.error().sentence;
  // The tickets come behind the handshake, with the first bytes.
  std::array<std::byte, 16> bytes;
  ASSERT_TRUE(io_run(thread_, server_->write(as_bytes("x"))));
  ASSERT_TRUE(io_run(thread_, first->stream->read_some(bytes)));

  served_ = asio::co_spawn(thread_.executor(), serve_tls(listener_, server_context_.get()), asio::use_future);
  const auto second = run(to("127.0.0.1", listener_.port(), client_context_.get()));
  ASSERT_TRUE(second) << second.error().sentence;
  EXPECT_TRUE(second->stream->info().tls_resumed);
  served_.get();
}

}  // namespace
}  // namespace camspan::net
