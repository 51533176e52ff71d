#include "proto/h2/header_block.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace camspan::h2 {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Result<Request> request_of(const Fields& fields) {
  HeaderBlock block{Limits::server()};
  for (const auto& [name, value] : fields) block.add(name, value, false);
  return block.take_request();
}

Fields with(Fields fields, std::string name, std::string value) {
  fields.emplace_back(std::move(name), std::move(value));
  return fields;
}

const Fields kDevice{{":method", "POST"}, {":path", "/stream/open/c/iot"}, {":scheme", "https"}};
const Fields kGet{{":method", "GET"}, {":scheme", "https"}, {":authority", "hub.example"}, {":path", "/a"}};

TEST(H2HeaderBlockTest, TakesARequestOfADeviceWithoutAuthority) {
  const auto request = request_of(with(kDevice, "x-auth-name", "devicename"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->path, "/stream/open/c/iot");
  EXPECT_EQ(request->scheme, "https");
  EXPECT_EQ(request->authority, "");
  EXPECT_EQ(request->headers.find("x-auth-name"), "devicename");
}

TEST(H2HeaderBlockTest, TakesHostForAuthorityOnlyWhereThereIsNone) {
  EXPECT_EQ(request_of(with(kDevice, "host", "a.example"))->authority, "a.example");
  EXPECT_EQ(request_of(with(kGet, "host", "a.example"))->authority, "hub.example");
}

TEST(H2HeaderBlockTest, RefusesWhatBreaksTheRulesOfRequests) {
  const std::vector<Fields> bad{
      {},
      {{":scheme", "https"}, {":path", "/"}},
      {{":method", "GET"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "https"}},
      {{":method", "GET"}, {":scheme", "https"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "https"}, {":path", "a"}},
      {{":method", "GET"}, {":scheme", "https"}, {":path", "*"}},
      {{":method", "GET"}, {":scheme", "https"}, {":path", "/a b"}},
      {{":method", "GET"}, {":scheme", "1https"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", ""}, {":path", "/"}},
      {{":method", "G T"}, {":scheme", "https"}, {":path", "/"}},
      {{":method", ""}, {":scheme", "https"}, {":path", "/"}},
      {{":method", "CONNECT"}, {":scheme", "https"}, {":authority", "a:1"}, {":path", "/"}},
      {{":method", "CONNECT"}},
      with(kGet, ":path", "/"),
      with(kGet, ":status", "200"),
      with(kGet, ":unknown", "1"),
      with(kGet, ":protocol", "websocket"),
      with(with(kDevice, "a", "b"), ":authority", "hub.example"),
      with(kDevice, ":authority", "user@hub.example"),
      with(kDevice, ":authority", "hub example"),
      with(kGet, "Upper", "1"),
      with(kGet, "", "1"),
      with(kGet, "a b", "1"),
      with(kGet, "a", std::string("\0", 1)),
      with(kGet, "a", "b\r\nc: d"),
      with(kGet, "connection", "close"),
      with(kGet, "keep-alive", "1"),
      with(kGet, "proxy-connection", "close"),
      with(kGet, "transfer-encoding", "chunked"),
      with(kGet, "upgrade", "h2c"),
      with(kGet, "te", "gzip"),
  };
  for (const Fields& fields : bad) {
    const auto request = request_of(fields);
    std::string shown;
    for (const auto& [name, value] : fields) shown += name + "=" + value + " ";
    ASSERT_FALSE(request) << shown;
    EXPECT_EQ(request.error(), Errc::malformed);
  }
}

TEST(H2HeaderBlockTest, TakesWhatTheRulesAllow) {
  EXPECT_TRUE(request_of(with(kGet, "te", "trailers")));
  EXPECT_TRUE(request_of({{":method", "OPTIONS"}, {":scheme", "https"}, {":path", "*"}}));
  EXPECT_TRUE(request_of({{":method", "CONNECT"}, {":authority", "hub.example:443"}}));
  EXPECT_TRUE(request_of({{":path", "/stream//open?a=b%20c"}, {":method", "GET"}, {":scheme", "http"}}));
}

TEST(H2HeaderBlockTest, KeepsNothingMoreOverTheLimitAndGivesUpOverFourTimesIt) {
  Limits limits;
  limits.max_header_bytes = 1000;
  HeaderBlock block(limits);
  const std::string value(459, 'v');
  EXPECT_EQ(block.add("name-of-9", value, false), HeaderBlock::Fit::taken);  // 9 + 459 + 32 = 500
  EXPECT_EQ(block.add("name-of-9", value, false), HeaderBlock::Fit::taken);
  EXPECT_FALSE(block.too_large());
  for (int i = 2; i < 8; ++i) EXPECT_EQ(block.add("name-of-9", value, false), HeaderBlock::Fit::too_large);
  EXPECT_TRUE(block.too_large());
  EXPECT_EQ(block.add("a", "", false), HeaderBlock::Fit::hopeless);
}

TEST(H2HeaderBlockTest, BoundsTheNumberOfFields) {
  HeaderBlock block{Limits::server()};
  for (int i = 0; i < 128; ++i) ASSERT_EQ(block.add("a", "", false), HeaderBlock::Fit::taken);
  EXPECT_EQ(block.add("a", "", false), HeaderBlock::Fit::too_large);
}

TEST(H2HeaderBlockTest, ReadsContentLength) {
  EXPECT_EQ(content_length(http::Headers{}), std::nullopt);
  EXPECT_EQ(content_length(http::Headers{{"content-length", "0"}}), 0u);
  EXPECT_EQ(content_length(http::Headers{{"content-length", "7"}, {"content-length", "7"}}), 7u);
  EXPECT_EQ(content_length(http::Headers{{"content-length", "18446744073709551615"}}), 18446744073709551615u);
  for (const char* bad : {"", "-1", "+1", "1 ", " 1", "1,1", "0x1", "18446744073709551616"})
    EXPECT_FALSE(content_length(http::Headers{{"content-length", bad}})) << bad;
  EXPECT_FALSE(content_length(http::Headers{{"content-length", "1"}, {"content-length", "2"}}));
}

}  // namespace
}  // namespace camspan::h2
