#include <gtest/gtest.h>
#include <camspan/h2_push.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "core/time.hpp"
#include "proto/flv/parser.hpp"
#include "proto/flv/tag.hpp"
#include "support/faulty_files.hpp"
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

std::string url_of(const test::ReservedPort& port) {
  return "http://127.0.0.1:" + std::to_string(port.number()) + "/ingest/cam1";
}

class H2PushSpoolTest : public ::testing::Test {
 protected:
  H2PushConfig config(const std::string& location) const {
    H2PushConfig result;
    result.location = location;
    result.reconnect_delay = milliseconds(1);
    result.reconnect_delay_max = milliseconds(20);
    result.leaky = H2PushLeaky::downstream;
    result.spool_location = folder.file("spool");
    result.drain_timeout = milliseconds(10'000);
    return result;
  }
  static std::unique_ptr<H2Push> create(H2PushConfig settings, Heard& heard) {
    auto push = H2Push::create(std::move(settings), heard.events());
    if (!push) ADD_FAILURE() << push.error().sentence;
    return push ? std::move(*push) : nullptr;
  }
  static void begin(H2Push& push) { ASSERT_TRUE(push.push(make_unit(test::flv_file({}), UnitKind::other))); }
  static void push_tags(H2Push& push, const std::vector<Bytes>& tags) {
    for (const Bytes& tag : tags) ASSERT_TRUE(push.push(make_unit(tag, UnitKind::other)));
  }
  std::vector<Bytes> stream(std::uint32_t first_ms, std::uint32_t duration_ms, bool head) {
    test::FlvMaker::Shape shape;
    shape.first_ms = first_ms;
    shape.duration_ms = duration_ms;
    shape.head = head;
    return maker.stream(shape);
  }
  /// Frames of all bodies, in the order of their timestamps and without the tags that a body repeats or a hub skips.
  static std::vector<test::TagContent> media_of(const Requests& requests) {
    std::vector<test::TagContent> all;
    for (const ReceivedRequest& request : requests) {
      if (request.body.empty()) continue;
      for (const SharedUnit& unit : test::parse_flv(request.body))
        if (unit->kind != UnitKind::config && unit->kind != UnitKind::script) {
          const auto content = test::content_of(*unit);
          if (std::ranges::find(all, content) == all.end()) all.push_back(content);
        }
    }
    std::ranges::stable_sort(all, {}, &test::TagContent::timestamp);
    return all;
  }
  static std::vector<test::TagContent> media_of(const std::vector<Bytes>& tags) {
    Requests one(1);
    one[0].body = test::flv_file(tags);
    return media_of(one);
  }
  template <class Condition>
  static bool wait_stats(H2Push& push, Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition(push.stats())) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  /// What all files of the spool hold now.
  std::string spooled_bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.file("spool"))) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  /// The part of a tag that is the same in every file: without timestamp and trailer.
  static std::string payload_of(const Bytes& tag) {
    return std::string(as_text(ByteView(tag).subspan(flv::kTagHeaderBytes, tag.size() - flv::kTagHeaderBytes - 4)));
  }

  test::TempFolder folder;
  test::FlvMaker maker;
  Heard heard;
};

TEST_F(H2PushSpoolTest, WhatCannotBeSentWaitsOnDiskAndFollowsUnderItsName) {
  const test::ReservedPort port;
  const auto push = create(config(url_of(port)), heard);
  begin(*push);
  const auto before = stream(0, 2000, true);
  push_tags(*push, before);
  // All of it has left memory for the disk.
  ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes > 0 && s.bytes_queued == 0; }));
  EXPECT_EQ(heard.count("lost"), 1);
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); }, nullptr, port.number());
  ASSERT_TRUE(heard.wait("connected"));
  const auto after = stream(2000, 1000, false);
  push_tags(*push, after);
  ASSERT_TRUE(push->drain());
  const Requests requests = server.requests();
  auto all = before;
  all.insert(all.end(), after.begin(), after.end());
  EXPECT_EQ(media_of(requests), media_of(all));
  // Two streams: what was spooled begins with tag 0, live goes on as another one.
  std::set<std::string> streams;
  for (const ReceivedRequest& request : requests) streams.insert(request.headers.at("camspan-stream"));
  EXPECT_EQ(streams.size(), 2u);
  const H2PushStats stats = push->stats();
  EXPECT_EQ(stats.spool_bytes, 0u);
  EXPECT_EQ(stats.bytes_dropped_spool + stats.bytes_dropped_error + stats.bytes_dropped_overflow, 0u);
  EXPECT_EQ(stats.bytes_acked + 13, stats.bytes_in);
  EXPECT_TRUE(heard.wait("spool-empty"));
}

