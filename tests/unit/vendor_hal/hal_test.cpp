// A program that brings board functions of its own: they are called, and their habits do no harm. A program of its own,
// because it defines the symbols.
#include <dlfcn.h>
#include <pthread.h>
#include <algorithm>
#include <cerrno>
#include <string_view>

#include "defaults.hpp"
#include "iot_import.h"
#include "unit/vendor/defects.hpp"

namespace {

std::atomic<int> g_establish{0};
std::atomic<int> g_read{0};
std::atomic<int> g_write{0};
std::atomic<int> g_destroy{0};
std::atomic<int> g_tcp_establish{0};
std::atomic<int> g_tcp_read{0};
std::atomic<int> g_tcp_write{0};
std::atomic<int> g_tcp_destroy{0};
std::atomic<int> g_open{0};
std::atomic<int> g_allocated{0};
std::atomic<int> g_port{0};
std::atomic<bool> g_no_threads{false};
std::string g_host;

}  // namespace

extern "C" {

// Sends the client to where the test's server is, whatever the address.
uintptr_t HAL_SSL_Establish(const char* host, uint16_t, const char* ca_crt, size_t ca_crt_len) {
  ++g_establish;
  g_host = host;
  return camspan_hal_ssl_establish("localhost", static_cast<uint16_t>(g_port.load()), ca_crt, ca_crt_len);
}
int32_t HAL_SSL_Destroy(uintptr_t handle) {
  ++g_destroy;
  return camspan_hal_ssl_destroy(handle);
}
// Never more than 1000 bytes at a time.
int32_t HAL_SSL_Write(uintptr_t handle, const char* buf, int len, int timeout_ms) {
  ++g_write;
  return camspan_hal_ssl_write(handle, buf, std::min(len, 1000), timeout_ms);
}
int32_t HAL_SSL_Read(uintptr_t handle, char* buf, int len, int timeout_ms) {
  ++g_read;
  return camspan_hal_ssl_read(handle, buf, len, timeout_ms);
}

// The same without TLS; never more than 100 bytes at a time.
uintptr_t HAL_TCP_Establish(const char* host, uint16_t) {
  ++g_tcp_establish;
  g_host = host;
  return camspan_hal_tcp_establish("127.0.0.1", static_cast<uint16_t>(g_port.load()));
}
int32_t HAL_TCP_Destroy(uintptr_t fd) {
  ++g_tcp_destroy;
  return camspan_hal_tcp_destroy(fd);
}
int32_t HAL_TCP_Write(uintptr_t fd, const char* buf, uint32_t len, uint32_t timeout_ms) {
  ++g_tcp_write;
  return camspan_hal_tcp_write(fd, buf, std::min<uint32_t>(len, 100), timeout_ms);
}
int32_t HAL_TCP_Read(uintptr_t fd, char* buf, uint32_t len, uint32_t timeout_ms) {
  ++g_tcp_read;
  return camspan_hal_tcp_read(fd, buf, std::min<uint32_t>(len, 100), timeout_ms);
}

// A file system in which every file has three bytes.
void* HAL_Fopen(const char*, const char*) {
  ++g_open;
  return new long(0);
}
uint32_t HAL_Fread(void* buff, uint32_t size, uint32_t count, void* stream) {
  constexpr std::string_view kContent = "abc";
  auto& at = *static_cast<long*>(stream);
  const uint32_t bytes = size * count;
  if (at + bytes > 3) return 0;
  kContent.copy(static_cast<char*>(buff), bytes, static_cast<std::size_t>(at));
  at += bytes;
  return count;
}
int HAL_Fseek(void* stream, long offset, int framewhere) {
  auto& at = *static_cast<long*>(stream);
  at = offset + (framewhere == HAL_SEEK_END ? 3 : framewhere == HAL_SEEK_CUR ? at : 0);
  return 0;
}
long HAL_Ftell(void* stream) {
  return *static_cast<long*>(stream);
}
int HAL_Fclose(void* stream) {
  delete static_cast<long*>(stream);
  return 0;
}

void* HAL_Malloc(uint32_t size) {
  ++g_allocated;
  return malloc(size);
}
void HAL_Free(void* ptr) {
  --g_allocated;
  free(ptr);
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((visibility("default"))) int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                          void* (*routine)(void*), void* arg) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto real = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return g_no_threads ? EAGAIN : real(thread, attributes, routine, arg);
}
#endif
}

