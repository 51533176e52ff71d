#include <gtest/gtest.h>
#include <camspan/h2_push.hpp>

#include <atomic>
#include <future>

#include "proto/flv/parser.hpp"
#include "support/flv_maker.hpp"
#include "support/heard.hpp"
#include "support/reserved_port.hpp"
#include "support/temp_folder.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using test::Heard;
using test::ReceivedRequest;
using test::UploadServer;
using Answer = UploadServer::Answer;
using Requests = std::vector<ReceivedRequest>;

class H2PushTest : public ::testing::Test {
 protected:
  static H2PushConfig config(const std::string& location) {
    H2PushConfig result;
    result.location = location;
    result.reconnect_delay = milliseconds(1);
    result.reconnect_delay_max = milliseconds(20);
    return result;
  }
  std::unique_ptr<H2Push> create(H2PushConfig settings) {
    auto push = H2Push::create(std::move(settings), heard.events());
    if (!push) ADD_FAILURE() << push.error().sentence;
    return push ? std::move(*push) : nullptr;
  }
  /// The file in pieces of `size` bytes; 0 = one piece a tag.
  static void push_all(H2Push& push, const std::vector<Bytes>& tags, std::size_t size = 0) {
    if (size == 0) {
      ASSERT_TRUE(push.push(make_unit(test::flv_file({}), UnitKind::other)));
      for (const Bytes& tag : tags) ASSERT_TRUE(push.push(make_unit(tag, UnitKind::other)));
      return;
    }
    const Bytes file = test::flv_file(tags);
    for (std::size_t at = 0; at < file.size(); at += size) {
      const auto end = std::min(at + size, file.size());
      ASSERT_TRUE(push.push(make_unit(
          Bytes(file.begin() + static_cast<std::ptrdiff_t>(at), file.begin() + static_cast<std::ptrdiff_t>(end)),
          UnitKind::other)));
    }
  }
  static std::vector<test::TagContent> contents(const Bytes& body) {
    std::vector<test::TagContent> result;
    for (const SharedUnit& unit : test::parse_flv(body)) result.push_back(test::content_of(*unit));
    return result;
  }

  Heard heard;
  test::FlvMaker maker;
};

TEST_F(H2PushTest, DeliversEveryTagAndWaitsForTheAcknowledgement) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  const auto tags = maker.stream({});
  const auto push = create(config(server.url()));
  push_all(*push, tags);
  ASSERT_TRUE(push->drain());
  const Requests requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].path, "/ingest/cam1");
  EXPECT_EQ(requests[0].headers.at("content-type"), "video/x-flv");
  EXPECT_EQ(requests[0].headers.at("camspan-first"), "0");
  EXPECT_TRUE(requests[0].ended);
  EXPECT_EQ(requests[0].body.size(), test::flv_file(tags).size());
  EXPECT_EQ(contents(requests[0].body), contents(test::flv_file(tags)));
  const H2PushStats stats = push->stats();
  EXPECT_EQ(stats.bytes_acked + 13, stats.bytes_in);
  EXPECT_EQ(stats.bytes_queued, 0u);
}

TEST_F(H2PushTest, CutsAnywhereGiveTheSameTags) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  test::FlvMaker::Shape shape;
  shape.duration_ms = 400;
  const auto tags = maker.stream(shape);
  for (const std::size_t size : {1u, 7u, 4096u}) {
    const auto push = create(config(server.url()));
    push_all(*push, tags, size);
    ASSERT_TRUE(push->drain());
    EXPECT_EQ(contents(server.requests().back().body), contents(test::flv_file(tags))) << size;
  }
}

TEST_F(H2PushTest, GoesOnWithTheFirstTagThatWasNotAcknowledged) {
  UploadServer server([](std::size_t request) {
    auto script = UploadServer::answering(Answer::acknowledge);
    if (request == 0) script.abort_after_tags = 20;
    return script;
  });
  const auto tags = maker.stream({});
  const auto push = create(config(server.url()));
  push_all(*push, tags);
  ASSERT_TRUE(push->drain());
  const Requests requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].headers.at("camspan-stream"), requests[0].headers.at("camspan-stream"));
  const std::size_t first = std::stoul(requests[1].headers.at("camspan-first"));
  EXPECT_LE(first, 20u);
  // What the second body brings after its head are the tags from `first` on.
  const auto all = contents(test::flv_file(tags));
  auto second = contents(requests[1].body);
  ASSERT_GE(second.size(), all.size() - first);
  EXPECT_EQ(requests[1].headers.at("camspan-head"), std::to_string(second.size() - (all.size() - first)));
  second.erase(second.begin(), second.end() - static_cast<std::ptrdiff_t>(all.size() - first));
  EXPECT_EQ(second, std::vector(all.begin() + static_cast<std::ptrdiff_t>(first), all.end()));
  EXPECT_EQ(push->stats().bytes_dropped_error, 0u);
  EXPECT_EQ(heard.count("lost"), 1);
  EXPECT_GT(push->stats().bytes_resent, 0u);
}

