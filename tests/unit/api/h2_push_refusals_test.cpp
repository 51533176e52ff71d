// What H2Push does with answers that are no 2xx: redirects, and what trying again cannot mend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <camspan/h2_push.hpp>

#include <set>

#include "support/flv_maker.hpp"
#include "support/heard.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using test::Heard;
using test::UploadServer;
using testing::ElementsAre;
using testing::HasSubstr;

UploadServer::Script to(int status, const std::string& location) {
  auto script = UploadServer::with_status(status);
  script.headers = {{"location", location}};
  return script;
}

/// Answers request n with script n; those after the last are taken.
UploadServer::Plan plan(std::vector<UploadServer::Script> scripts) {
  return [scripts = std::move(scripts)](std::size_t request) {
    return request < scripts.size() ? scripts[request] : UploadServer::Script();
  };
}

class H2PushRefusalsTest : public testing::Test {
 protected:
  static H2PushConfig config(const UploadServer& server) {
    H2PushConfig result;
    result.location = server.url();
    result.auth_token = "secret";
    result.reconnect_delay = milliseconds(1);
    result.reconnect_delay_max = milliseconds(20);
    result.drain_timeout = std::chrono::seconds(10);
    return result;
  }
  /// Sends the film. @return whether it arrived; else heard_ has why not
  bool upload(H2PushConfig settings, std::function<bool(const std::string&)> redirect = {}) {
    H2PushEvents events = heard_.events();
    if (redirect)
      events.redirect = [this, redirect](const std::string& url) {
        asked_.push_back(url);
        return redirect(url);
      };
    const auto push = H2Push::create(std::move(settings), std::move(events)).value();
    const auto pushed = push->push(make_unit(test::flv_file(film_), UnitKind::other));
    return pushed && push->drain();
  }
  static std::vector<std::string> paths(UploadServer& server) {
    std::vector<std::string> result;
    for (const auto& request : server.requests()) result.push_back(request.method + " " + request.path);
    return result;
  }
  static std::string token_of(UploadServer& server) {
    const auto requests = server.requests();
    const auto& headers = requests.back().headers;
    const auto found = headers.find("authorization");
    return found == headers.end() ? "" : found->second;
  }

  const std::vector<Bytes> film_ = test::FlvMaker().stream({});
  Heard heard_;
  std::vector<std::string> asked_;  ///< on the notify thread, read when it is over
};

TEST_F(H2PushRefusalsTest, Follows307And308OnTheSameServerByItself) {
  for (const int status : {307, 308}) {
    UploadServer server(plan({to(status, "/elsewhere")}));
    EXPECT_TRUE(upload(config(server)));
    EXPECT_THAT(paths(server), ElementsAre("POST /ingest/cam1", "POST /elsewhere"));
    EXPECT_EQ(token_of(server), "Bearer secret");
    EXPECT_EQ(server.requests()[1].body, test::flv_file(film_));
  }
  EXPECT_EQ(heard_.count("lost"), 0) << "it is no outage";
}

TEST_F(H2PushRefusalsTest, SendsNothingToAnotherServerThatNobodySaidYesTo) {
  UploadServer other(plan({}));
  UploadServer server(plan({to(307, other.url("/x"))}));
  EXPECT_FALSE(upload(config(server)));
  EXPECT_TRUE(heard_.wait("failed"));
  EXPECT_THAT(heard_.last("failed"), HasSubstr("status 307"));
  EXPECT_THAT(heard_.last("failed"), HasSubstr("Set location to that, or say yes to signal redirect"));
  EXPECT_THAT(heard_.last("failed"), HasSubstr(other.url("/x")));
  EXPECT_TRUE(other.requests().empty());
}

TEST_F(H2PushRefusalsTest, GoesToAnotherServerWithLeave) {
  for (const int status : {301, 302, 307, 308}) {
    UploadServer other(plan({}));
    UploadServer server(plan({to(status, other.url("/x"))}));
    asked_.clear();
    EXPECT_TRUE(upload(config(server), [](const std::string&) { return true; })) << status;
    EXPECT_THAT(asked_, ElementsAre(other.url("/x")));
    EXPECT_THAT(paths(other), ElementsAre("POST /x")) << "the method stays";
    EXPECT_EQ(token_of(other), "Bearer secret");
    EXPECT_EQ(other.requests()[0].body, test::flv_file(film_));
  }
}

