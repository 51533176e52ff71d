#include "proto/link/sign.hpp"

#include <gtest/gtest.h>

namespace camspan::link {
namespace {

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

Names names(std::string client_id, std::string timestamp = "") {
  return {std::move(client_id), "a1TESTPK001", "cam-01", std::move(timestamp)};
}

// The vectors of the protocol, by an invented device.
TEST(LinkSignTest, GivesTheSignsOfTheProtocol) {
  EXPECT_EQ(sign(SignMethod::hmac_sha1, names("a1TESTPK001.cam-01"), kSecret),
            "b127df42ff9e113a4b3c19fa5353b0c210174662");
  EXPECT_EQ(sign(SignMethod::hmac_md5, names("a1TESTPK001.cam-01"), kSecret), "5b694f29b78c0118f328c6742b28f522");
  EXPECT_EQ(sign(SignMethod::hmac_sha256, names("cam-01", "1700000000000"), kSecret),
            "2876a6bb3bf24a0f1491b1f798bee497274f95bb94979beafee06ca04f7c60b3");
}

TEST(LinkSignTest, VerifiesThemAndNothingElse) {
  const Names device = names("a1TESTPK001.cam-01");
  const std::string right = "b127df42ff9e113a4b3c19fa5353b0c210174662";
  EXPECT_TRUE(verify(SignMethod::hmac_sha1, device, kSecret, right));
  EXPECT_TRUE(verify(SignMethod::hmac_sha1, device, kSecret, "B127DF42FF9E113A4B3C19FA5353B0C210174662"));
  EXPECT_FALSE(verify(SignMethod::hmac_sha1, device, "another secret", right));
  EXPECT_FALSE(verify(SignMethod::hmac_sha256, device, kSecret, right));
  EXPECT_FALSE(verify(SignMethod::hmac_sha1, names("cam-01"), kSecret, right));
  EXPECT_FALSE(verify(SignMethod::hmac_sha1, names("a1TESTPK001.cam-01", "1700000000000"), kSecret, right));
  for (const std::string& wrong : {std::string(), right.substr(1), right + "0", "a" + right.substr(1),
                                   std::string(40, 'x'), std::string(100'000, 'a')})
    EXPECT_FALSE(verify(SignMethod::hmac_sha1, device, kSecret, wrong)) << wrong.substr(0, 50);
}

TEST(LinkSignTest, KnowsThreeMethods) {
  for (const auto method : {SignMethod::hmac_md5, SignMethod::hmac_sha1, SignMethod::hmac_sha256})
    EXPECT_EQ(parse_sign_method(name(method)), method);
  for (const char* other : {"", "hmacsha512", "HMACSHA1", "sha1", "hmacsha1 "}) EXPECT_FALSE(parse_sign_method(other));
}

}  // namespace
}  // namespace camspan::link