TEST_F(H2PushSpoolTest, AStreamBeginsWithItsFirstMediaHoweverEarlyItsHeadCame) {
  const UtcTime captured = std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) - std::chrono::hours(1);
  for (const auto mode : {H2PushSpoolMode::outage, H2PushSpoolMode::always}) {
    UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
    H2PushConfig settings = config(server.url());
    settings.spool_mode = mode;
    const auto push = create(settings, heard);
    begin(*push);
    push_tags(*push, {maker.metadata(), maker.avc_config()});
    ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.connects == 1; }));
    auto key = std::make_shared<Unit>(*make_unit(maker.key(0), UnitKind::other));
    key->captured = captured;
    ASSERT_TRUE(push->push(key));
    ASSERT_TRUE(push->drain());
    EXPECT_EQ(server.requests().at(0).headers.at("camspan-start"), format_utc(captured));
  }
}

TEST_F(H2PushSpoolTest, EndsAStreamWrittenAheadThatHasNoMedia) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  H2PushConfig settings = config(server.url());
  settings.spool_mode = H2PushSpoolMode::always;
  const auto push = create(settings, heard);
  begin(*push);
  push_tags(*push, {maker.metadata(), maker.avc_config()});
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(test::parse_flv(server.requests().at(0).body).size(), 2u);
  // More may come after it.
  begin(*push);
  push_tags(*push, stream(0, 1000, true));
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(media_of(server.requests()).size(), 75u);
}

TEST_F(H2PushSpoolTest, AnotherUploadSendsWhatOneLeftWithoutAnyDataOfItsOwn) {
  const test::ReservedPort port;
  const auto tags = stream(0, 1000, true);
  {
    const auto push = create(config(url_of(port)), heard);
    begin(*push);
    push_tags(*push, tags);
    ASSERT_TRUE(heard.wait("lost"));
  }
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); }, nullptr, port.number());
  Heard other;
  const auto push = create(config(url_of(port)), other);
  push->start();
  ASSERT_TRUE(server.wait([](const Requests& r) { return !r.empty() && r.back().ended; }));
  EXPECT_EQ(media_of(server.requests()), media_of(tags));
  EXPECT_EQ(server.requests()[0].headers.at("camspan-first"), "0");
  EXPECT_TRUE(server.requests()[0].headers.contains("camspan-start"));
  EXPECT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes == 0; }));
}

TEST_F(H2PushSpoolTest, MemoryGoesToDiskWhenTheUploadIsEndedInTheMiddle) {
  const auto tags = stream(0, 1000, true);
  UploadServer deaf([](std::size_t) {
    auto script = UploadServer::answering(Answer::acknowledge);
    script.acknowledge_at_most = 10;
    return script;
  });
  {
    const auto push = create(config(deaf.url()), heard);
    begin(*push);
    push_tags(*push, tags);
    ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.tags_acked == 10; }));
  }
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  Heard other;
  const auto push = create(config(server.url()), other);
  push->start();
  ASSERT_TRUE(server.wait([](const Requests& r) { return !r.empty() && r.back().ended; }));
  const auto request = server.requests()[0];
  EXPECT_EQ(request.headers.at("camspan-first"), "10");
  EXPECT_EQ(request.headers.at("camspan-stream"), deaf.requests()[0].headers.at("camspan-stream"));
  const auto all = media_of(tags);
  const auto rest = media_of(server.requests());
  EXPECT_EQ(rest, std::vector(all.end() - static_cast<std::ptrdiff_t>(rest.size()), all.end()));
  EXPECT_EQ(rest.size() + 10, tags.size());
}

