#include "proto/http1/writer.hpp"

#include <gmock/gmock.h>

#include "proto/http1/syntax.hpp"

namespace camspan::http1 {
namespace {

TEST(ResponseHeadTest, WritesStatusFieldsAndLength) {
  const ResponseHead head{200, BodyLength::known, 5, false};
  EXPECT_EQ(response_head(head, {{"content-type", "text/plain"}}),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\n");
}

TEST(ResponseHeadTest, WritesChunkedAndClose) {
  EXPECT_EQ(response_head({201, BodyLength::chunked, 0, true}, {}),
            "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
}

TEST(ResponseHeadTest, SaysNothingOfABodyThatCannotBe) {
  EXPECT_EQ(response_head({204, BodyLength::none, 0, false}, {}), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ResponseHeadTest, DecidesItselfAboutConnectionAndLength) {
  const http::Headers headers{{"Connection", "keep-alive"}, {"content-length", "99"}, {"Transfer-Encoding", "gzip"}};
  EXPECT_EQ(response_head({200, BodyLength::known, 0, false}, headers), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST(ResponseHeadTest, RefusesAFieldThatWouldEndEarly) {
  for (const std::string value : {"a\r\nset-cookie: x", "a\nb", "a\rb"})
    EXPECT_EQ(response_head({}, {{"location", value}}).error(), Errc::malformed);
  EXPECT_FALSE(response_head({}, {{"location", std::string("a\0b", 3)}}));
  EXPECT_FALSE(response_head({}, {{"a b", "c"}}));
  EXPECT_FALSE(response_head({}, {{"", "c"}}));
}

TEST(ResponseHeadTest, WritesAStatusWithoutStandardWords) {
  EXPECT_EQ(response_head({299, BodyLength::none, 0, false}, {}), "HTTP/1.1 299 Status\r\n\r\n");
}

TEST(ChunkHeadTest, IsTheSizeInHex) {
  EXPECT_EQ(chunk_head(1), "1\r\n");
  EXPECT_EQ(chunk_head(65536), "10000\r\n");
}

TEST(SyntaxTest, FindsATokenInAList) {
  EXPECT_TRUE(list_has("upgrade", "upgrade"));
  EXPECT_TRUE(list_has("keep-alive , Upgrade", "upgrade"));
  EXPECT_TRUE(list_has(",,\tupgrade\t,", "upgrade"));
  EXPECT_FALSE(list_has("upgrades, up grade", "upgrade"));
  EXPECT_FALSE(list_has("", "upgrade"));
}

}  // namespace
}  // namespace camspan::http1
