/// H2Push in mode stream, against a server that answers by a script.
#include <camspan/hal_tls.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <camspan/h2_push.hpp>

#include <fstream>
#include <future>

#include "proto/link/sign.hpp"
#include "support/flv_maker.hpp"
#include "support/test_certificates.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using test::ReceivedRequest;
using test::UploadServer;
using Answer = UploadServer::Answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

UploadServer::Script acknowledge() {
  return {};
}

UploadServer::Script opened(const std::string& channel) {
  auto script = UploadServer::with_status(200);
  script.headers = {{"x-data-stream-id", channel}, {"x-response-status", "200"}};
  return script;
}

class H2PushStreamTest : public testing::Test {
 protected:
  /// Answers request n with script n; those after the last with 200.
  void serve(std::vector<UploadServer::Script> scripts) {
    serve_by([scripts = std::move(scripts)](std::size_t request) {
      return request < scripts.size() ? scripts[request] : UploadServer::with_status(200);
    });
  }
  void serve_by(UploadServer::Plan plan) {
    const auto pair = certificates_.server({"localhost"});
    hal_tls_options options{};
    options.cert_file = pair.cert_file.c_str();
    options.key = pair.key_file.c_str();
    options.alpn = "h2";
    tls_.reset(hal_tls_context(HAL_TLS_SERVER, &options, nullptr, 0), SSL_CTX_free);
    server_ = std::make_unique<UploadServer>(std::move(plan), tls_.get());
  }
  H2PushConfig config() const {
    H2PushConfig config;
    config.mode = H2PushMode::stream;
    config.host = "localhost";
    config.port = server_->port();
    config.ca_file = certificates_.ca_file();
    config.product_key = "a1TESTPK001";
    config.device_name = "cam-01";
    config.device_secret = kSecret;
    config.identify = "a/service";
    config.reconnect_delay = std::chrono::milliseconds(1);
    config.reconnect_delay_max = std::chrono::milliseconds(20);
    return config;
  }
  std::unique_ptr<H2Push> create(H2PushConfig settings) {
    H2PushEvents events;
    events.failed = [this](const Failure& failure) { failure_.set_value(failure); };
    auto push = H2Push::create(std::move(settings), std::move(events));
    if (!push) ADD_FAILURE() << push.error().sentence;
    return push ? std::move(*push) : nullptr;
  }
  /// A file that goes through; what was asked of the server for it.
  std::vector<std::string> send_film(H2Push& push) {
    tags_ = maker_.stream({});
    EXPECT_TRUE(push.push(make_unit(test::flv_file({}), UnitKind::other)));
    for (const Bytes& tag : tags_) EXPECT_TRUE(push.push(make_unit(tag, UnitKind::other)));
    EXPECT_TRUE(push.drain());
    std::vector<std::string> asked;
    for (const ReceivedRequest& request : server_->requests()) asked.push_back(request.method + " " + request.path);
    return asked;
  }
  Failure failure() {
    auto told = failure_.get_future();
    if (told.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return {};
    return told.get();
  }

  test::TestCertificates certificates_;
  std::shared_ptr<ssl_ctx_st> tls_;
  std::unique_ptr<UploadServer> server_;
  test::FlvMaker maker_;
  std::vector<Bytes> tags_;
  std::promise<Failure> failure_;
};

TEST_F(H2PushStreamTest, OpensSendsAndCloses) {
  serve({opened("DS1"), acknowledge()});
  const auto push = create(config());
  EXPECT_THAT(send_film(*push), ElementsAre("POST /stream/open/a/service", "POST /stream/send/a/service",
                                            "POST /stream/close/a/service"));
  const auto requests = server_->requests();
  const link::Names names{"a1TESTPK001.cam-01", "a1TESTPK001", "cam-01", ""};
  EXPECT_EQ(requests[0].headers.at("x-auth-param-client-id"), "a1TESTPK001.cam-01");
  EXPECT_EQ(requests[0].headers.at("x-auth-param-sign"), link::sign(link::SignMethod::hmac_sha1, names, kSecret));
  EXPECT_EQ(requests[0].headers.count("x-auth-param-timestamp"), 0u);
  EXPECT_EQ(requests[1].headers.at("x-data-stream-id"), "DS1");
  EXPECT_EQ(requests[1].headers.at("content-type"), "video/x-flv");
  EXPECT_EQ(requests[1].headers.at("accept"), "application/x-ndjson");
  EXPECT_EQ(requests[1].headers.at("camspan-first"), "0");
  EXPECT_EQ(requests[1].headers.count("authorization"), 0u);
  EXPECT_EQ(requests[1].body.size(), test::flv_file(tags_).size());
  EXPECT_EQ(requests[2].headers.at("x-data-stream-id"), "DS1");
  EXPECT_EQ(push->stats().bytes_acked + 13, push->stats().bytes_in);
}

TEST_F(H2PushStreamTest, OpensAnewForTheNextStreamOnly) {
  serve({opened("DS1"), acknowledge(), UploadServer::with_status(200), opened("DS2"), acknowledge()});
  const auto push = create(config());
  EXPECT_EQ(send_film(*push).size(), 3u);
  EXPECT_EQ(send_film(*push).size(), 6u);
  EXPECT_EQ(server_->requests()[4].headers.at("x-data-stream-id"), "DS2");
  EXPECT_EQ(push->stats().connects, 1u);
}

TEST_F(H2PushStreamTest, AfterALossOpensAnewAndSendsAgainWhatWasNotAcknowledged) {
  auto breaks = acknowledge();
  breaks.abort_after_tags = 20;
  serve({opened("DS1"), breaks, opened("DS2"), acknowledge()});
  const auto push = create(config());
  EXPECT_EQ(send_film(*push).size(), 5u);
  const auto requests = server_->requests();
  EXPECT_EQ(requests[2].path, "/stream/open/a/service");
  EXPECT_EQ(requests[3].headers.at("x-data-stream-id"), "DS2");
  EXPECT_EQ(requests[3].headers.at("camspan-stream"), requests[1].headers.at("camspan-stream"));
  EXPECT_LE(std::stoul(requests[3].headers.at("camspan-first")), 20u);
  EXPECT_EQ(push->stats().bytes_dropped_error, 0u);
  EXPECT_EQ(push->stats().bytes_acked + 13, push->stats().bytes_in);
}

TEST_F(H2PushStreamTest, OpensAnotherChannelWhenTheReceiverForgotThisOne) {
  serve({opened("DS1"), UploadServer::with_status(404, R"({"code":404,"message":"There is no such channel."})"),
         opened("DS2"), acknowledge()});
  const auto push = create(config());
  EXPECT_EQ(send_film(*push).size(), 5u);
  EXPECT_EQ(server_->requests()[3].headers.at("x-data-stream-id"), "DS2");
}

TEST_F(H2PushStreamTest, ServersThatAcknowledgeNothingGetTheFilmToo) {
  auto silent = acknowledge();
  silent.answer = Answer::silent;
  serve({opened("DS1"), silent});
  const auto push = create(config());
  EXPECT_EQ(send_film(*push).size(), 3u);
  EXPECT_EQ(push->stats().bytes_acked + 13, push->stats().bytes_in);
}

TEST_F(H2PushStreamTest, GivesUpWhenItIsNotLetIn) {
  serve({UploadServer::with_status(401, R"({"code":401,"message":"This hub does not know the device."})")});
  const auto push = create(config());
  push->start();
  const Failure told = failure();
  EXPECT_EQ(told.code, make_error_code(Errc::not_authenticated));
  EXPECT_EQ(told.http_status, 401);
  EXPECT_THAT(told.sentence, HasSubstr("a1TESTPK001.cam-01"));
  EXPECT_THAT(told.sentence, HasSubstr("This hub does not know the device."));
  EXPECT_THAT(told.sentence, Not(HasSubstr(kSecret)));
}

TEST_F(H2PushStreamTest, ReadsTheSecretAgainWhenItIsRefused) {
  const std::string file = certificates_.folder().file("secret");
  std::ofstream(file) << "the old secret\n";
  // Asked for its script when the request is there: the secret is replaced before the answer.
  serve_by([file](std::size_t request) {
    if (request == 0) {
      std::ofstream(file) << kSecret << "\n";
      return UploadServer::with_status(401, R"({"code":401,"message":"no"})");
    }
    return request == 1 ? opened("DS1") : request == 2 ? acknowledge() : UploadServer::with_status(200);
  });
  H2PushConfig settings = config();
  settings.device_secret.clear();
  settings.device_secret_file = file;
  const auto push = create(std::move(settings));
  EXPECT_EQ(send_film(*push).size(), 4u);
  const auto requests = server_->requests();
  EXPECT_NE(requests[0].headers.at("x-auth-param-sign"), requests[1].headers.at("x-auth-param-sign"));
  EXPECT_EQ(push->stats().connects, 1u);
}

TEST_F(H2PushStreamTest, AChannelWithoutAnIdIsNone) {
  serve({UploadServer::with_status(200), opened("DS2"), acknowledge()});
  const auto push = create(config());
  EXPECT_THAT(send_film(*push), testing::SizeIs(4));
}

}  // namespace
}  // namespace camspan
