// The calls of SDK 2.3 and what they put on the wire.
#include <thread>

#include "unit/vendor/client.hpp"

namespace camspan::linkkit {
namespace {

using Fields = LinkServer::Fields;

class LinkKitStreamTest : public LinkKitClient {};

std::vector<std::string> names(const Fields& fields) {
  std::vector<std::string> result;
  for (const auto& [name, value] : fields) result.push_back(name);
  return result;
}

TEST_F(LinkKitStreamTest, SaysWhatTheRecordedDeviceSaid) {
  start();
  void* const handle = connect();
  http2_header user[] = {MAKE_HEADER("test_name", "test_http2_header"), MAKE_HEADER_CS("hello", "world")};
  header_ext_info_t header{user, 2};
  stream_data_info_t download = channel();
  stream_data_info_t upload = channel();
  ASSERT_EQ(IOT_HTTP2_Stream_Open(handle, &download, &header), 0);
  ASSERT_EQ(IOT_HTTP2_Stream_Open(handle, &upload, &header), 0);
  ASSERT_STRNE(download.channel_id, upload.channel_id);
  ASSERT_EQ(IOT_HTTP2_Stream_Query(handle, &download, &header), 0);
  EXPECT_EQ(download.h2_stream_id, 0);
  std::string body = body_of(5000);
  ASSERT_EQ(send(handle, upload, body), 0);
  EXPECT_EQ(upload.h2_stream_id, 7);
  const std::string id = upload.channel_id;
  EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &upload), 0);
  EXPECT_EQ(upload.channel_id, nullptr);
  EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &upload), -2);
  EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &download), 0);
  EXPECT_EQ(disconnect(handle), 0);

  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 6u);
  const Fields sdk{{"x-sdk-version", "230"}, {"x-sdk-version-name", "2.3.0"}, {"x-sdk-platform", "c"}};
  Fields expected{
      {"x-auth-name", "devicename"},           {"x-auth-param-client-id", "a1TESTPK001.cam-01"},
      {"x-auth-param-signmethod", "hmacsha1"}, {"x-auth-param-product-key", "a1TESTPK001"},
      {"x-auth-param-device-name", "cam-01"},  {"x-auth-param-sign", "b127df42ff9e113a4b3c19fa5353b0c210174662"}};
  const auto add = [](Fields& to, const Fields& more) { to.insert(to.end(), more.begin(), more.end()); };
  const Fields users{{"test_name", "test_http2_header"}, {"hello", "world"}};
  add(expected, sdk);
  add(expected, {{"content-length", "0"}});
  add(expected, users);
  EXPECT_EQ(requests[0].fields, expected);
  EXPECT_EQ(requests[1].fields, expected);
  EXPECT_EQ(requests[0].method + " " + requests[0].path, "POST /stream/open/" + std::string(kIdentify));

  Fields query{{"x-data-stream-id", "DS1"}, {"x-test-downstream", "1"}};
  add(query, sdk);
  add(query, users);
  EXPECT_EQ(requests[2].fields, query);
  EXPECT_EQ(requests[2].method + " " + requests[2].path, "GET /stream/send/" + std::string(kIdentify));

  Fields sent{{"content-length", "5000"}, {"x-data-stream-id", id}};
  add(sent, sdk);
  EXPECT_EQ(requests[3].fields, sent);
  EXPECT_EQ(requests[3].method + " " + requests[3].path, "POST /stream/send/" + std::string(kIdentify));
  EXPECT_EQ(as_text(requests[3].body), body);

  const std::vector<std::string> close{"x-data-stream-id", "x-sdk-version", "x-sdk-version-name", "x-sdk-platform"};
  EXPECT_EQ(names(requests[4].fields), close);
  EXPECT_EQ(names(requests[5].fields), close);
  EXPECT_EQ(requests[5].method + " " + requests[5].path, "POST /stream/close/" + std::string(kIdentify));
}

TEST_F(LinkKitStreamTest, SendsTenMegabytesInPacketsAndAgainOnTheSameChannel) {
  start();
  void* const handle = connect();
  stream_data_info_t info = open(handle);
  std::string body = body_of(10 << 20);
  const auto begun = Clock::now();
  ASSERT_EQ(send(handle, info, body), 0);
  std::printf("10 MiB in 2,048-byte packets: %.2f s\n", seconds_since(begun));
  std::string again = body_of(7000);
  ASSERT_EQ(send(handle, info, again, 1024), 0);
  EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &info), 0);
  const auto requests = server_->requests();
  ASSERT_GE(requests.size(), 3u);
  EXPECT_TRUE(as_text(requests[1].body) == body);
  EXPECT_TRUE(as_text(requests[2].body) == again);
  EXPECT_EQ(requests[1].field("x-data-stream-id"), requests[2].field("x-data-stream-id"));
}