namespace camspan::linkkit {
namespace {

struct Results : Board {
  std::vector<int> done;
  std::string received;
};

void on_done(const char*, int result, void* user) {
  auto* const results = static_cast<Results*>(user);
  results->change([&] { results->done.push_back(result); });
}
void on_chunk(std::uint32_t, char*, const std::uint8_t* data, std::uint32_t size, std::uint8_t, void* user) {
  auto* const results = static_cast<Results*>(user);
  results->change([&] { results->received.append(reinterpret_cast<const char*>(data), size); });
}

class LinkKitHalTest : public DefectClient {
 protected:
  void SetUp() override {
    DefectClient::SetUp();
    for (auto* const count : {&g_establish, &g_read, &g_write, &g_destroy, &g_tcp_establish, &g_tcp_read, &g_tcp_write,
                              &g_tcp_destroy, &g_open})
      *count = 0;
  }
  void start(LinkServer::Behaviour behaviour = {}) {
    DefectClient::start(std::move(behaviour));
    g_port = server_->port();
  }
};

TEST_F(LinkKitHalTest, IsCalledForTheConnection) {
  LinkServer::Behaviour behaviour;
  behaviour.downlink = body_of(200000);
  start(behaviour);
  device_conn_info_t info = device("elsewhere.invalid");
  info.port = 1;
  Results results;
  http2_stream_cb_t callbacks{};
  callbacks.on_stream_chunk_recv_cb = on_chunk;
  void* const handle = IOT_HTTP2_Connect(&info, &callbacks);
  ASSERT_NE(handle, nullptr);
  EXPECT_EQ(g_host, "elsewhere.invalid");
  stream_data_info_t up = open(handle);
  std::string body = body_of(100000);
  EXPECT_EQ(send(handle, up, body), 0);
  EXPECT_TRUE(sent_body() == body);
  stream_data_info_t down = channel();
  down.user_data = &results;
  ASSERT_EQ(IOT_HTTP2_Stream_Open(handle, &down, nullptr), 0);
  EXPECT_EQ(g_allocated, 2);
  ASSERT_EQ(IOT_HTTP2_Stream_Query(handle, &down, nullptr), 0);
  ASSERT_TRUE(results.wait([&] { return results.received.size() == behaviour.downlink.size(); }));
  EXPECT_TRUE(results.received == behaviour.downlink);
  IOT_HTTP2_Stream_Close(handle, &up);
  IOT_HTTP2_Stream_Close(handle, &down);
  EXPECT_EQ(g_allocated, 0);
  EXPECT_EQ(IOT_HTTP2_Disconnect(handle), 0);
  EXPECT_EQ(g_establish, 1);
  EXPECT_EQ(g_destroy, 1);
  EXPECT_EQ(g_tcp_establish, 0) << "one or the other";
  EXPECT_GT(g_write, 100);
  EXPECT_GT(g_read, 0);
  EXPECT_EQ(server_->count("close"), 2u);
}

TEST_F(LinkKitHalTest, IsCalledForAConnectionWithoutTls) {
  LinkServer plain({}, nullptr);
  g_port = plain.port();
  void* const handle = connect_plain("elsewhere.invalid:1");
  EXPECT_EQ(g_host, "elsewhere.invalid");
  stream_data_info_t up = open(handle);
  std::string body = body_of(50000);
  EXPECT_EQ(send(handle, up, body), 0);
  const auto requests = plain.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(as_text(requests[1].body) == body);
  IOT_HTTP2_Stream_Close(handle, &up);
  EXPECT_EQ(disconnect(handle), 0);
  EXPECT_EQ(g_tcp_establish, 1);
  EXPECT_EQ(g_tcp_destroy, 1);
  EXPECT_GT(g_tcp_write, 500);
  EXPECT_GT(g_tcp_read, 2);
  EXPECT_EQ(g_establish, 0) << "one or the other";
}

TEST_F(LinkKitHalTest, IsCalledForFiles) {
  start();
  void* const handle = connect();
  Results results;
  ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, "any", kIdentify, nullptr, on_done, &results), 0);
  ASSERT_TRUE(results.wait([&] { return !results.done.empty(); }));
  EXPECT_EQ(results.done[0], 0);
  EXPECT_EQ(sent_body(), "abc");
  EXPECT_EQ(g_open, 1);
}

TEST_F(LinkKitHalTest, TellsThatTheConnectionIsLost) {
  LinkServer::Behaviour behaviour;
  behaviour.hang = [](const LinkServer::Request&) { return true; };
  start(behaviour);
  void* const handle = connect();
  stream_data_info_t info = channel();
  int result = 0;
  std::thread caller([&] { result = IOT_HTTP2_Stream_Open(handle, &info, nullptr); });
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 1; }));
  server_.reset();
  caller.join();
  EXPECT_EQ(result, -1);
}

TEST_F(LinkKitHalTest, ConnectFailsWhereTheProgramCannotConnect) {
  start();
  g_port = 1;
  device_conn_info_t info = device();
  EXPECT_EQ(IOT_HTTP2_Connect(&info, nullptr), nullptr);
}

class LinkKitHalDefect;
using D = LinkKitHalDefect;

/// Those defects of the original that only a program with board functions of its own can show.
class LinkKitHalDefect : public LinkKitHalTest, public testing::WithParamInterface<Row<LinkKitHalDefect>> {
 public:
  void connect_fails_without_threads() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "sanitizers have a pthread_create of their own";
#endif
    start();
    g_no_threads = true;
    device_conn_info_t info = device();
    EXPECT_EQ(IOT_HTTP2_Connect(&info, nullptr), nullptr);
    g_no_threads = false;
    EXPECT_EQ(open_result(connect()), 0);
  }
  void short_writes_lose_nothing() {
    start();
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    std::string body = body_of(100000);
    EXPECT_EQ(send(handle, info, body, 16384), 0);
    EXPECT_GT(g_write, 100);
    EXPECT_TRUE(sent_body() == body);
    IOT_HTTP2_Stream_Close(handle, &info);
  }
};

const Row<D> kRows[] = {
    {6, "no thread: Connect hangs", &D::connect_fails_without_threads},
    {14, "short TLS write corrupts", &D::short_writes_lose_nothing},
};

TEST_P(LinkKitHalDefect, IsNotOurs) {
  (this->*GetParam().prove)();
}

INSTANTIATE_TEST_SUITE_P(Original, LinkKitHalDefect, testing::ValuesIn(kRows), name_of<D>);

}  // namespace
}  // namespace camspan::linkkit
