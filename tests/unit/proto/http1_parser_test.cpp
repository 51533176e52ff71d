#include "proto/http1/parser.hpp"

#include <gmock/gmock.h>

namespace camspan::http1 {
namespace {

using Step = RequestParser::Step;
using testing::HasSubstr;

struct Parse {
  std::vector<Request> requests;
  std::vector<std::string> bodies;  // of the requests that ended
  std::error_code error;
  RequestParser::Problem problem;
};

/// Feeds `text` in pieces of `piece` bytes.
Parse parse(std::string_view text, std::size_t piece = std::string_view::npos, Limits limits = {}) {
  RequestParser parser(limits);
  Parse out;
  std::string body;
  while (!text.empty()) {
    ByteView input = as_bytes(text.substr(0, piece));
    text.remove_prefix(input.size());
    for (;;) {
      const auto parsed = parser.next(input);
      if (!parsed) {
        out.error = parsed.error();
        out.problem = parser.problem();
        return out;
      }
      input = input.subspan(parsed->consumed);
      if (parsed->step == Step::need_more) break;
      if (parsed->step == Step::head) out.requests.push_back(parser.request());
      if (parsed->step == Step::body) body += as_text(parsed->body);
      if (parsed->step == Step::end) out.bodies.push_back(std::exchange(body, {}));
    }
    EXPECT_TRUE(input.empty());
  }
  return out;
}

TEST(RequestParserTest, ReadsARequestWithoutBody) {
  const Parse got = parse("GET /a%20b?x=1 HTTP/1.1\r\nHost: hub.example:8443\r\nX-Thing:  two words \r\n\r\n");
  ASSERT_EQ(got.requests.size(), 1u);
  const Request& request = got.requests[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/a%20b?x=1");
  EXPECT_EQ(request.authority, "hub.example:8443");
  EXPECT_EQ(request.headers.find("x-thing"), "two words");
  EXPECT_FALSE(request.headers.find("host"));
  EXPECT_FALSE(request.content_length);
  EXPECT_FALSE(request.chunked);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_EQ(got.bodies, std::vector<std::string>{""});
}

TEST(RequestParserTest, ReadsABodyOfKnownLengthAndTheRequestBehindIt) {
  const Parse got =
      parse("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(got.requests.size(), 2u);
  EXPECT_EQ(got.requests[0].content_length, 5u);
  EXPECT_EQ(got.requests[1].target, "/next");
  EXPECT_EQ(got.bodies, (std::vector<std::string>{"hello", ""}));
}

TEST(RequestParserTest, ReadsAChunkedBodyWithExtensionAndTrailer) {
  const Parse got = parse(
      "PUT /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\nA;name=\"value\"\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n");
  ASSERT_EQ(got.requests.size(), 1u);
  EXPECT_TRUE(got.requests[0].chunked);
  EXPECT_EQ(got.bodies, std::vector<std::string>{"abc0123456789"});
  EXPECT_FALSE(got.requests[0].headers.find("trailer"));
}

TEST(RequestParserTest, GivesTheSameForEveryWayTheBytesAreCut) {
  const std::string text =
      "POST /one?x=%41 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX: long  value\r\n\r\n"
      "5\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n"
      "\r\nPOST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
      "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 7u, 11u, 64u, 1000u}) {
    const Parse got = parse(text, piece);
    ASSERT_FALSE(got.error) << got.problem.detail << " with pieces of " << piece;
    ASSERT_EQ(got.requests.size(), 3u);
    EXPECT_EQ(got.requests[0].headers.find("x"), "long  value");
    EXPECT_EQ(got.requests[0].target, "/one?x=%41");
    EXPECT_TRUE(got.requests[1].expect_continue);
    EXPECT_FALSE(got.requests[2].keep_alive);
    EXPECT_EQ(got.bodies, (std::vector<std::string>{"hello!", "abc", ""}));
  }
}

TEST(RequestParserTest, TakesTheAuthorityOfAUrlBeforeHost) {
  const Parse got = parse("GET http://real.example:80/path?q HTTP/1.1\r\nHost: other\r\n\r\n");
  ASSERT_EQ(got.requests.size(), 1u);
  EXPECT_EQ(got.requests[0].authority, "real.example:80");
  EXPECT_EQ(got.requests[0].target, "/path?q");
  EXPECT_EQ(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n").requests.at(0).target, "/?q");
}

TEST(RequestParserTest, KnowsARequestForAWebSocket) {
  const Parse got =
      parse("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
  ASSERT_EQ(got.requests.size(), 1u);
  EXPECT_TRUE(got.requests[0].upgrade_websocket);
}

TEST(RequestParserTest, IgnoresAnUpgradeToAnythingElse) {
  const Parse got = parse(
      "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(got.requests.size(), 2u) << got.problem.detail;
  EXPECT_FALSE(got.requests[0].upgrade_websocket);
  EXPECT_EQ(got.requests[1].target, "/b");
}

TEST(RequestParserTest, LetsOldClientsDoWithoutHost) {
  const Parse got = parse("GET / HTTP/1.0\r\n\r\n");
  ASSERT_EQ(got.requests.size(), 1u);
  EXPECT_EQ(got.requests[0].minor_version, 0);
  EXPECT_FALSE(got.requests[0].keep_alive);
}

struct Malformed {
  const char* name;
  std::string text;
  int status;
};
void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.name;
}

class RequestParserRefusalTest : public testing::TestWithParam<Malformed> {};

TEST_P(RequestParserRefusalTest, RefusesHoweverTheBytesAreCut) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    const Parse got = parse(GetParam().text, piece);
    ASSERT_TRUE(got.error) << "with pieces of " << piece;
    EXPECT_EQ(got.problem.status, GetParam().status) << got.problem.detail;
    EXPECT_FALSE(got.problem.detail.empty());
    EXPECT_TRUE(got.bodies.empty());
  }
}

std::string with_header(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n\r\n";
}
std::string with_chunks(const std::string& chunks) {
  return with_header("Transfer-Encoding: chunked") + chunks;
}

INSTANTIATE_TEST_SUITE_P(
    , RequestParserRefusalTest,
    testing::Values(
        Malformed{"LengthAndCoding", with_header("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400},
        Malformed{"CodingAndLength", with_header("Transfer-Encoding: chunked\r\nContent-Length: 3"), 400},
        Malformed{"TwoLengths", with_header("Content-Length: 3\r\nContent-Length: 3"), 400},
        Malformed{"ListOfLengths", with_header("Content-Length: 3, 3"), 400},
        Malformed{"SignedLength", with_header("Content-Length: +3"), 400},
        Malformed{"HugeLength", with_header("Content-Length: 99999999999999999999"), 400},
        Malformed{"TwoCodings", with_header("Transfer-Encoding: gzip, chunked"), 501},
        Malformed{"CodingTwice", with_header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
        Malformed{"CodingAfterChunked", with_header("Transfer-Encoding: chunked, gzip"), 400},
        Malformed{"UnknownCoding", with_header("Transfer-Encoding: xchunked"), 501},
        Malformed{"CodingInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Malformed{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Malformed{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        Malformed{"HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        Malformed{"HostWithUser", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
        Malformed{"SpaceBeforeColon", with_header("X : 1"), 400}, Malformed{"SpaceInName", with_header("X Y: 1"), 400},
        Malformed{"EmptyName", with_header(": 1"), 400},
        Malformed{"BareCarriageReturn", with_header("X: 1\rY: 2"), 400},
        Malformed{"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 400},
        Malformed{"NulInValue", with_header(std::string("X: a\0b", 6)), 400}, Malformed{"Http09", "GET /\r\n\r\n", 505},
        Malformed{"Http2InWords", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        Malformed{"Http12", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 400},
        Malformed{"UnknownMethod", "FETCH / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Malformed{"Proxy", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
        Malformed{"TargetWithoutSlash", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Malformed{"UrlWithoutHost", "GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Malformed{"UrlWithUser", "GET http://u@h/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Malformed{"StarForGet", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Malformed{"TlsHello", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
        Malformed{"OtherExpectation", with_header("Expect: tea"), 417},
        Malformed{"ChunkSizeNotHex", with_chunks("xyz\r\n"), 400},
        Malformed{"ChunkSizeWithPrefix", with_chunks("0x3\r\nabc\r\n"), 400},
        Malformed{"ChunkSizeOverflow", with_chunks("fffffffffffffffff\r\n"), 400},
        Malformed{"ChunkEndsWrong", with_chunks("3\r\nabcdef\r\n"), 400},
        Malformed{"ChunkWithBareLineFeed", with_chunks("3\nabc\n0\n\n"), 400}),
    [](const auto& info) { return info.param.name; });

TEST(RequestParserTest, RefusesALongTarget) {
  const Parse got = parse("GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(got.error, Errc::too_large);
  EXPECT_EQ(got.problem.status, 414);
}

TEST(RequestParserTest, RefusesALongHeaderHoweverItIsCut) {
  const std::string text = with_header("X: " + std::string(16 << 10, 'a'));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4096}, std::string::npos}) {
    const Parse got = parse(text, piece);
    EXPECT_EQ(got.error, Errc::too_large);
    EXPECT_EQ(got.problem.status, 431);
  }
}

TEST(RequestParserTest, RefusesMoreFieldsThanItsLimit) {
  std::string fields = "X: 1";
  for (int i = 0; i < 128; ++i) fields += "\r\nX: 1";
  EXPECT_EQ(parse(with_header(fields)).problem.status, 431);
}

TEST(RequestParserTest, RefusesEndlessEmptyLinesBeforeARequest) {
  std::string lines;
  for (int i = 0; i < 9000; ++i) lines += "\r\n";
  EXPECT_EQ(parse(lines, 100).error, Errc::too_large);
}

TEST(RequestParserTest, RefusesEndlessChunkExtensions) {
  const Parse got = parse(with_chunks("1;" + std::string(20000, 'x')), 1000);
  EXPECT_EQ(got.error, Errc::too_large);
  EXPECT_THAT(std::string(got.problem.detail), HasSubstr("chunk extensions"));
}

TEST(RequestParserTest, RefusesEndlessTrailers) {
  std::string trailers;
  for (int i = 0; i < 4000; ++i) trailers += "T: 12345\r\n";
  EXPECT_EQ(parse(with_chunks("1\r\na\r\n0\r\n" + trailers), 1000).error, Errc::too_large);
}

TEST(RequestParserTest, DoesNotCountChunkFramesOfALongBodyAsHeader) {
  std::string chunks;
  for (int i = 0; i < 10000; ++i) chunks += "1\r\na\r\n";
  const Parse got = parse(with_chunks(chunks + "0\r\n\r\n"), 1000);
  ASSERT_FALSE(got.error) << got.problem.detail;
  EXPECT_EQ(got.bodies.at(0).size(), 10000u);
}

TEST(RequestParserTest, TellsWhetherAHeadIsUnderWay) {
  RequestParser parser({});
  EXPECT_FALSE(parser.in_head());
  ASSERT_TRUE(parser.next(as_bytes("GET / HT")));
  EXPECT_TRUE(parser.in_head());
  const std::string_view rest = "TP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_EQ(parser.next(as_bytes(rest))->step, Step::head);
  EXPECT_FALSE(parser.in_head());
  ASSERT_EQ(parser.next({})->step, Step::end);
  ASSERT_EQ(parser.next({})->step, Step::need_more);
  EXPECT_FALSE(parser.in_head());
}

}  // namespace
}  // namespace camspan::http1