TEST_F(H2PushSpoolTest, WrittenAheadATagIsSentOnlyWhenItIsOnDisk) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  test::FaultyFiles files;
  H2PushConfig settings = config(server.url());
  settings.spool_mode = H2PushSpoolMode::always;
  const auto push = create(std::move(settings), heard);
  begin(*push);
  const auto tags = stream(0, 1000, true);
  push_tags(*push, tags);
  ASSERT_TRUE(push->drain());
  EXPECT_GT(files.syncs.load(), 0);
  EXPECT_EQ(media_of(server.requests()), media_of(tags));
  EXPECT_EQ(push->stats().spool_bytes, 0u);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(H2PushSpoolTest, WrittenAheadATagIsInItsFileWhenPushReturns) {
  const test::ReservedPort port;
  H2PushConfig settings = config(url_of(port));
  settings.spool_mode = H2PushSpoolMode::always;
  const auto push = create(std::move(settings), heard);
  begin(*push);
  bool media = false;
  for (const Bytes& tag : stream(0, 2000, true)) {
    push_tags(*push, {tag});
    // What begins a stream is written with the first frame.
    const auto info = flv::inspect(tag);
    media = media || (info->kind != UnitKind::config && info->kind != UnitKind::script);
    ASSERT_TRUE(!media || spooled_bytes().find(payload_of(tag)) != std::string::npos);
  }
}

TEST_F(H2PushSpoolTest, ADiskThatStallsHoldsPushUpOnce) {
  test::FaultyFiles files;
  const test::ReservedPort port;
  H2PushConfig settings = config(url_of(port));
  settings.spool_mode = H2PushSpoolMode::always;
  const auto push = create(std::move(settings), heard);
  begin(*push);
  const auto tags = stream(0, 2000, true);
  push_tags(*push, {tags.begin(), tags.begin() + 10});
  files.stalled = true;
  const auto since = std::chrono::steady_clock::now();
  push_tags(*push, {tags.begin() + 10, tags.end()});
  const auto took = std::chrono::steady_clock::now() - since;
  files.stalled = false;
  EXPECT_GE(took, milliseconds(900));
  EXPECT_LT(took, milliseconds(4000)) << tags.size() << " tags";
  // It has caught up, and push() waits again.
  ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.bytes_queued == 0; }));
  const auto more = stream(2000, 500, false);
  push_tags(*push, more);
  EXPECT_NE(spooled_bytes().find(payload_of(more.back())), std::string::npos);
}

TEST_F(H2PushSpoolTest, PushDoesNotWaitForADiskWhileItIsUnlocked) {
  test::FaultyFiles files;
  const test::ReservedPort port;
  H2PushConfig settings = config(url_of(port));
  settings.spool_mode = H2PushSpoolMode::always;
  const auto push = create(std::move(settings), heard);
  begin(*push);
  const auto tags = stream(0, 1000, true);
  push_tags(*push, {tags.begin(), tags.begin() + 10});
  files.stalled = true;
  push->unlock(true);
  const auto since = std::chrono::steady_clock::now();
  push_tags(*push, {tags.begin() + 10, tags.end()});
  const auto took = std::chrono::steady_clock::now() - since;
  files.stalled = false;
  EXPECT_LT(took, milliseconds(900));
}

TEST_F(H2PushSpoolTest, ATagThatTheReceiverLacksForGoodDoesNotHoldUpTheRest) {
  const test::ReservedPort port;
  {
    const auto push = create(config(url_of(port)), heard);
    begin(*push);
    push_tags(*push, stream(0, 1000, true));
    ASSERT_TRUE(heard.wait("lost"));
  }
  // The receiver never saw this stream as it begins, and says so.
  UploadServer server(
      [](std::size_t request) {
        return request == 0 ? UploadServer::with_status(409, R"({"expected":0})")
                            : UploadServer::answering(Answer::acknowledge);
      },
      nullptr, port.number());
  Heard other;
  const auto push = create(config(url_of(port)), other);
  push->start();
  ASSERT_TRUE(server.wait([](const Requests& r) { return r.size() == 2 && r.back().ended; }));
  const Requests requests = server.requests();
  EXPECT_NE(requests[1].headers.at("camspan-stream"), requests[0].headers.at("camspan-stream"));
  EXPECT_EQ(requests[1].headers.at("camspan-first"), "0");
  EXPECT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes == 0; }));
}

