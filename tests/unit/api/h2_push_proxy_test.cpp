#include <camspan/h2_push.hpp>

#include <gmock/gmock.h>

#include "support/flv_maker.hpp"
#include "support/heard.hpp"
#include "support/http_proxy.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using test::Heard;
using test::HttpProxy;
using test::UploadServer;
using testing::HasSubstr;

class H2PushProxyTest : public testing::Test {
 protected:
  H2PushConfig config(const std::string& proxy) {
    H2PushConfig result;
    result.location = "http://localhost:" + std::to_string(server.port()) + "/ingest/cam1";
    result.proxy = proxy;
    result.retries = 0;
    return result;
  }
  /// What a user is told when the proxy gives this answer.
  std::string failure(const std::string& answer) {
    const HttpProxy proxy(answer);
    Heard heard;
    const auto push = H2Push::create(config(proxy.url()), heard.events()).value();
    push->start();
    EXPECT_TRUE(heard.wait("failed"));
    return heard.last("failed");
  }

  UploadServer server{[](std::size_t) { return UploadServer::Script(); }};
};

TEST_F(H2PushProxyTest, UploadsThroughATunnel) {
  const HttpProxy proxy;
  H2PushConfig through = config(proxy.url());
  through.proxy_id = "me";
  through.proxy_password = "secret";
  const auto push = H2Push::create(through, {}).value();
  ASSERT_TRUE(push->push(make_unit(test::flv_file(test::FlvMaker().stream({})), UnitKind::other)));
  EXPECT_TRUE(push->drain());
  EXPECT_EQ(proxy.tunnels(), 1);
  const std::string target = "localhost:" + std::to_string(server.port());
  EXPECT_EQ(proxy.request(), "CONNECT " + target + " HTTP/1.1\r\nhost: " + target +
                                 "\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n\r\n");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(H2PushProxyTest, SaysWhyTheProxyMakesNoTunnel) {
  EXPECT_THAT(failure("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), HasSubstr("proxy-id"));
  EXPECT_THAT(failure("HTTP/1.1 403 Forbidden\r\n\r\n"), HasSubstr("does not allow"));
  EXPECT_THAT(failure("HTTP/1.1 502 Bad Gateway\r\n\r\n"), HasSubstr("answered 502"));
  EXPECT_THAT(failure("220 mail.example ESMTP\r\n\r\n"), HasSubstr("no HTTP answer"));
  EXPECT_THAT(failure(""), HasSubstr("ended the connection"));
}

TEST_F(H2PushProxyTest, RefusesWhatIsNoProxy) {
  for (const char* proxy :
       {"proxy.example:3128", "https://proxy.example", "http://me:secret@proxy.example", "http://"}) {
    const auto push = H2Push::create(config(proxy), {});
    ASSERT_FALSE(push) << proxy;
    EXPECT_THAT(push.error().sentence, HasSubstr("http://HOST:PORT"));
  }
}

}  // namespace
}  // namespace camspan
