#include "hub/auth.hpp"

#include <gtest/gtest.h>

#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{seconds(1'800'000'000)};

class AuthorizerTest : public testing::Test {
 protected:
  std::string token(const char* device, std::vector<Right> allow, seconds left = seconds(60)) {
    return key_.sign({"", device, std::move(allow), kNow + left}, kNow - seconds(100)).value();
  }
  static net::RequestHead with_header(const std::string& value) {
    net::RequestHead head;
    head.headers.append("authorization", value);
    return head;
  }
  Cause refusal(const net::RequestHead& head, Right right = Right::live) {
    const auto claims = authorizer_.require(head, right, cam1_);
    if (claims) ADD_FAILURE() << "was let in";
    return claims ? Cause::bad_request : claims.error().cause;
  }

  test::TempFolder folder_;
  TokenKey key_ = TokenKey::load(folder_.file("jwt.key"), true).value();
  Authorizer authorizer_{key_, [] { return kNow; }};
  DeviceId cam1_ = DeviceId::parse("cam1").value();
};

TEST_F(AuthorizerTest, LetsInByHeaderAndByQuery) {
  const auto good = token("cam1", {Right::live});
  EXPECT_TRUE(authorizer_.require(with_header("Bearer " + good), Right::live, cam1_));
  EXPECT_TRUE(authorizer_.require(with_header("bearer  " + good), Right::live, cam1_));
  net::RequestHead head;
  head.query = "a=b&token=" + good;
  EXPECT_TRUE(authorizer_.require(head, Right::live, cam1_));
  EXPECT_TRUE(authorizer_.require(with_header("Bearer " + token("*", {Right::live})), Right::live, cam1_));
  EXPECT_TRUE(authorizer_.require(with_header("Bearer " + token("camspan.cam1", {Right::live})), Right::live, cam1_));
}

TEST_F(AuthorizerTest, NamesTheCauseOfEachRefusal) {
  EXPECT_EQ(refusal({}), Cause::missing_token);
  EXPECT_EQ(refusal(with_header("Basic abc")), Cause::missing_token);
  EXPECT_EQ(refusal(with_header("Bearer ")), Cause::missing_token);
  EXPECT_EQ(refusal(with_header("Bearer x.y.z")), Cause::bad_token);
  EXPECT_EQ(refusal(with_header("Bearer " + std::string(9000, 'a'))), Cause::bad_token);
  EXPECT_EQ(refusal(with_header("Bearer " + token("cam1", {Right::live}, seconds(0)))), Cause::expired_token);
  EXPECT_EQ(refusal(with_header("Bearer " + token("cam2", {Right::live}))), Cause::not_allowed);
  EXPECT_EQ(refusal(with_header("Bearer " + token("cam1", {Right::playback, Right::admin}))), Cause::not_allowed);
  EXPECT_EQ(refusal(with_header("Bearer " + token("cam1", {}))), Cause::not_allowed);
}

TEST_F(AuthorizerTest, NothingBehindANulIsCovered) {
  net::RequestHead head;
  std::string value = "Bearer " + token("cam1", {Right::live});
  value += '\0';
  value += "x";
  head.headers.append("authorization", value);
  EXPECT_EQ(refusal(head), Cause::bad_token);
}

TEST_F(AuthorizerTest, SentencesNeverRepeatTheToken) {
  const auto expired = token("cam1", {Right::live}, seconds(0));
  for (const auto& text : {expired, token("cam2", {Right::live}), std::string("secret.secret.secret")}) {
    const auto claims = authorizer_.require(with_header("Bearer " + text), Right::live, cam1_);
    ASSERT_FALSE(claims);
    EXPECT_EQ(claims.error().json().find(text), std::string::npos);
  }
}

TEST_F(AuthorizerTest, CertificateOfTheDeviceMayUploadAndNothingElse) {
  net::RequestHead head;
  head.client_certificate_name = "camspan.cam1";
  EXPECT_TRUE(authorizer_.require_upload(head, cam1_));
  EXPECT_FALSE(authorizer_.require_upload(head, DeviceId::parse("cam2").value()));
  EXPECT_FALSE(authorizer_.require(head, Right::live, cam1_));
  head.client_certificate_name = "*";
  EXPECT_FALSE(authorizer_.require_upload(head, cam1_));
}

TEST_F(AuthorizerTest, UploadAsksForItsRight) {
  EXPECT_TRUE(authorizer_.require_upload(with_header("Bearer " + token("cam1", {Right::upload})), cam1_));
  EXPECT_FALSE(authorizer_.require_upload(with_header("Bearer " + token("cam1", {Right::admin})), cam1_));
}

}  // namespace
}  // namespace camspan::hub