TEST_F(H2PushSpoolTest, ADiskThatFailsIsToldOnceAndMemoryTakesItsPlace) {
  test::FaultyFiles files;
  const test::ReservedPort port;
  const auto push = create(config(url_of(port)), heard);
  push->start();
  ASSERT_TRUE(heard.wait("lost"));
  files.open_error = EROFS;
  begin(*push);
  const auto tags = stream(0, 1000, true);
  push_tags(*push, tags);
  ASSERT_TRUE(heard.wait("spool-failed"));
  EXPECT_NE(heard.last("spool-failed").find(folder.file("spool")), std::string::npos);
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); }, nullptr, port.number());
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(media_of(server.requests()), media_of(tags));
  EXPECT_EQ(heard.count("spool-failed"), 1);
}

TEST_F(H2PushSpoolTest, ASpoolThatCannotBeOpenedIsToldAndTheUploadGoesOn) {
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); });
  folder.write("file", "");
  for (const auto mode : {H2PushSpoolMode::outage, H2PushSpoolMode::always}) {
    H2PushConfig settings = config(server.url());
    settings.spool_location = folder.file("file");
    settings.spool_mode = mode;
    Heard told;
    const auto push = create(std::move(settings), told);
    begin(*push);
    push_tags(*push, stream(0, 500, true));
    ASSERT_TRUE(told.wait("spool-failed"));
    EXPECT_NE(told.last("spool-failed").find("spool-location"), std::string::npos);
    EXPECT_TRUE(push->drain());
  }
}

TEST_F(H2PushSpoolTest, AnOutageHoldsMemoryFarBelowItsBound) {
  const test::ReservedPort port;
  H2PushConfig settings = config(url_of(port));
  settings.spool_max_bytes = 4 << 20;
  const auto push = create(std::move(settings), heard);
  begin(*push);
  push_tags(*push, stream(0, 400, true));
  ASSERT_TRUE(heard.wait("lost"));
  // Ten times what memory may hold, no faster than the disk takes it.
  std::uint64_t most = 0;
  for (std::uint32_t second = 0; second < 40; ++second) {
    test::FlvMaker::Shape shape;
    shape.first_ms = 400 + second * 1000;
    shape.duration_ms = 1000;
    shape.key_bytes = 100'000;
    shape.delta_bytes = 40'000;
    shape.head = false;
    push_tags(*push, maker.stream(shape));
    ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.bytes_queued < 2 << 20; }));
    most = std::max(most, push->stats().bytes_queued);
  }
  const H2PushStats stats = push->stats();
  EXPECT_LT(most, 4u << 20);
  EXPECT_EQ(stats.bytes_dropped_overflow + stats.bytes_dropped_error, 0u);
  EXPECT_GT(stats.bytes_dropped_spool, 30u << 20);
  EXPECT_LE(stats.spool_bytes, 4u << 20);
}

TEST_F(H2PushSpoolTest, WhatIsDroppedOnDemandIsCounted) {
  const test::ReservedPort port;
  {
    const auto push = create(config(url_of(port)), heard);
    begin(*push);
    push_tags(*push, stream(0, 1000, true));
    ASSERT_TRUE(heard.wait("lost"));
  }
  Heard other;
  const auto push = create(config(url_of(port)), other);
  push->start();
  ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes > 0; }));
  push->drop_spool();
  EXPECT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes == 0 && s.bytes_dropped_spool > 0; }));
}