struct Frames : Board {
  std::vector<std::pair<int, int>> data;  // flags of DATA frames that were sent, stream
  std::string received;
  std::string channel;
  void* user_data = nullptr;
  int closed = 0;
  std::uint32_t close_code = 99;
};
Frames* g_frames = nullptr;

void on_frame_send(std::uint32_t id, char*, int type, std::uint8_t flags, void*) {
  if (type == 0) g_frames->change([&] { g_frames->data.emplace_back(flags, static_cast<int>(id)); });
}
void on_chunk(std::uint32_t, char* channel, const std::uint8_t* data, std::uint32_t size, std::uint8_t, void* user) {
  g_frames->change([&] {
    EXPECT_LE(size, 16384u);
    g_frames->received.append(reinterpret_cast<const char*>(data), size);
    g_frames->channel = channel ? channel : "";
    g_frames->user_data = user;
  });
}
void on_close(std::uint32_t, char*, std::uint32_t code, void*) {
  g_frames->change([&] {
    ++g_frames->closed;
    g_frames->close_code = code;
  });
}

TEST_F(LinkKitStreamTest, SendsOneDataFrameForEachPacketAndEndsTheLast) {
  start();
  Frames frames;
  g_frames = &frames;
  http2_stream_cb_t callbacks{};
  callbacks.on_stream_frame_send_cb = on_frame_send;
  void* const handle = connect(&callbacks);
  stream_data_info_t info = open(handle);
  std::string body = body_of(5000);
  ASSERT_EQ(send(handle, info, body), 0);
  ASSERT_TRUE(frames.wait([&] { return frames.data.size() == 3; }));
  EXPECT_EQ(frames.data, (std::vector<std::pair<int, int>>{{0, 3}, {0, 3}, {1, 3}}));
  IOT_HTTP2_Stream_Close(handle, &info);
  disconnect(handle);
}

TEST_F(LinkKitStreamTest, BringsTenMegabytesDown) {
  LinkServer::Behaviour behaviour;
  behaviour.downlink = body_of(10 << 20);
  start(behaviour);
  Frames frames;
  g_frames = &frames;
  http2_stream_cb_t callbacks{};
  callbacks.on_stream_chunk_recv_cb = on_chunk;
  void* const handle = connect(&callbacks);
  stream_data_info_t info = channel();
  info.user_data = &frames;
  ASSERT_EQ(IOT_HTTP2_Stream_Open(handle, &info, nullptr), 0);
  const auto begun = Clock::now();
  ASSERT_EQ(IOT_HTTP2_Stream_Query(handle, &info, nullptr), 0);
  EXPECT_EQ(IOT_HTTP2_Stream_Query(handle, &info, nullptr), -1);
  ASSERT_TRUE(frames.wait([&] { return frames.received.size() == behaviour.downlink.size(); }));
  std::printf("10 MiB down: %.2f s\n", seconds_since(begun));
  EXPECT_TRUE(frames.received == behaviour.downlink);
  EXPECT_EQ(frames.channel, info.channel_id);
  EXPECT_EQ(frames.user_data, &frames);
  EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &info), 0);
  disconnect(handle);
}

TEST_F(LinkKitStreamTest, ClosesInTheMiddleOfABody) {
  start();
  void* const handle = connect();
  stream_data_info_t info = open(handle);
  std::string body = body_of(10000);
  info.stream_len = 10000;
  info.packet_len = 2048;
  info.stream = body.data();
  ASSERT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), 0);
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 2 && all[1].body.size() == 2048; }));
  ASSERT_EQ(IOT_HTTP2_Stream_Close(handle, &info), 0);
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 3 && all[2].is("close"); }));
  EXPECT_FALSE(server_->requests()[1].complete);
  // The handle is as good as before.
  info = open(handle);
  EXPECT_EQ(send(handle, info, body), 0);
  IOT_HTTP2_Stream_Close(handle, &info);
}

