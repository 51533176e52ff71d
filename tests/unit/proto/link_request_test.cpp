#include "proto/link/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace camspan::link {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<std::pair<std::string, std::string>> list(const http::Headers& headers) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const http::Header& field : headers) fields.emplace_back(field.name, field.value);
  return fields;
}

TEST(LinkRequestTest, ReadsPathsAndTakesRepeatedSlashesForOne) {
  const auto check = [](std::string_view target, Step step, std::string_view identify) {
    const auto parsed = parse_target(target);
    ASSERT_TRUE(parsed) << target;
    EXPECT_EQ(parsed->step, step) << target;
    EXPECT_EQ(parsed->identify, identify) << target;
    EXPECT_TRUE(is_stream_target(target));
  };
  check("/stream/open/iotx/vision/voice/intercom/live", Step::open, "iotx/vision/voice/intercom/live");
  check("/stream/send/a", Step::send, "a");
  check("/stream/close//c/iot/sys", Step::close, "c/iot/sys");
  check("//stream///open/a//b", Step::open, "a/b");
  check("/stream/send/a?x=/../1", Step::send, "a");
}

TEST(LinkRequestTest, RefusesOtherPaths) {
  for (const char* unknown : {"/stream", "/stream/", "/stream/open", "/stream/open/", "/stream//", "/stream/register/a",
                              "/stream/openx/a", "/stream/OPEN/a"}) {
    EXPECT_EQ(parse_target(unknown).error(), Errc::not_found) << unknown;
    EXPECT_TRUE(is_stream_target(unknown)) << unknown;
  }
  for (const char* malformed : {"/stream/open/..", "/stream/open/a/../b", "/stream/../ingest/cam1", "/stream/./open/a",
                                "/stream/open/%2e%2e", "/stream/open/a%20b", "/stream/open/a b", "/stream/open/\x01",
                                "/stream/open/\x7f", "/stream/open/\xc3\xa9", "/stream/open/a#b"})
    EXPECT_EQ(parse_target(malformed).error(), Errc::malformed) << malformed;
  for (const char* other : {"/", "/streams/open/a", "/ingest/stream", "/live/stream.flv", "*", ""})
    EXPECT_FALSE(is_stream_target(other)) << other;
}

TEST(LinkRequestTest, KnowsServicePaths) {
  EXPECT_TRUE(is_identify("iotx/vision/voice/intercom/live"));
  EXPECT_TRUE(is_identify(std::string(113, 'a')));
  for (const std::string& bad : {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
                                 std::string("../a"), std::string("a b"), std::string("a?b"), std::string("a#b"),
                                 std::string("a%b"), std::string("\xc3\xa9"), std::string(114, 'a')})
    EXPECT_FALSE(is_identify(bad)) << bad;
  EXPECT_EQ(path(Step::close, "a/b"), "/stream/close/a/b");
}

TEST(LinkRequestTest, OpensWithTheFieldsOfTheDeviceInTheirOrder) {
  const Names names{"a1TESTPK001.cam-01", "a1TESTPK001", "cam-01", ""};
  const auto headers = open_fields(names, "0123456789abcdef0123456789abcdef", SignMethod::hmac_sha1, "2.3.0");
  EXPECT_THAT(
      list(headers),
      ElementsAre(Pair("x-auth-name", "devicename"), Pair("x-auth-param-client-id", "a1TESTPK001.cam-01"),
                  Pair("x-auth-param-signmethod", "hmacsha1"), Pair("x-auth-param-product-key", "a1TESTPK001"),
                  Pair("x-auth-param-device-name", "cam-01"),
                  Pair("x-auth-param-sign", "b127df42ff9e113a4b3c19fa5353b0c210174662"), Pair("x-sdk-version", "230"),
                  Pair("x-sdk-version-name", "2.3.0"), Pair("x-sdk-platform", "c"), Pair("content-length", "0")));
  for (const http::Header& field : headers) EXPECT_EQ(field.sensitive, field.name == "x-auth-param-sign");
  EXPECT_THAT(list(channel_fields("DS1", "3.0.1")),
              ElementsAre(Pair("x-data-stream-id", "DS1"), Pair("x-sdk-version", "301"),
                          Pair("x-sdk-version-name", "3.0.1"), Pair("x-sdk-platform", "c")));
}

TEST(LinkRequestTest, ReadsWhatItWrites) {
  const Names names{"cam-01", "a1TESTPK001", "cam-01", "1700000000000"};
  const auto read = parse_credentials(open_fields(names, "secret", SignMethod::hmac_sha256, "2.3.0"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->names.client_id, "cam-01");
  EXPECT_EQ(read->names.product_key, "a1TESTPK001");
  EXPECT_EQ(read->names.device_name, "cam-01");
  EXPECT_EQ(read->names.timestamp, "1700000000000");
  EXPECT_TRUE(verify(read->method, read->names, "secret", read->sign));
}

TEST(LinkRequestTest, CredentialsAreWholeOrNone) {
  const Names names{"cam-01", "pk", "cam-01", "1700000000000"};
  const http::Headers whole = open_fields(names, "secret", SignMethod::hmac_sha1, "2.3.0");
  int authenticating = 0;
  for (const http::Header& left_out : whole) {
    if (!left_out.name.starts_with("x-auth-")) continue;
    ++authenticating;
    http::Headers part, twice = whole, other;
    for (const http::Header& field : whole) {
      if (field.name != left_out.name) part.append(field.name, field.value);
      other.append(field.name, field.name == left_out.name ? "" : field.value);
    }
    twice.append(left_out.name, left_out.value);
    // Without its timestamp it is whole; it is the sign that does not fit then.
    EXPECT_EQ(parse_credentials(part).has_value(), left_out.name == "x-auth-param-timestamp") << left_out.name;
    EXPECT_FALSE(parse_credentials(twice)) << left_out.name;
    EXPECT_FALSE(has_no_credentials(part));
    const bool may_be_empty = left_out.name == "x-auth-param-client-id" || left_out.name == "x-auth-param-sign" ||
                              left_out.name == "x-auth-param-product-key" ||
                              left_out.name == "x-auth-param-device-name";
    EXPECT_EQ(parse_credentials(other).has_value(), may_be_empty) << left_out.name;
  }
  EXPECT_EQ(authenticating, 7);
  EXPECT_TRUE(has_no_credentials({{"x-sdk-version", "230"}}));
}

TEST(LinkRequestTest, AnswersInTheOneOrder) {
  EXPECT_THAT(list(answer_fields("17", {{"content-type", "application/json"}}, "DS1", 404)),
              ElementsAre(Pair("x-request-id", "17"), Pair("content-type", "application/json"),
                          Pair("x-data-stream-id", "DS1"), Pair("x-response-status", "404")));
  EXPECT_THAT(list(answer_fields("17", {}, "", 200)),
              ElementsAre(Pair("x-request-id", "17"), Pair("x-data-stream-id", "0"), Pair("x-response-status", "200")));
}

TEST(LinkRequestTest, AChannelIdIsAToken) {
  EXPECT_EQ(channel_id_of({{"x-data-stream-id", "DS1"}}), "DS1");
  EXPECT_FALSE(channel_id_of({}));
  EXPECT_FALSE(channel_id_of({{"x-data-stream-id", "DS1"}, {"x-data-stream-id", "DS1"}}));
  for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a,b")})
    EXPECT_FALSE(channel_id_of({{"x-data-stream-id", bad}})) << bad;
}

}  // namespace
}  // namespace camspan::link
