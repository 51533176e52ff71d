// Extended CONNECT (RFC 8441): a WebSocket on one stream. The hub does not announce it; the model can.
#include <gtest/gtest.h>

#include "proto/ws/frame.hpp"
#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Frames;
using test::H2Pair;
using test::H2RawPeer;
using test::H2Recorder;
using test::TextSource;

Request websocket() {
  return {"CONNECT", "https", "hub.example", "/live/cam1.flv", {{"sec-websocket-version", "13"}}, "websocket"};
}

TEST(H2ConnectTest, IsRefusedUntilTheServerAnnouncesIt) {
  for (const std::uint32_t announced : {0u, 1u}) {
    H2Pair pair;
    pair.server_settings.enable_connect_protocol = announced;
    pair.start();
    const auto early = pair.client->submit_request(websocket(), nullptr);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error(), Errc::unsupported) << "its SETTINGS have not come";
    pair.run();
    const auto later = pair.client->submit_request(websocket(), nullptr);
    ASSERT_EQ(later.has_value(), announced == 1);
    pair.run();
    EXPECT_EQ(pair.at_server.streams.size(), announced);
  }
}

TEST(H2ConnectTest, AServerThatDidNotAnnounceItResetsTheStream) {
  H2RawPeer peer;
  peer.start();
  H2Frames::Fields fields = H2RawPeer::get();
  fields[0].second = "CONNECT";
  fields.emplace_back(":protocol", "websocket");
  peer.feed(H2Frames().headers(1, fields, false));
  EXPECT_EQ(peer.reset_of(1), ErrorCode::protocol_error);
  EXPECT_FALSE(peer.go_away());
}

TEST(H2ConnectTest, NeedsAllOfItsPseudoHeaderFields) {
  const H2Frames::Fields whole{{":method", "CONNECT"},
                               {":protocol", "websocket"},
                               {":scheme", "https"},
                               {":authority", "hub.example"},
                               {":path", "/"}};
  for (std::size_t without = 0; without <= whole.size(); ++without) {
    H2RawPeer peer;
    Settings settings = Settings::server();
    settings.enable_connect_protocol = 1;
    peer.start_server(settings);
    peer.flush();
    H2Frames::Fields fields = whole;
    if (without < fields.size()) fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(without));
    peer.feed(H2Frames().preface().settings().settings_ack().headers(1, fields, false));
    // Without :protocol it is a plain CONNECT, which has no path.
    EXPECT_EQ(peer.reset_of(1).has_value(), without < whole.size()) << without;
  }
  H2RawPeer peer;
  Settings settings = Settings::server();
  settings.enable_connect_protocol = 1;
  peer.start_server(settings);
  peer.flush();
  H2Frames::Fields get = whole;
  get[0].second = "GET";
  peer.feed(H2Frames().preface().settings().settings_ack().headers(1, get, false));
  EXPECT_EQ(peer.reset_of(1), ErrorCode::protocol_error);
}

/// One end of a WebSocket whose bytes are the body of a stream.
class WebSocketEnd {
 public:
  WebSocketEnd(ws::Role role, Connection& connection) : frames_(role, {}), connection_(connection) {}

  void send(std::string_view text) { EXPECT_TRUE(frames_.send(ws::Opcode::text, as_bytes(text))); }
  void close() { EXPECT_TRUE(frames_.close(1000, "")); }
  /// Puts what there is to send into the body, with END_STREAM where TCP would say FIN.
  void flush(StreamId id, TimePoint now, bool end = false) {
    Bytes bytes;
    frames_.pending_output(bytes);
    body.append(as_text(bytes), end);
    connection_.resume(id, now);
  }
  /// Takes what has come of `text`. @return the messages in it
  std::vector<std::string> receive(const std::string& text) {
    EXPECT_TRUE(frames_.feed(as_bytes(text).subspan(taken_)));
    taken_ = text.size();
    std::vector<std::string> messages;
    while (auto event = frames_.poll()) {
      if (auto* const message = std::get_if<ws::FrameSession::Message>(&*event))
        messages.emplace_back(as_text(message->data));
      closed = closed || std::holds_alternative<ws::FrameSession::Closed>(*event);
    }
    return messages;
  }

  TextSource body{"", false};
  bool closed = false;

 private:
  ws::FrameSession frames_;
  Connection& connection_;
  std::size_t taken_ = 0;
};

TEST(H2ConnectTest, CarriesAWebSocketThatEchoes) {
  H2Pair pair;
  pair.server_settings.enable_connect_protocol = 1;
  pair.start();
  pair.run();
  WebSocketEnd client(ws::Role::client, *pair.client);
  WebSocketEnd server(ws::Role::server, *pair.server);
  const StreamId id = pair.client->submit_request(websocket(), &client.body).value();
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].request.protocol, "websocket");
  EXPECT_EQ(pair.at_server.streams[1].request.path, "/live/cam1.flv");
  ASSERT_TRUE(pair.server->submit_response(id, 200, {}, &server.body));
  pair.run();
  EXPECT_EQ(pair.at_client.streams[1].response.status, 200);

  for (const std::string text : {"hello", "again"}) {
    client.send(text);
    client.flush(id, pair.now);
    pair.run();
    const auto heard = server.receive(pair.at_server.streams[1].body);
    ASSERT_EQ(heard, std::vector{text});
    server.send(heard[0]);
    server.flush(id, pair.now);
    pair.run();
    EXPECT_EQ(client.receive(pair.at_client.streams[1].body), std::vector{text});
  }

  // The server is the first to end its direction: the other one goes on for as long as it likes.
  server.close();
  server.flush(id, pair.now, true);
  pair.run();
  client.receive(pair.at_client.streams[1].body);
  EXPECT_TRUE(client.closed);
  pair.run_for(5s);
  EXPECT_EQ(pair.server->state(id), StreamState::half_closed_local);
  client.flush(id, pair.now, true);
  pair.run();
  server.receive(pair.at_server.streams[1].body);
  EXPECT_TRUE(server.closed);
  EXPECT_EQ(pair.at_server.streams[1].closed, ErrorCode::no_error);
  EXPECT_EQ(pair.at_client.streams[1].closed, ErrorCode::no_error);
}

TEST(H2ConnectTest, ARefusedOneEndsAsAnyRequest) {
  H2Pair pair;
  pair.server_settings.enable_connect_protocol = 1;
  pair.start();
  pair.run();
  TextSource body("", false);
  const StreamId id = pair.client->submit_request(websocket(), &body).value();
  pair.run();
  ASSERT_TRUE(pair.server->submit_response(id, 403, {}, nullptr));
  pair.run_for(1s);
  EXPECT_EQ(pair.at_client.streams[1].response.status, 403);
  EXPECT_EQ(pair.at_client.streams[1].closed, ErrorCode::no_error);
}

}  // namespace
}  // namespace camspan::h2
