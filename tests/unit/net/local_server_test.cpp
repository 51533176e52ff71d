#include "net/local_server.hpp"

#include <gtest/gtest.h>

#include "net/io_thread.hpp"
#include "net/responses.hpp"

namespace camspan::net {
namespace {

RequestHead request(std::vector<std::pair<std::string, std::string>> fields, std::string query = {}) {
  RequestHead head;
  head.authority = "camera:8080";
  head.query = std::move(query);
  for (const auto& [name, value] : fields) head.headers.append(name, value);
  return head;
}

class LocalServerTest : public testing::Test {
 protected:
  tl::expected<std::unique_ptr<LocalServer>, Failure> start(LocalServerSettings settings) {
    tl::expected<std::unique_ptr<LocalServer>, Failure> result;
    settings.port = port_;
    thread_.run([&] {
      result = LocalServer::start(thread_.executor(), std::move(settings), [](HttpExchange& exchange) {
        return send_body(exchange, 200, http::Headers{}, "here");
      });
    });
    return result;
  }
  void stop(std::unique_ptr<LocalServer> server) {
    thread_.run([&] { server.reset(); });
  }
  std::optional<LocalServer::Refusal> judge(LocalServerSettings settings, const RequestHead& head) {
    auto server = start(std::move(settings)).value();
    std::optional<LocalServer::Refusal> refusal;
    thread_.run([&] { refusal = server->refuse(head); });
    stop(std::move(server));
    return refusal;
  }

  IoThread thread_;
  std::uint16_t port_ = 0;
};

TEST_F(LocalServerTest, ListensOnAnyPortAndSaysWhich) {
  auto server = start({}).value();
  EXPECT_NE(server->port(), 0);
  EXPECT_FALSE(server->tls());
  port_ = server->port();
  const auto second = start({});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
  stop(std::move(server));
}

TEST_F(LocalServerTest, LetsEverybodyInWhereNoTokenIsSet) {
  EXPECT_FALSE(judge({}, request({})));
}

TEST_F(LocalServerTest, WantsTheTokenInAFieldOrInTheQuery) {
  LocalServerSettings settings;
  settings.token = "open sesame";
  EXPECT_EQ(judge(settings, request({}))->status, 401);
  EXPECT_EQ(judge(settings, request({{"authorization", "Bearer open sesam"}}))->status, 401);
  EXPECT_EQ(judge(settings, request({{"authorization", "Basic open sesame"}}))->status, 401);
  EXPECT_FALSE(judge(settings, request({{"authorization", "bearer  open sesame"}})));
  EXPECT_FALSE(judge(settings, request({}, "a=1&token=open+sesame")));
}

TEST_F(LocalServerTest, LetsInNoPagesOfOtherSitesUnlessTheyAreNamed) {
  LocalServerSettings settings;
  EXPECT_EQ(judge(settings, request({{"origin", "http://elsewhere"}}))->status, 403);
  EXPECT_EQ(judge(settings, request({{"origin", "null"}}))->status, 403);
  EXPECT_FALSE(judge(settings, request({{"origin", "http://camera:8080"}})));
  settings.allow_origins = {"http://localhost:3000"};
  EXPECT_FALSE(judge(settings, request({{"origin", "http://localhost:3000"}})));
  EXPECT_EQ(judge(settings, request({{"origin", "http://localhost:3001"}}))->status, 403);
}

TEST_F(LocalServerTest, NeedsCertificateAndKeyTogether) {
  LocalServerSettings settings;
  settings.cert_file = "/nowhere.crt";
  const auto alone = start(settings);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, Errc::bad_setting);
  settings.key_file = "/nowhere.key";
  const auto missing = start(settings);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().sentence.find("/nowhere"), std::string::npos) << missing.error().sentence;
}

}  // namespace
}  // namespace camspan::net