TEST_F(LinkKitStreamTest, EndsEveryCallThatWaitsWhenItDisconnects) {
  LinkServer::Behaviour behaviour;
  behaviour.hang = [](const LinkServer::Request& request) { return request.path.ends_with("/slow"); };
  start(behaviour);
  void* const handle = connect();
  std::vector<std::thread> threads;
  std::vector<int> results(4, 7);
  for (int& result : results)
    threads.emplace_back([&] {
      stream_data_info_t info = channel("a/slow");
      result = IOT_HTTP2_Stream_Open(handle, &info, nullptr);
    });
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 4; }));
  const auto begun = Clock::now();
  EXPECT_EQ(disconnect(handle), 0);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(results, std::vector<int>(4, -1));
  EXPECT_LT(seconds_since(begun), 5.0);
  stream_data_info_t info = channel();
  EXPECT_EQ(IOT_HTTP2_Stream_Open(handle, &info, nullptr), -1);
  EXPECT_EQ(IOT_HTTP2_Disconnect(handle), -1);
}

TEST_F(LinkKitStreamTest, ServesEightHandlesInEightThreads) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  device_conn_info_t info = device();
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      device_conn_info_t own = info;
      void* const handle = IOT_HTTP2_Connect(&own, nullptr);
      for (int turn = 0; turn < 5; ++turn) {
        stream_data_info_t up = channel();
        if (IOT_HTTP2_Stream_Open(handle, &up, nullptr) != 0) return;
        std::string body = body_of(static_cast<std::size_t>(20000 + i));
        if (send(handle, up, body) == 0 && IOT_HTTP2_Stream_Close(handle, &up) == 0) ++good;
      }
      IOT_HTTP2_Disconnect(handle);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 40);
  EXPECT_EQ(server_->connections(), 8u);
}

TEST_F(LinkKitStreamTest, ServesManyThreadsOnOneHandle) {
  start();
  void* const handle = connect();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int turn = 0; turn < 5; ++turn) {
        stream_data_info_t up = open(handle);
        std::string body = body_of(20000);
        if (send(handle, up, body) == 0 && IOT_HTTP2_Stream_Close(handle, &up) == 0) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 40);
}

TEST_F(LinkKitStreamTest, SendsMessagesWithoutWaiting) {
  start();
  void* const handle = connect();
  stream_data_info_t info = open(handle);
  char text[] = "message";
  EXPECT_EQ(IOT_HTTP2_Stream_Send_Message(handle, kIdentify, info.channel_id, text, 7, nullptr), 3);
  EXPECT_EQ(IOT_HTTP2_Stream_Send_Message(handle, kIdentify, info.channel_id, text, 7, nullptr), 5);
  EXPECT_EQ(IOT_HTTP2_Stream_Send_Message(nullptr, kIdentify, info.channel_id, text, 7, nullptr), -2);
  EXPECT_EQ(IOT_HTTP2_Stream_Send_Message(handle, kIdentify, info.channel_id, text, 0, nullptr), -1);
  IOT_HTTP2_Stream_Close(handle, &info);
  disconnect(handle);
  EXPECT_EQ(server_->count("send"), 2u);
  EXPECT_EQ(server_->count("close"), 1u);
}

TEST_F(LinkKitStreamTest, TellsTheEndOfAQueryByItsServer) {
  LinkServer::Behaviour behaviour;
  behaviour.answer = [](const LinkServer::Request& request) -> std::optional<LinkServer::Answer> {
    if (!request.is_query()) return std::nullopt;
    return LinkServer::Answer{200, {{"x-data-stream-id", "DS1"}, {"x-response-status", "200"}}, "bye"};
  };
  start(behaviour);
  Frames frames;
  g_frames = &frames;
  http2_stream_cb_t callbacks{};
  callbacks.on_stream_chunk_recv_cb = on_chunk;
  callbacks.on_stream_close_cb = on_close;
  void* const handle = connect(&callbacks);
  stream_data_info_t info = open(handle);
  ASSERT_EQ(IOT_HTTP2_Stream_Query(handle, &info, nullptr), 0);
  ASSERT_TRUE(frames.wait([&] { return frames.closed == 2; }));  // of the open, and of the query
  EXPECT_EQ(frames.received, "bye");
  EXPECT_EQ(frames.close_code, 0u);
  IOT_HTTP2_Stream_Close(handle, &info);
  disconnect(handle);
}

}  // namespace
}  // namespace camspan::linkkit
