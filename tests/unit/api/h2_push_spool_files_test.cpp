/// Mode stream sends what is spooled by the service for files, against the server's side of that.
#include <camspan/hal_tls.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <camspan/h2_push.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <thread>

#include "api/spool_file.hpp"
#include "core/crc64.hpp"
#include "proto/link/sign.hpp"
#include "recordings/segment_file.hpp"
#include "support/flv_maker.hpp"
#include "support/heard.hpp"
#include "support/jumping_clock.hpp"
#include "support/link_server.hpp"
#include "support/reserved_port.hpp"
#include "support/test_certificates.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using test::Heard;
using test::LinkServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Requests = std::vector<LinkServer::Request>;
namespace fs = std::filesystem;

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
constexpr const char* kStream = "0e984725-c51c-4bf4-9960-e1c80e27aba0";
constexpr const char* kService = "c/iot/sys/thing/file/upload";

bool of_files(const LinkServer::Request& request) {
  return request.path.ends_with(kService);
}

class H2PushSpoolFilesTest : public testing::Test {
 protected:
  H2PushSpoolFilesTest() {
    const auto pair = certificates_.server({"localhost"});
    hal_tls_options options{};
    options.cert_file = pair.cert_file.c_str();
    options.key = pair.key_file.c_str();
    options.alpn = "h2";
    tls_.reset(hal_tls_context(HAL_TLS_SERVER, &options, nullptr, 0), SSL_CTX_free);
  }
  H2PushConfig config(std::uint16_t port) const {
    H2PushConfig config;
    config.mode = H2PushMode::stream;
    config.host = "localhost";
    config.port = port;
    config.ca_file = certificates_.ca_file();
    config.product_key = "a1TESTPK001";
    config.device_name = "cam-01";
    config.device_secret = kSecret;
    config.stream_id = kStream;
    config.reconnect_delay = milliseconds(1);
    config.reconnect_delay_max = milliseconds(20);
    config.spool_location = folder();
    return config;
  }
  std::string folder() const { return certificates_.folder().file("spool"); }
  /// What an upload leaves that never found its server.
  void spool(const test::FlvMaker::Shape& shape) {
    const test::ReservedPort nobody;
    Heard heard;
    const auto push = H2Push::create(config(nobody.number()), heard.events()).value();
    tags_ = test::FlvMaker().stream(shape);
    ASSERT_TRUE(push->push(make_unit(test::flv_file({}), UnitKind::other)));
    for (const Bytes& tag : tags_) ASSERT_TRUE(push->push(make_unit(tag, UnitKind::other)));
    ASSERT_TRUE(heard.wait("lost"));
  }
  /// Another upload with the same folder, without any data of its own.
  void start(LinkServer::Behaviour behaviour) {
    server_ = std::make_unique<LinkServer>(std::move(behaviour), tls_.get());
    H2PushConfig settings = config(server_->port());
    settings.stream_id.clear();
    push_ = H2Push::create(std::move(settings), heard_.events()).value();
    push_->start();
  }
  bool wait_until_empty() {
    // It says so when it is told that the spool is empty, which it may be before it said that it is not.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (segments() > 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return segments() == 0;
  }
  std::size_t segments() const {
    std::size_t count = 0;
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(folder(), ignored), end; at != end; at.increment(ignored))
      count += at->path().extension() == ".flv";
    return count;
  }
  Requests requests_of_files() {
    Requests result;
    for (auto& request : server_->requests())
      if (of_files(request)) result.push_back(request);
    return result;
  }
  /// The tags of all files, without what they repeat and our stamp.
  std::vector<test::TagContent> media() {
    std::vector<test::TagContent> result;
    for (const auto& [name, file] : server_->files())
      for (const SharedUnit& unit : test::parse_flv(file.data))
        if (unit->kind == UnitKind::key || unit->kind == UnitKind::delta || unit->kind == UnitKind::audio)
          result.push_back(test::content_of(*unit));
    std::ranges::stable_sort(result, {}, &test::TagContent::timestamp);
    return result;
  }
  std::vector<test::TagContent> sent_media() const {
    std::vector<test::TagContent> result;
    for (const SharedUnit& unit : test::tag_units(tags_))
      if (unit->kind != UnitKind::config && unit->kind != UnitKind::script) result.push_back(test::content_of(*unit));
    return result;
  }
  static std::vector<std::string> names(const LinkServer::Request& request) {
    std::vector<std::string> result;
    for (const auto& [name, value] : request.fields) result.push_back(name);
    return result;
  }

  std::optional<test::JumpingClock> clock_;  ///< outlives the upload
  test::TestCertificates certificates_;
  std::shared_ptr<ssl_ctx_st> tls_;
  std::vector<Bytes> tags_;
  std::unique_ptr<LinkServer> server_;
  Heard heard_;
  std::unique_ptr<H2Push> push_;
};

