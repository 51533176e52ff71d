/// What Location fields name, after RFC 3986 section 5.4.
#include "api/redirect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace camspan {
namespace {

using testing::HasSubstr;

struct Row {
  const char* location;
  const char* target;  ///< nullptr: refused
};

class RedirectTargetTest : public testing::TestWithParam<Row> {};

TEST_P(RedirectTargetTest, IsResolvedOrRefused) {
  const Url from = parse_url("https://hub.example/b/c/d?q").value();
  const auto target = redirect_target(from, GetParam().location);
  ASSERT_EQ(target.has_value(), GetParam().target != nullptr) << GetParam().location;
  if (target)
    EXPECT_EQ(to_string(*target), GetParam().target);
  else
    EXPECT_THAT(target.error().sentence, HasSubstr("Set location to"));
}

constexpr Row kRows[] = {
    {"https://other.example/x", "https://other.example/x"},
    {"https://hub.example:443/x?y#z", "https://hub.example/x?y"},
    {"https://hub.example:8443", "https://hub.example:8443/"},
    {"//other.example/x", "https://other.example/x"},
    {"/x/y", "https://hub.example/x/y"},
    {"/x/../y/./z", "https://hub.example/y/z"},
    {"/x?to=https://other.example/", "https://hub.example/x?to=https://other.example/"},
    {"e", "https://hub.example/b/c/e"},
    {"../e", "https://hub.example/b/e"},
    {"../../../e", "https://hub.example/e"},
    {"e/..", "https://hub.example/b/c/"},
    {".", "https://hub.example/b/c/"},
    {"?e", "https://hub.example/b/c/d?e"},
    {"#e", "https://hub.example/b/c/d"},
    {"http://hub.example/b/c/d", nullptr},
    {"https://", nullptr},
    {"https://me:secret@hub.example/", nullptr},
    {"mailto:someone", nullptr},
    {"ftp://hub.example/x", nullptr},
    {"https://hub.example:0/", nullptr},
};
INSTANTIATE_TEST_SUITE_P(Locations, RedirectTargetTest, testing::ValuesIn(kRows));

TEST(RedirectTest, AnUploadInClearGoesToTlsOnlyWhenItIsSetSo) {
  const Url from = parse_url("http://hub.example/b").value();
  EXPECT_FALSE(redirect_target(from, "https://hub.example/b"));
  EXPECT_EQ(to_string(redirect_target(from, "/c").value()), "http://hub.example/c");
}

TEST(RedirectTest, AnOriginIsSchemeHostAndPort) {
  const Url one = parse_url("https://hub.example/a").value();
  EXPECT_TRUE(same_origin(one, parse_url("https://hub.example:443/b").value()));
  EXPECT_FALSE(same_origin(one, parse_url("https://hub.example:8443/a").value()));
  EXPECT_FALSE(same_origin(one, parse_url("https://hub2.example/a").value()));
  EXPECT_FALSE(same_origin(one, parse_url("http://hub.example:443/a").value()));
}

}  // namespace
}  // namespace camspan
