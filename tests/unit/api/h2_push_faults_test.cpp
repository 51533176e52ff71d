// What goes wrong between a camera and its server: what its user reads, and that the upload goes on after it.
// Names, addresses and certificates that are wrong: connect_test.cpp and tests/e2e/test_bad_input.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <atomic>
#include <camspan/h2_push.hpp>

#include "proto/h2/types.hpp"
#include "support/flv_maker.hpp"
#include "support/heard.hpp"
#include "support/jumping_clock.hpp"
#include "support/scripted_server.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using test::H2Frames;
using test::Heard;
using test::JumpingClock;
using test::ScriptedServer;
using test::UploadServer;
using testing::HasSubstr;
using testing::StartsWith;
using Line = ScriptedServer::Line;

H2PushConfig config_for(const std::string& location) {
  H2PushConfig config;
  config.location = location;
  config.reconnect_delay = milliseconds(1);
  config.reconnect_delay_max = milliseconds(20);
  config.drain_timeout = std::chrono::seconds(10);
  return config;
}

void push_stream(H2Push& push, const std::vector<Bytes>& tags) {
  ASSERT_TRUE(push.push(make_unit(test::flv_file({}), UnitKind::other)));
  for (const Bytes& tag : tags) ASSERT_TRUE(push.push(make_unit(tag, UnitKind::other)));
}

std::vector<test::TagContent> contents(const Bytes& body) {
  std::vector<test::TagContent> result;
  for (const SharedUnit& unit : test::parse_flv(body)) result.push_back(test::content_of(*unit));
  return result;
}

/// The sentence for a user: host, cause, and what to do.
void expect_sentence(const std::string& sentence, const std::string& host, const std::string& cause) {
  EXPECT_THAT(sentence, StartsWith(host + ": "));
  EXPECT_THAT(sentence, HasSubstr(cause));
  const std::size_t end_of_cause = sentence.find(". ");
  ASSERT_NE(end_of_cause, std::string::npos) << "no fix in: " << sentence;
  EXPECT_GT(sentence.size(), end_of_cause + 10) << sentence;
  EXPECT_EQ(sentence.back(), '.') << sentence;
}

struct Fault {
  std::string name;
  std::string cause;  ///< in the sentence
  std::function<void(Line&)> script;
  milliseconds idle_timeout{30000};
  std::size_t frame_bytes = 8000;  ///< of 50; by default more than the window of 65,535
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.name;
}

Fault reset_by(h2::ErrorCode code) {
  const std::string name(h2::name(code));
  return {"RstStream_" + name, "RST_STREAM " + name, [code](Line& line) {
            line.greet({{4, 1 << 24}});
            line.read_until(H2Frames::headers_type);
            line.send(H2Frames().reset(1, static_cast<std::uint32_t>(code)));
            line.end();
          }};
}

Bytes go_away(std::uint32_t last, h2::ErrorCode code) {
  Bytes payload(8);
  store_be<4>(payload.data(), last);
  store_be<4>(payload.data() + 4, static_cast<std::uint32_t>(code));
  return payload;
}

Fault ended_by(h2::ErrorCode code) {
  const std::string name(h2::name(code));
  return {"GoAway_" + name, "GOAWAY " + name, [code](Line& line) {
            line.greet({{4, 1 << 24}});
            line.read_until(H2Frames::headers_type);
            line.send(H2Frames().frame(H2Frames::go_away_type, 0, 0, go_away(1, code)));
            line.end();
          }};
}

