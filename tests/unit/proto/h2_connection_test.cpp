#include "proto/h2/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace camspan::h2