TEST_F(H2PushRefusalsTest, ANoIsFinalOnTheSameServerToo) {
  UploadServer server(plan({to(307, "/x")}));
  EXPECT_FALSE(upload(config(server), [](const std::string&) { return false; }));
  EXPECT_TRUE(heard_.wait("failed"));
  EXPECT_THAT(asked_, ElementsAre(server.url("/x")));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(H2PushRefusalsTest, WhatMayTurnThePostIntoAGetIsNotFollowedUnasked) {
  for (const int status : {301, 302, 303}) {
    UploadServer server(plan({to(status, "/x")}));
    Heard heard;
    const auto push = H2Push::create(config(server), heard.events()).value();
    static_cast<void>(push->push(make_unit(test::flv_file(film_), UnitKind::other)));
    EXPECT_TRUE(heard.wait("failed")) << status;
    EXPECT_THAT(heard.last("failed"), HasSubstr("status " + std::to_string(status)));
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST_F(H2PushRefusalsTest, A303IsFollowedByNobody) {
  UploadServer server(plan({to(303, "/x")}));
  EXPECT_FALSE(upload(config(server), [](const std::string&) { return true; }));
  EXPECT_TRUE(heard_.wait("failed"));
  EXPECT_THAT(heard_.last("failed"), HasSubstr("is not for uploads"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(H2PushRefusalsTest, StopsGoingInCircles) {
  UploadServer server([](std::size_t) { return to(307, "/ingest/cam1"); });
  EXPECT_FALSE(upload(config(server)));
  EXPECT_TRUE(heard_.wait("failed"));
  EXPECT_THAT(heard_.last("failed"), HasSubstr("sent on 5 times"));
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST_F(H2PushRefusalsTest, RefusesALocationThatIsNone) {
  UploadServer server(plan({to(307, "ftp://other.example/")}));
  EXPECT_FALSE(upload(config(server), [](const std::string&) { return true; }));
  EXPECT_TRUE(heard_.wait("failed"));
  EXPECT_THAT(heard_.last("failed"), HasSubstr("ftp://other.example/"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(H2PushRefusalsTest, BeginsAgainWhereItWasSetAfterALoss) {
  auto breaks = UploadServer::Script();
  breaks.abort_after_tags = 20;
  for (const auto& [status, again] : {std::pair(307, "POST /ingest/cam1"), std::pair(308, "POST /x")}) {
    UploadServer server(plan({to(status, "/x"), breaks}));
    EXPECT_TRUE(upload(config(server)));
    EXPECT_THAT(paths(server), ElementsAre("POST /ingest/cam1", "POST /x", again));
  }
}

/// With a status of 4xx or 5xx: is the upload over, or tried again?
class H2PushStatusTest : public testing::TestWithParam<int> {};

TEST_P(H2PushStatusTest, IsTriedAgainOnlyIfThatCanMend) {
  static const std::set<int> kTriedAgain = {408, 409, 423, 425, 429};
  const int status = GetParam();
  const bool again = kTriedAgain.contains(status) || (status >= 500 && status != 501);
  // Tried again, it is taken.
  UploadServer server(plan({UploadServer::with_status(status)}));
  Heard heard;
  H2PushConfig settings;
  settings.location = server.url();
  settings.reconnect_delay = milliseconds(1);
  const auto push = H2Push::create(settings, heard.events()).value();
  // The answer may come before all of it is taken over.
  static_cast<void>(push->push(make_unit(test::flv_file(test::FlvMaker().stream({})), UnitKind::other)));
  EXPECT_TRUE(heard.wait(again ? "acked" : "failed")) << status;
  EXPECT_EQ(heard.count(again ? "failed" : "acked"), 0) << status;
  const std::string sentence = heard.last(again ? "lost" : "failed");
  EXPECT_THAT(sentence, HasSubstr("status " + std::to_string(status)));
  EXPECT_GT(sentence.size(), sentence.find(". ") + 10) << "no fix in: " << sentence;
}

std::vector<int> statuses() {
  std::vector<int> all;
  for (int status = 400; status <= 431; ++status) all.push_back(status);
  for (const int status : {451, 500, 501, 502, 503, 504, 507}) all.push_back(status);
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, H2PushStatusTest, testing::ValuesIn(statuses()));

TEST(H2PushSettingsTest, TheServiceForFilesIsNoPlaceForAStream) {
  H2PushConfig settings;
  settings.mode = H2PushMode::stream;
  settings.host = "localhost";
  settings.device_id = "cam1";
  settings.device_secret = "secret";
  settings.identify = "c/iot/sys/thing/file/upload";
  const auto push = H2Push::create(settings, {});
  ASSERT_FALSE(push);
  EXPECT_EQ(push.error().code, make_error_code(Errc::bad_setting));
  EXPECT_THAT(push.error().sentence, HasSubstr("leave identify unset"));
}

}  // namespace
}  // namespace camspan