TEST_F(H2PushTest, BeginsANewStreamWhenMemoryNoLongerHoldsWhatIsMissing) {
  std::promise<void> pushed_all;
  auto all_pushed = pushed_all.get_future().share();
  UploadServer server([all_pushed](std::size_t request) {
    auto script = UploadServer::answering(Answer::acknowledge);
    if (request == 0) {
      script.acknowledge_at_most = 3;
      script.abort_when = [all_pushed] { return all_pushed.wait_for(milliseconds(0)) == std::future_status::ready; };
    }
    return script;
  });
  H2PushConfig settings = config(server.url());
  settings.max_bytes = 64 << 10;
  settings.leaky = H2PushLeaky::downstream;
  const auto push = create(std::move(settings));
  test::FlvMaker::Shape shape;
  shape.duration_ms = 8000;
  shape.delta_bytes = 1000;
  const auto tags = maker.stream(shape);
  ASSERT_TRUE(push->push(make_unit(test::flv_file({}), UnitKind::other)));
  std::size_t sent = test::flv_file({}).size();
  for (const Bytes& tag : tags) {
    ASSERT_TRUE(push->push(make_unit(tag, UnitKind::other)));
    sent += tag.size();
    // A request begins with the first audio or video.
    if (&tag - tags.data() < 3) continue;
    ASSERT_TRUE(server.wait([&](const Requests& r) { return !r.empty() && r[0].body.size() >= sent; }));
  }
  pushed_all.set_value();
  ASSERT_TRUE(push->push(make_unit(maker.key(9000), UnitKind::other)));
  ASSERT_TRUE(server.wait([](const Requests& r) { return r.size() >= 2; }));
  ASSERT_TRUE(push->drain());
  const Requests requests = server.requests();
  EXPECT_EQ(heard.count("lost"), 1) << heard.last("lost");
  EXPECT_NE(requests[1].headers.at("camspan-stream"), requests[0].headers.at("camspan-stream"));
  EXPECT_EQ(requests[1].headers.at("camspan-first"), "0");
  UnitKind first_video = UnitKind::delta;
  for (const SharedUnit& unit : test::parse_flv(requests[1].body))
    if (unit->kind == UnitKind::key || unit->kind == UnitKind::delta) {
      first_video = unit->kind;
      break;
    }
  EXPECT_EQ(first_video, UnitKind::key);
  const H2PushStats stats = push->stats();
  EXPECT_GT(stats.bytes_dropped_error + stats.bytes_dropped_overflow, 0u);
  EXPECT_EQ(stats.bytes_in, 13 + stats.bytes_acked + stats.bytes_dropped_error + stats.bytes_dropped_overflow);
}

TEST_F(H2PushTest, UploadsToAServerThatAnswersAtTheEndOnly) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::silent); });
  H2PushConfig settings = config(server.url("/upload"));
  settings.method = H2PushMethod::put;
  settings.max_bytes = 64 << 10;
  const auto push = create(std::move(settings));
  const Bytes piece(10000, std::byte{7});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(push->push(make_unit(piece, UnitKind::other)));
  ASSERT_TRUE(push->drain());
  const Requests requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "PUT");
  EXPECT_EQ(requests[0].headers.at("content-type"), "application/octet-stream");
  EXPECT_EQ(requests[0].body.size(), 1'000'000u);
  EXPECT_EQ(push->stats().bytes_acked, 1'000'000u);
}

struct Refusal {
  int status;
  Errc code;
};