TEST_F(H2PushSpoolTest, WhatGrowsIsDroppedOnDemandToo) {
  const test::ReservedPort port;
  const auto push = create(config(url_of(port)), heard);
  begin(*push);
  push_tags(*push, stream(0, 1000, true));
  ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes > 0 && s.bytes_queued == 0; }));
  push->drop_spool();
  ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes == 0 && s.bytes_dropped_spool > 0; }));
  EXPECT_EQ(push->stats().bytes_dropped_spool + 13, push->stats().bytes_in);
  // What comes after it is stored and sent as ever.
  const auto after = stream(1000, 1000, false);
  push_tags(*push, after);
  ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes > 0 && s.bytes_queued == 0; }));
  // Of its stream tags are missing in front, which the receiver says.
  UploadServer server(
      [](std::size_t request) {
        return request == 0 ? UploadServer::with_status(409, R"({"expected":0})")
                            : UploadServer::answering(Answer::acknowledge);
      },
      nullptr, port.number());
  ASSERT_TRUE(push->drain());
  EXPECT_EQ(media_of(server.requests()), media_of(after));
  EXPECT_EQ(push->stats().spool_bytes, 0u);
}

TEST_F(H2PushSpoolTest, AFolderThatComesLateIsUsedThen) {
  for (const auto mode : {H2PushSpoolMode::outage, H2PushSpoolMode::always}) {
    const test::ReservedPort port;
    H2PushConfig settings = config(url_of(port));
    const std::string mount = folder.write(mode == H2PushSpoolMode::always ? "always" : "outage", "");
    settings.spool_location = mount;
    settings.spool_mode = mode;
    Heard told;
    const auto push = create(std::move(settings), told);
    begin(*push);
    const auto before = stream(0, 1000, true);
    push_tags(*push, before);
    ASSERT_TRUE(told.wait("spool-failed"));
    EXPECT_EQ(told.count("spool") + told.count("spool-empty"), 0);
    std::filesystem::remove(mount);
    // What memory held goes there, too.
    ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.spool_bytes > 0 && s.bytes_queued == 0; }));
    ASSERT_TRUE(told.wait("spool-empty"));
    EXPECT_EQ(told.count("spool-failed"), 1);
    const auto after = stream(1000, 1000, false);
    push_tags(*push, after);
    UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); }, nullptr,
                        port.number());
    ASSERT_TRUE(push->drain());
    auto all = before;
    all.insert(all.end(), after.begin(), after.end());
    EXPECT_EQ(media_of(server.requests()), media_of(all));
  }
}

TEST_F(H2PushSpoolTest, AnEndDoesNotWaitForAFolderThatNeverComes) {
  const test::ReservedPort port;
  folder.write("file", "");
  H2PushConfig settings = config(url_of(port));
  settings.spool_location = folder.file("file");
  auto push = create(std::move(settings), heard);
  push->start();
  ASSERT_TRUE(heard.wait("spool-failed"));
  const auto since = std::chrono::steady_clock::now();
  push.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - since, milliseconds(1500));
}

TEST_F(H2PushSpoolTest, TheNextUploadSaysHowManyTagsTheOneBeforeHad) {
  const test::ReservedPort port;
  const auto tags = stream(0, 1000, true);
  std::string first_stream;
  {
    const auto push = create(config(url_of(port)), heard);
    begin(*push);
    push_tags(*push, tags);
    ASSERT_TRUE(heard.wait("lost"));
    first_stream = push->stats().stream_id;
  }
  UploadServer server([](std::size_t) { return UploadServer::answering(Answer::acknowledge); }, nullptr, port.number());
  Heard other;
  const auto after = [&] {
    std::vector<std::string> said;
    for (const ReceivedRequest& request : server.requests())
      if (request.headers.contains("camspan-after")) said.push_back(request.headers.at("camspan-after"));
    return said;
  };
  for (int i = 0; i < 2; ++i) {
    const auto push = create(config(server.url()), other);
    push->start();
    ASSERT_TRUE(wait_stats(*push, [](const H2PushStats& s) { return s.connects > 0 && s.spool_bytes == 0; }));
    begin(*push);
    push_tags(*push, stream(static_cast<std::uint32_t>(1000 + i * 1000), 500, true));
    ASSERT_TRUE(push->drain());
    // Told once: it was acknowledged.
    EXPECT_EQ(after(), (std::vector<std::string>{first_stream + ";" + std::to_string(tags.size())}));
  }
}

}  // namespace
}  // namespace camspan
