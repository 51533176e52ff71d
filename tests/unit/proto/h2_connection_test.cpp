#include "proto/h2/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_frames.hpp"
#include "support/h2_pair.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Pair;
using test::TextSource;
using ::testing::ElementsAre;

TEST(H2ConnectionTest, CarriesARequestAndItsAnswer) {
  H2Pair pair;
  pair.start();
  const StreamId id = pair.request("GET", "/a?b=c", nullptr, {{"accept", "*/*"}});
  pair.run();
  ASSERT_EQ(pair.at_server.streams.size(), 1u);
  const auto& request = pair.at_server.streams[1].request;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.authority, "hub.example");
  EXPECT_EQ(request.path, "/a?b=c");
  EXPECT_EQ(request.headers.find("accept"), "*/*");
  EXPECT_EQ(pair.server->state(id), StreamState::half_closed_remote);

  TextSource body("hello");
  ASSERT_TRUE(pair.server->submit_response(id, 200, {{"content-type", "text/plain"}}, &body));
  pair.run();
  const auto& answer = pair.at_client.streams[1];
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_EQ(answer.response.headers.find("content-type"), "text/plain");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.closed, ErrorCode::no_error);
  EXPECT_EQ(pair.at_server.streams[1].closed, ErrorCode::no_error);
  EXPECT_EQ(pair.client->state(id), StreamState::closed);
  EXPECT_EQ(pair.server->state(id), StreamState::closed);
  EXPECT_EQ(pair.server->state(StreamId(3)), StreamState::idle);
}

TEST(H2ConnectionTest, CarriesBodiesLargerThanTheWindowsBothWays) {
  H2Pair pair;
  pair.start();
  std::string upload(3'000'000, 'u');
  upload[1'234'567] = 'x';
  const std::string download(2'000'000, 'd');
  TextSource up(upload, true, 1000);
  TextSource down(download);
  const StreamId id = pair.request("POST", "/echo", &up);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body, upload);
  EXPECT_TRUE(pair.at_server.streams[1].remote_closed);
  ASSERT_TRUE(pair.server->submit_response(id, 200, {}, &down));
  pair.run();
  EXPECT_EQ(pair.at_client.streams[1].body, download);
  EXPECT_EQ(pair.at_client.streams[1].closed, ErrorCode::no_error);
}