TEST_F(H2PushTest, GivesUpWhereTryingAgainHelpsNothing) {
  for (const Refusal row :
       {Refusal{401, Errc::not_authenticated}, Refusal{403, Errc::not_authorized}, Refusal{404, Errc::not_found},
        Refusal{413, Errc::too_large}, Refusal{415, Errc::wrong_type}}) {
    UploadServer server(
        [row](std::size_t) { return UploadServer::with_status(row.status, R"({"detail":"Say \"please\" first."})"); });
    Heard heard_now;
    auto push = H2Push::create(config(server.url()), heard_now.events()).value();
    // Refused already, perhaps: the request goes out before the first unit.
    static_cast<void>(push->push(make_unit(test::flv_file(maker.stream({})), UnitKind::other)));
    ASSERT_TRUE(heard_now.wait("failed")) << row.status;
    EXPECT_EQ(heard_now.code(), make_error_code(row.code));
    EXPECT_NE(heard_now.last("failed").find("Say \"please\" first."), std::string::npos) << heard_now.last("failed");
    EXPECT_EQ(push->push(make_unit(maker.key(0), UnitKind::other)).error(), make_error_code(Errc::closed));
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST_F(H2PushTest, TriesAgainWhereItHelps) {
  UploadServer server([](std::size_t request) {
    return request < 3 ? UploadServer::with_status(request == 0 ? 500 : 503)
                       : UploadServer::answering(Answer::acknowledge);
  });
  const auto push = create(config(server.url()));
  push_all(*push, maker.stream({}));
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(server.requests().size(), 4u);
  EXPECT_EQ(heard.count("lost"), 1) << "one outage";
}

TEST_F(H2PushTest, TellsOnceOfAReceiverThatIsNotThere) {
  H2PushConfig settings = config("http://127.0.0.1:1/x");
  settings.reconnect_delay = settings.reconnect_delay_max = std::chrono::milliseconds(1);
  settings.retries = 9;
  const auto push = create(settings);
  push->start();
  ASSERT_TRUE(heard.wait("failed"));
  EXPECT_EQ(heard.count("lost"), 1);
  EXPECT_EQ(heard.count("begun"), 10);
  EXPECT_EQ(heard.count("not connected"), 9) << "and the last try ends with failed";
}

TEST_F(H2PushTest, ReadsTheTokenFileAgainAfterA401) {
  const test::TempFolder folder;
  const std::string path = folder.path() / "token";
  folder.write("token", "old\n");
  UploadServer server([&](std::size_t request) {
    if (request > 0) return UploadServer::answering(Answer::acknowledge);
    folder.write("token", "new\n");
    return UploadServer::with_status(401);
  });
  H2PushConfig settings = config(server.url());
  settings.auth_token_file = path;
  const auto push = create(std::move(settings));
  push_all(*push, maker.stream({}));
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(server.requests().at(0).headers.at("authorization"), "Bearer old");
  EXPECT_EQ(server.requests().at(1).headers.at("authorization"), "Bearer new");
}

TEST_F(H2PushTest, AsksTheApplicationForATokenAfterA401) {
  UploadServer server([](std::size_t request) {
    return request ? UploadServer::answering(Answer::acknowledge) : UploadServer::with_status(401);
  });
  H2PushEvents events = heard.events();
  events.request_token = [] { return std::string("asked"); };
  auto push = H2Push::create(config(server.url()), std::move(events)).value();
  push_all(*push, maker.stream({}));
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(server.requests().at(1).headers.at("authorization"), "Bearer asked");
}

TEST_F(H2PushTest, GoesOnWhereA409Says) {
  UploadServer server([](std::size_t request) {
    if (request == 1) return UploadServer::with_status(409, R"({"type":"/problems/gap","expected":5})");
    auto script = UploadServer::answering(Answer::acknowledge);
    if (request == 0) script.abort_after_tags = 20, script.acknowledge_at_most = 2;
    return script;
  });
  const auto push = create(config(server.url()));
  push_all(*push, maker.stream({}));
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(server.requests().at(2).headers.at("camspan-first"), "5");
}

TEST_F(H2PushTest, RejectsWhatIsNotFlvWhenItShouldBe) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  H2PushConfig settings = config(server.url());
  settings.content = H2PushContent::flv;
  const auto push = create(std::move(settings));
  EXPECT_EQ(push->push(make_unit(Bytes(100, std::byte{1}), UnitKind::other)).error(),
            make_error_code(Errc::wrong_type));
}

TEST_F(H2PushTest, TakesTheLastLineOfAnUploadEndedEarlyAsARefusal) {
  UploadServer server([](std::size_t request) {
    auto script = UploadServer::answering(Answer::acknowledge);
    if (request < 2) script.abort_after_tags = 10 * (request + 1);
    if (request == 0) script.problem = R"({"status":503,"detail":"Storing works again."})";
    if (request == 1) script.problem = R"({"status":413,"detail":"A tag is too large."})";
    return script;
  });
  auto push = create(config(server.url()));
  ASSERT_TRUE(push->push(make_unit(test::flv_file(maker.stream({})), UnitKind::other)));
  ASSERT_TRUE(heard.wait("failed"));
  EXPECT_EQ(heard.count("lost"), 1);
  EXPECT_TRUE(heard.last("lost").ends_with(": Storing works again.")) << heard.last("lost");
  EXPECT_TRUE(heard.last("failed").ends_with(": A tag is too large.")) << heard.last("failed");
  EXPECT_EQ(server.requests().at(1).headers.at("camspan-first"), "10");
}

TEST_F(H2PushTest, EndsWithinASecondWhateverThePeerDoes) {
  UploadServer hanging([](std::size_t) { return UploadServer::answering(Answer::hang); });
  const test::ReservedPort dead;
  for (const std::string& location : {hanging.url(), "http://127.0.0.1:" + std::to_string(dead.number()) + "/x"}) {
    auto push = create(config(location));
    ASSERT_TRUE(push->push(make_unit(test::flv_file(maker.stream({})), UnitKind::other)));
    const auto begin = std::chrono::steady_clock::now();
    push.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1)) << location;
  }
}

