// HTTP/2 below the streams.
#include "iot_export_http2.h"
#include "unit/vendor/client.hpp"

namespace camspan::linkkit {
namespace {

std::vector<std::string> g_events;  // all callbacks run on the test's thread

void on_header(std::int32_t id, int category, const std::uint8_t* name, std::uint32_t, const std::uint8_t* value,
               std::uint32_t, std::uint8_t) {
  if (category == 1 && name[0] == ':')
    g_events.push_back(std::to_string(id) + " " + reinterpret_cast<const char*>(value));
}
void on_close(std::int32_t id, std::uint32_t code) {
  g_events.push_back(std::to_string(id) + " closed " + std::to_string(code));
}

class LinkKitLowLevelTest : public LinkKitClient {};

TEST_F(LinkKitLowLevelTest, SendsARequestInPiecesAndReadsItsAnswer) {
  LinkServer::Behaviour behaviour;
  behaviour.downlink = "what the server has";
  start(behaviour);
  g_events.clear();
  http2_user_cb_t callbacks{};
  callbacks.on_user_header_cb = on_header;
  callbacks.on_user_stream_close_cb = on_close;
  char host[] = "localhost";
  int network = 0;
  http2_connection_t* const connection = iotx_http2_client_connect_with_cb(&network, host, server_->port(), &callbacks);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->network, &network);
  EXPECT_GE(iotx_http2_get_available_window_size(connection), 65535);
  EXPECT_EQ(iotx_http2_client_send_ping(connection), 0);
  EXPECT_EQ(iotx_http2_update_window_size(connection), 0);

  http2_header open[] = {MAKE_HEADER(":method", "POST"), MAKE_HEADER(":path", "/stream/open/a/b"),
                         MAKE_HEADER(":scheme", "https")};
  http2_data data{open, 3, nullptr, 0, 0, HTTP2_FLAG_END_STREAM};
  ASSERT_EQ(iotx_http2_client_send(connection, &data), 0);
  EXPECT_EQ(data.stream_id, 1);
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 1; }));

  http2_header send[] = {MAKE_HEADER(":method", "POST"), MAKE_HEADER(":path", "/stream/send/a/b"),
                         MAKE_HEADER(":scheme", "https"), MAKE_HEADER("x-data-stream-id", "DS1")};
  char text[] = "hello";
  http2_data first{send, 4, text, 5, 0, HTTP2_FLAG_NONE};
  ASSERT_EQ(iotx_http2_client_send(connection, &first), 0);
  http2_data second{nullptr, 0, text, 5, first.stream_id, HTTP2_FLAG_END_STREAM};
  ASSERT_EQ(iotx_http2_client_send(connection, &second), 0);
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 2 && all[1].complete; }));
  EXPECT_EQ(sent_body(), "hellohello");

  send[0] = MAKE_HEADER(":method", "GET");
  http2_data query{send, 4, nullptr, 0, 0, HTTP2_FLAG_END_STREAM};
  ASSERT_EQ(iotx_http2_client_send(connection, &query), 0);
  std::string got;
  const auto begun = Clock::now();
  while (got.size() < behaviour.downlink.size() && seconds_since(begun) < 10) {
    char buffer[7];
    int count = 0;
    ASSERT_EQ(iotx_http2_client_recv(connection, buffer, sizeof buffer, &count, 1000), 0);
    got.append(buffer, static_cast<std::size_t>(count));
  }
  EXPECT_EQ(got, behaviour.downlink);
  EXPECT_EQ(connection->status, 200);
  EXPECT_EQ(iotx_http2_exec_io(connection), 0);
  EXPECT_EQ(g_events, (std::vector<std::string>{"1 200", "1 closed 0", "3 200", "3 closed 0", "5 200"}));
  EXPECT_EQ(iotx_http2_client_disconnect(connection), 0);
}

TEST_F(LinkKitLowLevelTest, TellsTheEndOfTheConnection) {
  start();
  char host[] = "localhost";
  http2_connection_t* const connection = iotx_http2_client_connect(nullptr, host, server_->port());
  ASSERT_NE(connection, nullptr);
  server_.reset();
  char buffer[8];
  int count = 0;
  EXPECT_EQ(iotx_http2_client_recv(connection, buffer, sizeof buffer, &count, 10000), -1);
  EXPECT_EQ(iotx_http2_exec_io(connection), -1);
  EXPECT_EQ(iotx_http2_client_disconnect(connection), 0);
}

}  // namespace
}  // namespace camspan::linkkit