TEST_F(H2PushSpoolFilesTest, ASegmentIsAFileNamedByStreamNumberAndTime) {
  test::FlvMaker::Shape shape;
  shape.first_ms = 3'600'000;
  spool(shape);
  start({});
  ASSERT_TRUE(wait_until_empty());
  const Requests requests = requests_of_files();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_THAT(names(requests[0]),
              ElementsAre("x-auth-name", "x-auth-param-client-id", "x-auth-param-signmethod",
                          "x-auth-param-product-key", "x-auth-param-device-name", "x-auth-param-sign", "x-sdk-version",
                          "x-sdk-version-name", "x-sdk-platform", "content-length", "x-file-name"));
  const link::Names device{"a1TESTPK001.cam-01", "a1TESTPK001", "cam-01", ""};
  EXPECT_EQ(requests[0].field("x-auth-param-sign"), link::sign(link::SignMethod::hmac_sha1, device, kSecret));
  std::smatch parts;
  const std::string name = requests[0].field("x-file-name");
  ASSERT_TRUE(std::regex_match(name, parts, std::regex("spool_([0-9a-f]{32})_([0-9]+)_([0-9]+)\\.flv"))) << name;
  EXPECT_EQ(parts[1], "0e984725c51c4bf49960e1c80e27aba0");
  EXPECT_EQ(parts[2], "0");
  const auto now = std::chrono::system_clock::now().time_since_epoch() / milliseconds(1);
  EXPECT_NEAR(std::stod(parts[3]), static_cast<double>(now), 60'000);
  const auto files = server_->files();
  ASSERT_THAT(files, SizeIs(1));
  const LinkServer::File& file = files.begin()->second;
  EXPECT_EQ(files.begin()->first, name);

  EXPECT_EQ(requests[1].method + " " + requests[1].path, std::string("POST /stream/send/") + kService);
  EXPECT_THAT(names(requests[1]), ElementsAre("content-length", "x-data-stream-id", "x-sdk-version",
                                              "x-sdk-version-name", "x-sdk-platform", "x-file-upload-id"));
  EXPECT_EQ(requests[1].field("content-length"), std::to_string(file.data.size()));
  EXPECT_EQ(requests[1].field("x-file-upload-id"), file.id);
  Crc64 sum;
  sum.add(file.data);
  EXPECT_TRUE(requests[2].is("close"));
  EXPECT_EQ(requests[2].field("x-file-crc64ecma"), std::to_string(sum.value()));
  for (const auto& request : requests)
    for (const std::string& field : names(request)) EXPECT_FALSE(field.starts_with("camspan-")) << field;

  EXPECT_EQ(media(), sent_media()) << "with the timestamps of the stream";
  const std::string path = certificates_.folder().file("got.flv");
  std::ofstream(path, std::ios::binary) << as_text(file.data);
  const auto segment = recordings::SegmentFile::open(path);
  ASSERT_TRUE(segment) << "a whole FLV that says which stream it is";
  EXPECT_EQ(segment->stamp().stream, kStream);
  EXPECT_EQ(segment->stamp().first, 0u);
  EXPECT_EQ(segment->stamp().head, 0u);
  EXPECT_EQ(segment->stamp().base_ms, 0);
}

TEST_F(H2PushSpoolFilesTest, GoesOnWhereALostConnectionLeftIt) {
  test::FlvMaker::Shape shape;
  shape.key_bytes = 200'000;
  shape.delta_bytes = 40'000;
  spool(shape);
  bool dropped = false;
  LinkServer::Behaviour behaviour;
  behaviour.drop = [&dropped](const LinkServer::Request& request) {
    const bool now = of_files(request) && request.body.size() > 700'000 && !std::exchange(dropped, true);
    return now;
  };
  start(std::move(behaviour));
  ASSERT_TRUE(wait_until_empty());
  EXPECT_EQ(media(), sent_media());
  std::size_t resumed = 0;
  std::uint64_t sent = 0;
  for (const auto& request : requests_of_files()) {
    if (request.is("open") && !request.field("x-file-upload-id").empty()) {
      ++resumed;
      EXPECT_EQ(request.field("x-file-name"), "");
    }
    if (!request.is("send")) continue;
    EXPECT_LE(std::stoull(request.field("content-length")), 1u << 20);
    sent += request.body.size();
  }
  EXPECT_EQ(resumed, 1u);
  std::uint64_t stored = 0;
  for (const auto& [name, file] : server_->files()) stored += file.data.size();
  EXPECT_EQ(sent, stored) << "nothing was sent twice";
  EXPECT_EQ(push_->stats().bytes_dropped_spool, 0u);
}

TEST_F(H2PushSpoolFilesTest, BeginsAnewWhenTheReceiverForgotTheUpload) {
  spool({});
  int closes = 0;
  bool forgotten = false;
  LinkServer::Behaviour behaviour;
  behaviour.answer = [&](const LinkServer::Request& request) -> std::optional<LinkServer::Answer> {
    if (!of_files(request)) return std::nullopt;
    if (request.is("close") && closes++ == 0) return LinkServer::Answer{503, {}, R"({"code":503,"message":"later"})"};
    if (request.is("open") && !request.field("x-file-upload-id").empty() && !std::exchange(forgotten, true))
      return LinkServer::Answer{404, {}, R"({"code":404,"message":"no such upload"})"};
    if (request.is("open") && forgotten)
      return LinkServer::Answer{200, {{"x-file-upload-id", "UL9"}, {"x-data-stream-id", "DS9"}}, ""};
    return std::nullopt;
  };
  start(std::move(behaviour));
  ASSERT_TRUE(wait_until_empty());
  std::vector<std::string> opens;
  for (const auto& request : requests_of_files())
    if (request.is("open")) opens.push_back(request.field("x-file-name").empty() ? "by id" : "by name");
  EXPECT_THAT(opens, ElementsAre("by name", "by id", "by name"));
}

TEST_F(H2PushSpoolFilesTest, APieceThatIsRefusedForGoodIsCountedAsLost) {
  spool({});
  LinkServer::Behaviour behaviour;
  behaviour.answer = [](const LinkServer::Request& request) -> std::optional<LinkServer::Answer> {
    if (of_files(request) && request.is("close"))
      return LinkServer::Answer{415, {}, R"({"code":415,"message":"no FLV"})"};
    return std::nullopt;
  };
  start(std::move(behaviour));
  ASSERT_TRUE(wait_until_empty());
  // Deleted before it is told of.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (push_->stats().bytes_dropped_spool == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  std::uint64_t bytes = 0;
  for (const Bytes& tag : tags_) bytes += tag.size();
  EXPECT_EQ(push_->stats().bytes_dropped_spool, bytes);
}

TEST_F(H2PushSpoolFilesTest, TagsWhoseEarlierOnesAreGoneAreAnotherStream) {
  spool({});
  LinkServer::Behaviour behaviour;
  bool refused = false;
  behaviour.answer = [&refused](const LinkServer::Request& request) -> std::optional<LinkServer::Answer> {
    if (of_files(request) && request.is("close") && !std::exchange(refused, true))
      return LinkServer::Answer{409, {}, R"({"code":409,"message":"a gap","expected":0})"};
    return std::nullopt;
  };
  start(std::move(behaviour));
  ASSERT_TRUE(wait_until_empty());
  std::vector<std::string> opened;
  for (const auto& request : requests_of_files())
    if (request.is("open")) opened.push_back(request.field("x-file-name"));
  ASSERT_THAT(opened, SizeIs(1));
  EXPECT_THAT(opened[0], HasSubstr("0e984725c51c4bf49960e1c80e27aba0"));
  // As live does: the name of a file has no place for what it is the rest of.
  const auto requests = server_->requests();
  const auto sent = std::ranges::find_if(
      requests, [](const auto& request) { return request.is("send") && !request.field("camspan-rest").empty(); });
  ASSERT_NE(sent, requests.end());
  EXPECT_EQ(sent->field("camspan-rest"), std::string(kStream) + ";3");
  EXPECT_NE(sent->field("camspan-stream"), kStream);
  EXPECT_EQ(sent->field("camspan-first"), "0");
}

TEST_F(H2PushSpoolFilesTest, WhatHasNoDateAndNeverWillGoesAsLiveDoes) {
  clock_.emplace();
  test::JumpingClock::offset = -50 * test::JumpingClock::kYear;
  spool({});
  ASSERT_EQ(segments(), 1u);
  // The machine was started again since.
  for (const auto& entry : fs::recursive_directory_iterator(folder())) {
    if (!entry.path().filename().string().starts_with("boot-")) continue;
    fs::rename(entry.path(), entry.path().parent_path() / "boot-0123456789abcdef");
    break;
  }
  test::JumpingClock::offset = 0;
  start({});
  ASSERT_TRUE(wait_until_empty());
  EXPECT_THAT(requests_of_files(), SizeIs(0));
  const auto requests = server_->requests();
  const auto sent = std::ranges::find_if(requests, [](const auto& request) { return request.is("send"); });
  ASSERT_NE(sent, requests.end());
  EXPECT_EQ(sent->field("camspan-stream"), kStream);
  EXPECT_EQ(sent->field("camspan-start"), "");
  EXPECT_EQ(sent->field("camspan-spooled"), "1");
  EXPECT_EQ(sent->body, test::flv_file(tags_));
}

TEST(SpoolFileTest, ItsNameNeedsAStreamThatIsAUuid) {
  const UtcTime start{milliseconds(1'795'249'800'000)};
  EXPECT_EQ(SpoolFile::name_of("0E984725-C51C-4BF4-9960-E1C80E27ABA0", 17, start),
            "spool_0e984725c51c4bf49960e1c80e27aba0_17_1795249800000.flv");
  EXPECT_EQ(SpoolFile::name_of("my stream", 17, start), std::nullopt);
}

TEST(SpoolFileTest, IsTheSameBytesHoweverTheyAreTaken) {
  const auto tags = test::tag_units(test::FlvMaker().stream({}));
  SpoolFile::Content content;
  content.stream = kStream;
  content.head = {tags[0], tags[1]};
  for (std::size_t i = 2; i < tags.size(); ++i) content.tag_bytes += tags[i]->bytes.size();
  const auto read = [&](std::uint64_t most) {
    SpoolFile file(content);
    Bytes all;
    for (std::size_t next = 2; file.position() < file.size();) {
      if (file.needs_tags()) file.add({tags[next++]});
      const Bytes bytes = file.take(most);
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    EXPECT_EQ(all.size(), file.size());
    Crc64 sum;
    sum.add(all);
    EXPECT_EQ(file.checksum(), sum.value());
    return all;
  };
  const Bytes whole = read(1 << 20);
  EXPECT_EQ(read(1), whole);
  EXPECT_EQ(read(77), whole);
  EXPECT_EQ(test::parse_flv(whole).size(), tags.size() + 1);
}

}  // namespace
}  // namespace camspan