TEST_F(H2PushTest, DrainIsBoundedAndUnlockEndsIt) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::hang); });
  H2PushConfig settings = config(server.url());
  settings.drain_timeout = milliseconds(50);
  auto push = create(settings);
  push_all(*push, maker.stream({}));
  EXPECT_EQ(push->drain().error(), make_error_code(Errc::timed_out));

  settings.drain_timeout = std::chrono::seconds(60);
  push = create(settings);
  push_all(*push, maker.stream({}));
  auto drained = std::async(std::launch::async, [&] { return push->drain(); });
  push->unlock(true);
  EXPECT_EQ(drained.get().error(), make_error_code(Errc::cancelled));
}

TEST_F(H2PushTest, KeepsToItsMemoryBoundWithoutAPeer) {
  H2PushConfig settings = config("http://127.0.0.1:1/x");  // tcpmux: nothing listens there
  settings.leaky = H2PushLeaky::downstream;
  settings.max_bytes = 256 << 10;
  const auto push = create(std::move(settings));
  ASSERT_TRUE(push->push(make_unit(test::flv_file({}), UnitKind::other)));
  std::uint64_t pushed_bytes = 13;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const Bytes tag = i % 25 ? maker.delta(i * 40, 4000) : maker.key(i * 40, 20000);
    pushed_bytes += tag.size();
    push->push(make_unit(tag, UnitKind::other)).has_value();
    ASSERT_LE(push->stats().bytes_queued, 256u << 10);
  }
  const H2PushStats stats = push->stats();
  EXPECT_EQ(stats.bytes_in, pushed_bytes);
  EXPECT_EQ(stats.bytes_queued + stats.bytes_dropped_overflow + 13, pushed_bytes) << "every byte has one place";
  EXPECT_TRUE(heard.wait("overflow"));
  EXPECT_TRUE(heard.wait("need-key"));
}

TEST_F(H2PushTest, SplitsIntoRequestsAtKeyFrames) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  H2PushConfig settings = config(server.url());
  settings.segment_time = std::chrono::seconds(1);
  const auto push = create(std::move(settings));
  test::FlvMaker::Shape shape;
  shape.duration_ms = 4000;
  const auto tags = maker.stream(shape);
  push_all(*push, tags);
  ASSERT_TRUE(push->drain());
  const Requests requests = server.requests();
  EXPECT_EQ(requests.size(), 4u);
  for (const ReceivedRequest& request : requests) EXPECT_TRUE(request.ended);
  EXPECT_EQ(push->stats().bytes_acked + 13, push->stats().bytes_in);
}

TEST_F(H2PushTest, RefusesSettingsThatCannotWork) {
  H2PushConfig settings = config("https://localhost:1/x");
  settings.ca_file = "/nowhere/ca.pem";
  auto push = H2Push::create(settings, {});
  ASSERT_FALSE(push);
  EXPECT_NE(push.error().sentence.find("/nowhere/ca.pem"), std::string::npos) << push.error().sentence;
  settings = config("http://localhost:1/x");
  settings.auth_token_file = "/nowhere/token";
  push = H2Push::create(settings, {});
  ASSERT_FALSE(push);
  EXPECT_NE(push.error().sentence.find("/nowhere/token"), std::string::npos) << push.error().sentence;
}

}  // namespace
}  // namespace camspan