TEST(H2ConnectionTest, GivesTheSameEventsForSingleBytes) {
  std::vector<std::string> logs[2];
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    H2Pair pair;
    pair.step = step;
    pair.start();
    TextSource upload(std::string(100'000, 'u'));
    TextSource download(std::string(90'000, 'd'));
    const StreamId first = pair.request("POST", "/up", &upload, {{"content-length", "100000"}});
    const StreamId second = pair.request("GET", "/down");
    pair.run();
    ASSERT_TRUE(pair.server->submit_response(second, 200, {}, &download));
    ASSERT_TRUE(pair.server->submit_response(first, 204, {}, nullptr));
    pair.run();
    auto& log = logs[step == 1 ? 1 : 0];
    log = pair.at_server.log;
    log.insert(log.end(), pair.at_client.log.begin(), pair.at_client.log.end());
    EXPECT_EQ(pair.at_client.streams[3].body.size(), 90'000u);
  }
  EXPECT_EQ(logs[0], logs[1]);
  EXPECT_THAT(logs[0], ElementsAre("1 request POST /up", "3 request GET /down", "3 end after 0", "1 end after 100000",
                                   "1 closed NO_ERROR", "3 closed NO_ERROR", "3 response 200", "1 response 204",
                                   "1 end after 0", "1 closed NO_ERROR", "3 end after 90000", "3 closed NO_ERROR"));
}

TEST(H2ConnectionTest, FillsOneTlsRecordWithEachDataFrame) {
  H2Pair pair;
  pair.start();
  TextSource upload(std::string(50'000, 'u'), true, 700);
  pair.request("POST", "/", &upload);
  pair.run();  // the server's windows are known from here on
  TextSource second(std::string(16375 * 2 + 5, 'x'), true, 1000);
  pair.request("POST", "/", &second);
  Bytes out;
  pair.client->pending_output(out, 1 << 20, pair.now);
  std::vector<std::size_t> sizes;
  for (const auto& frame : test::parse_frames(out))
    if (frame.type == test::H2Frames::data_type) sizes.push_back(frame.payload.size());
  EXPECT_THAT(sizes, ElementsAre(16375u, 16375u, 5u));
}

TEST(H2ConnectionTest, GathersUpToTheLimitAndGoesOnWhereItStopped) {
  H2Pair pair;
  pair.start();
  pair.run();
  const std::string text(300'000, 't');
  TextSource upload(text);
  pair.request("POST", "/", &upload);
  Bytes out;
  pair.client->pending_output(out, 65536, pair.now);
  EXPECT_GE(out.size(), 65536u);
  EXPECT_LT(out.size(), 65536u + 16384u);
  EXPECT_TRUE(pair.client->wants_output());
  pair.deliver(*pair.server, out);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body, text);
}

TEST(H2ConnectionTest, StallsOnAClosedWindowUntilTheBodyIsConsumed) {
  H2Pair pair;
  pair.server_settings.initial_window_size = 1000;
  pair.at_server.consume = false;
  pair.start();
  pair.run();
  TextSource upload(std::string(2500, 'u'));
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body.size(), 1000u);
  EXPECT_EQ(pair.client->send_window(id), 0u);
  pair.server->consume(id, 1000);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body.size(), 2000u);
  pair.server->consume(id, 1000);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body.size(), 2500u);
  EXPECT_TRUE(pair.at_server.streams[1].remote_closed);
}

TEST(H2ConnectionTest, ReturnsTheConnectionWindowAtOnceAndStopsInputAtTheBound) {
  H2Pair pair;
  pair.server_limits.max_unread_body_bytes = 200'000;
  pair.at_server.consume = false;
  pair.server_limits.connection_window_bytes = 65535;
  pair.start();
  pair.run();
  TextSource first(std::string(150'000, 'a'));
  TextSource second(std::string(100'000, 'b'));
  const StreamId id = pair.request("POST", "/a", &first);
  pair.run();
  // More than the connection window, though nothing was consumed.
  EXPECT_EQ(pair.at_server.streams[1].body.size(), 150'000u);
  EXPECT_TRUE(pair.server->accepts_input());
  pair.request("POST", "/b", &second);
  pair.run();
  EXPECT_FALSE(pair.server->accepts_input());
  pair.server->consume(id, 150'000);
  EXPECT_TRUE(pair.server->accepts_input());
}

TEST(H2ConnectionTest, WaitsForASourceThatHasNothing) {
  H2Pair pair;
  pair.start();
  TextSource upload("one", false);
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body, "one");
  upload.append(" two", true);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body, "one");
  pair.client->resume(id, pair.now);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body, "one two");
  EXPECT_TRUE(pair.at_server.streams[1].remote_closed);
}

TEST(H2ConnectionTest, SendsEndStreamAloneWhenTheEndComesLate) {
  H2Pair pair;
  pair.start();
  TextSource upload("body", false);
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run();
  EXPECT_FALSE(pair.at_server.streams[1].remote_closed);
  EXPECT_EQ(pair.client->state(id), StreamState::open);
  upload.append("", true);
  pair.client->resume(id, pair.now);
  pair.run();
  EXPECT_TRUE(pair.at_server.streams[1].remote_closed);
  EXPECT_EQ(pair.client->state(id), StreamState::half_closed_local);
}

TEST(H2ConnectionTest, ResetsOnce) {
  H2Pair pair;
  pair.start();
  TextSource upload("x", false);
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run();
  pair.client->reset(id, ErrorCode::cancel);
  pair.client->reset(id, ErrorCode::protocol_error);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].closed, ErrorCode::cancel);
  EXPECT_EQ(pair.at_client.streams[1].closed, ErrorCode::cancel);
  EXPECT_EQ(pair.server->stats().resets_received, 1u);
  EXPECT_FALSE(pair.server->submit_response(id, 200, {}, nullptr));
}

TEST(H2ConnectionTest, AnswersHeadWithoutABody) {
  H2Pair pair;
  pair.start();
  TextSource body("never sent");
  const StreamId id = pair.request("HEAD", "/");
  pair.run();
  ASSERT_TRUE(pair.server->submit_response(id, 200, {{"content-length", "10"}}, &body));
  pair.run();
  EXPECT_EQ(pair.at_client.streams[1].response.status, 200);
  EXPECT_EQ(pair.at_client.streams[1].body, "");
  EXPECT_EQ(pair.at_client.streams[1].closed, ErrorCode::no_error);
  EXPECT_EQ(body.given(), 0u);
}

TEST(H2ConnectionTest, AnswersBeforeTheRequestEndedAndThrowsTheRestAway) {
  H2Pair pair;
  pair.server_settings.initial_window_size = 1000;
  pair.at_server.consume = false;
  pair.start();
  pair.run();
  TextSource upload(std::string(10'000, 'u'));
  TextSource reason("too large");
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run();
  ASSERT_TRUE(pair.server->submit_response(id, 413, {}, &reason));
  pair.run();
  const auto& answer = pair.at_client.streams[1];
  EXPECT_EQ(answer.response.status, 413);
  EXPECT_EQ(answer.body, "too large");
  EXPECT_TRUE(answer.remote_closed);
  EXPECT_FALSE(answer.closed);
  pair.run_for(500ms);
  EXPECT_EQ(answer.closed, ErrorCode::no_error);
  EXPECT_EQ(pair.server->stats().resets_sent, 0u);
  pair.request("GET", "/next");
  pair.run();
  EXPECT_TRUE(pair.at_server.streams[3].remote_closed);
}

TEST(H2ConnectionTest, TakesTheRestOfARequestThatEndsSoonAfterItsAnswer) {
  H2Pair pair;
  pair.start();
  TextSource upload("first", false);
  const StreamId id = pair.request("POST", "/", &upload);
  pair.run();
  ASSERT_TRUE(pair.server->submit_response(id, 200, {}, nullptr));
  pair.run();
  upload.append(" and rest", true);
  pair.client->resume(id, pair.now);
  pair.run();
  EXPECT_EQ(pair.at_server.streams[1].body, "first and rest");
  EXPECT_EQ(pair.at_server.streams[1].closed, ErrorCode::no_error);
  pair.run_for(1s);
  EXPECT_EQ(pair.client->stats().resets_received, 0u);
}

TEST(H2ConnectionTest, MeasuresTheRoundTripOfAPing) {
  H2Pair pair;
  pair.client_limits.ping_interval = 5s;
  pair.start();
  pair.run();
  EXPECT_EQ(pair.client->rtt(), 0ns);
  pair.now += 5s;
  pair.client->on_timeout(pair.now);
  pair.move(*pair.client, *pair.server);
  pair.now += 80ms;
  pair.run();
  EXPECT_EQ(pair.client->rtt(), 80ms);
}

TEST(H2ConnectionTest, KeepsAnIdleConnectionByPings) {
  H2Pair pair;
  pair.start();
  pair.run_for(1h);
  EXPECT_FALSE(pair.client->done());
  EXPECT_FALSE(pair.server->done());
  EXPECT_GT(pair.client->rtt() + 1ns, 0ns);
}

TEST(H2ConnectionTest, RefusesSettingsThatAreNotAllowed) {
  H2Pair pair;
  Settings settings;
  settings.max_frame_size = 5;
  const auto made = Connection::create_client(settings, Limits::client(), pair.at_client, pair.now);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), Errc::bad_setting);
}

TEST(H2ConnectionTest, TellsAClientOfAHeadThatIsTooLarge) {
  H2Pair pair;
  pair.client_limits.max_header_bytes = 1000;
  pair.start();
  const StreamId id = pair.request("GET", "/");
  pair.run();
  ASSERT_TRUE(pair.server->submit_response(id, 200, {{"large", std::string(2000, 'x')}}, nullptr));
  pair.run();
  EXPECT_FALSE(pair.at_client.streams[1].head);
  EXPECT_TRUE(pair.at_client.streams[1].closed.has_value());
}

}  // namespace
}  // namespace camspan::h2
