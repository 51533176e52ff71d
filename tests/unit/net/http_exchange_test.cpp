#include "net/http_exchange.hpp"

#include <gtest/gtest.h>

namespace camspan::net {
namespace {

RequestHead with_target(std::string_view target) {
  RequestHead head;
  EXPECT_TRUE(set_target(head, target)) << target;
  return head;
}

TEST(SetTargetTest, TakesPathAndQueryApart) {
  const RequestHead head = with_target("/live/cam1.flv?channel=0&x");
  EXPECT_EQ(head.path, "/live/cam1.flv");
  EXPECT_EQ(head.query, "channel=0&x");
  EXPECT_EQ(with_target("/a?").query, "");
  EXPECT_EQ(with_target("*").path, "*");
}

TEST(SetTargetTest, TakesPercentEncodingOffOnce) {
  EXPECT_EQ(with_target("/a%20b%2Fc").path, "/a b/c");
  EXPECT_EQ(with_target("/%2e%2e/x").path, "/../x");
  EXPECT_EQ(with_target("/%252e").path, "/%2e");
  EXPECT_EQ(with_target("/a+b").path, "/a+b");
  EXPECT_EQ(with_target("/%c3%bc").path, "/ü");
}

TEST(SetTargetTest, RefusesWhatCannotBeATarget) {
  for (const std::string_view target : {"", "a", "/%", "/%2", "/%zz", "/%2g", "/a%00b", "/a?x=%00", "/a?x=%", "/a#b",
                                        "/a b", "/a\tb", "/\x7f", "/\xc3\xbc", "/a?\xff"}) {
    RequestHead head;
    EXPECT_FALSE(set_target(head, target)) << target;
  }
}

TEST(RequestHeadTest, FindsQueryValues) {
  const RequestHead head = with_target("/?a=1&b=two+words%21&a=2&empty=&flag&=x&%63=%3d");
  EXPECT_EQ(head.query_value("a"), "1");
  EXPECT_EQ(head.query_value("b"), "two words!");
  EXPECT_EQ(head.query_value("empty"), "");
  EXPECT_EQ(head.query_value("flag"), "");
  EXPECT_EQ(head.query_value("c"), "=");
  EXPECT_EQ(head.query_value("missing"), std::nullopt);
  EXPECT_EQ(with_target("/").query_value("a"), std::nullopt);
}

TEST(ProblemJsonTest, QuotesWhatNeedsIt) {
  EXPECT_EQ(problem_json(400, "bad-request", "A \"title\"", "line\nback\\slash"),
            "{\"type\":\"/problems/bad-request\",\"title\":\"A \\\"title\\\"\",\"status\":400,"
            "\"detail\":\"line\\u000aback\\\\slash\"}\n");
}

}  // namespace
}  // namespace camspan::net