std::vector<Fault> faults() {
  std::vector<Fault> rows;
  for (std::uint32_t code = 0; code <= 0xd; ++code) rows.push_back(reset_by(h2::to_error_code(code)));
  for (std::uint32_t code = 1; code <= 0xd; ++code) rows.push_back(ended_by(h2::to_error_code(code)));
  rows.push_back(
      {"ClosesAtOnce", "the connection was lost", [](Line& line) { line.read_until(H2Frames::headers_type); }});
  rows.push_back({"BreaksARule", "broke a rule of HTTP/2 (PROTOCOL_ERROR)", [](Line& line) {
                    line.greet();
                    line.read_until(H2Frames::headers_type);
                    line.send(H2Frames().frame(H2Frames::ping_type, 0, 1, as_bytes("12345678")));
                    line.end();
                  }});
  rows.push_back({"OpensTheWindowTooFar", "broke a rule of HTTP/2 (", [](Line& line) {
                    line.greet();
                    line.read_until(H2Frames::headers_type);
                    line.send(H2Frames().window_update(0, 0x7fffffff).window_update(0, 0x7fffffff));
                    line.end();
                  }});
  rows.push_back({"SpeaksHttp11", "broke a rule of HTTP/2", [](Line& line) {
                    // Before the first tag is there a connection may end as it likes.
                    line.read_until(H2Frames::headers_type);
                    line.send(H2Frames().raw(as_bytes("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")));
                    line.end();
                  }});
  rows.push_back({"KeepsTheWindowShut", "nothing could be sent for 200 ms",
                  [](Line& line) {
                    line.greet({{4, 0}});
                    while (line.read()) {
                    }
                  },
                  milliseconds(200)});
  rows.push_back({"ReadsAByteNowAndThen", "nothing could be sent for 200 ms",
                  [](Line& line) {
                    line.greet({{4, 1 << 24}});
                    line.send(H2Frames().window_update(0, 1 << 24));
                    while (!line.closed(milliseconds(1)) && line.read_byte()) {
                    }
                  },
                  milliseconds(200), 160'000});
  rows.push_back({"IsHalfOpen", "nothing could be sent for 200 ms",
                  [](Line& line) {
                    line.greet({{4, 1 << 24}});
                    line.wait_for_close();
                  },
                  milliseconds(200)});
  return rows;
}

class H2PushFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(H2PushFaultTest, TellsItsUserAndGoesOn) {
  const Fault& fault = GetParam();
  Bytes body;
  ScriptedServer server([&](std::size_t connection, Line& line) {
    if (connection == 0) return fault.script(line);
    body = line.accept_upload();
  });
  Heard heard;
  H2PushConfig config = config_for("http://" + server.address() + "/ingest/cam1");
  config.idle_timeout = fault.idle_timeout;
  config.replay_time = std::chrono::hours(1);
  config.max_bytes = 64 << 20;
  auto push = H2Push::create(std::move(config), heard.events()).value();
  test::FlvMaker maker;
  test::FlvMaker::Shape shape;
  shape.delta_bytes = fault.frame_bytes;
  const auto tags = maker.stream(shape);
  push_stream(*push, tags);
  const auto drained = push->drain();
  EXPECT_TRUE(drained) << drained.error().message();
  EXPECT_EQ(heard.count("lost"), 1) << "once per outage";
  expect_sentence(heard.last("lost"), server.address(), fault.cause);
  EXPECT_EQ(push->stats().connects, 2u);
  push.reset();
  ASSERT_TRUE(server.wait_served(1));
  EXPECT_EQ(contents(body), contents(test::flv_file(tags)));
}

INSTANTIATE_TEST_SUITE_P(, H2PushFaultTest, testing::ValuesIn(faults()),
                         [](const auto& info) { return info.param.name; });

TEST(H2PushIdleTest, ComesBackToAServerThatClosedWhileNothingWasSent) {
  Bytes body;
  ScriptedServer server([&](std::size_t connection, Line& line) {
    line.greet({{4, 1 << 24}});
    if (connection < 1) return;
    line.read_until(H2Frames::settings_type);
    body = line.read_body();
    line.send(H2Frames().headers(1, {{":status", "200"}}, true));
    line.wait_for_close();
  });
  Heard heard;
  auto push = H2Push::create(config_for("http://" + server.address() + "/ingest/cam1"), heard.events()).value();
  push->start();
  ASSERT_TRUE(server.wait_served(0));
  ASSERT_TRUE(heard.wait("idle"));
  const auto tags = test::FlvMaker().stream({});
  push_stream(*push, tags);
  EXPECT_TRUE(push->drain());
  EXPECT_EQ(heard.count("lost"), 0) << "nothing was under way";
  push.reset();
  ASSERT_TRUE(server.wait_served(1));
  EXPECT_EQ(contents(body), contents(test::flv_file(tags)));
}

TEST(H2PushGoAwayTest, MovesToAnotherConnectionAtAKeyFrameWithoutAnOutage) {
  Bytes bodies[2];
  ScriptedServer server([&](std::size_t connection, Line& line) {
    if (connection == 0) {
      line.greet({{4, 1 << 24}});
      line.read_until(H2Frames::headers_type);
      line.send(H2Frames().frame(H2Frames::go_away_type, 0, 0, go_away(0x7fffffff, h2::ErrorCode::no_error)));
      line.send(H2Frames().frame(H2Frames::go_away_type, 0, 0, go_away(1, h2::ErrorCode::no_error)));
      bodies[0] = line.read_body();
      line.send(H2Frames().headers(1, {{":status", "200"}}, true));
      line.wait_for_close();
    } else {
      bodies[1] = line.accept_upload();
    }
  });
  Heard heard;
  auto push = H2Push::create(config_for("http://" + server.address() + "/ingest/cam1"), heard.events()).value();
  test::FlvMaker maker;
  ASSERT_TRUE(push->push(make_unit(test::flv_file({}), UnitKind::other)));
  std::vector<Bytes> sent;
  for (std::uint32_t time = 0; !server.wait_served(0, milliseconds(2)) && time < 200'000; time += 40) {
    sent.push_back(time % 400 == 0 ? maker.key(time) : maker.delta(time));
    ASSERT_TRUE(push->push(make_unit(sent.back(), UnitKind::other)));
  }
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(heard.count("lost"), 0) << heard.last("lost");
  EXPECT_EQ(push->stats().connects, 2u);
  push.reset();
  ASSERT_TRUE(server.wait_served(1));
  auto received = contents(bodies[0]);
  const auto second = contents(bodies[1]);
  ASSERT_FALSE(second.empty());
  EXPECT_EQ(second.front().timestamp % 400, 0u) << "a key frame";
  received.insert(received.end(), second.begin(), second.end());
  EXPECT_EQ(received, contents(test::flv_file(sent)));
}

TEST(H2PushRefusalTest, SaysWhatToDoAboutEachStatus) {
  struct Row {
    int status;
    const char* advice;
  };
  const Row rows[] = {{401, "token"}, {403, "token"}, {404, "path"}, {413, "segment-bytes"}, {415, "content-type"}};
  for (const Row& row : rows) {
    UploadServer server([row](std::size_t) {
      UploadServer::Script script;
      script.answer = UploadServer::Answer::status;
      script.status = row.status;
      return script;
    });
    Heard heard;
    auto push = H2Push::create(config_for(server.url()), heard.events()).value();
    // The refusal can be here before the last tag, which is then not taken.
    static_cast<void>(push->push(make_unit(test::flv_file(test::FlvMaker().stream({})), UnitKind::other)));
    ASSERT_TRUE(heard.wait("failed")) << row.status;
    const std::string host = "127.0.0.1:" + std::to_string(server.port());
    expect_sentence(heard.last("failed"), host, "status " + std::to_string(row.status));
    EXPECT_THAT(heard.last("failed"), HasSubstr(row.advice));
    EXPECT_EQ(server.requests().size(), 1u) << "trying again helps nothing";
  }
}

TEST(H2PushRefusalTest, TriesAgainWhenABusyServerSaysSo) {
  struct Row {
    int status;
    bool retry_after;
  };
  for (const Row row : {Row{429, true}, Row{503, true}, Row{500, false}, Row{502, false}}) {
    UploadServer server([row](std::size_t request) {
      UploadServer::Script script;
      if (request > 0) return script;
      script.answer = UploadServer::Answer::status;
      script.status = row.status;
      if (row.retry_after) script.headers.emplace_back("retry-after", "1");
      return script;
    });
    Heard heard;
    auto push = H2Push::create(config_for(server.url()), heard.events()).value();
    const auto begin = std::chrono::steady_clock::now();
    push_stream(*push, test::FlvMaker().stream({}));
    ASSERT_TRUE(server.wait([](const auto& requests) { return requests.size() == 2; })) << row.status;
    const auto waited = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(waited >= std::chrono::seconds(1), row.retry_after) << row.status;
    EXPECT_TRUE(push->drain());
    expect_sentence(heard.last("lost"), "127.0.0.1:" + std::to_string(server.port()), std::to_string(row.status));
  }
}

TEST(H2PushClockTest, TakesNoNoticeOfTheWallClock) {
  const JumpingClock clock;
  UploadServer server([](std::size_t) { return UploadServer::Script(); });
  Heard heard;
  auto push = H2Push::create(config_for(server.url()), heard.events()).value();
  const auto tags = test::FlvMaker().stream({});
  ASSERT_TRUE(push->push(make_unit(test::flv_file({}), UnitKind::other)));
  for (std::size_t i = 0; i < tags.size(); ++i) {
    JumpingClock::offset = i % 2 == 0 ? 20 * JumpingClock::kYear : -20 * JumpingClock::kYear;
    ASSERT_TRUE(push->push(make_unit(tags[i], UnitKind::other)));
  }
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(heard.count("lost"), 0);
  EXPECT_EQ(push->stats().connects, 1u);
  EXPECT_EQ(contents(server.requests().at(0).body), contents(test::flv_file(tags)));
}

}  // namespace
}  // namespace camspan
