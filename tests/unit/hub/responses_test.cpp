#include "hub/responses.hpp"

#include <gtest/gtest.h>

namespace camspan::hub {
namespace {

bool foreign(const std::string& authority, const std::string& origin) {
  net::RequestHead head;
  head.authority = authority;
  head.headers.append("origin", origin);
  return is_foreign_origin(head);
}

TEST(ForeignOriginTest, TheHubsOwnPageIsNotForeign) {
  EXPECT_FALSE(foreign("hub.example:8443", "https://hub.example:8443"));
  EXPECT_FALSE(foreign("Hub.Example", "https://hub.example"));
  EXPECT_FALSE(foreign("hub.example:443", "https://hub.example"));
  EXPECT_FALSE(foreign("hub.example", "http://hub.example:80"));
  EXPECT_FALSE(foreign("[::1]:8443", "https://[::1]:8443"));
  EXPECT_FALSE(is_foreign_origin({})) << "programs send none";
}

TEST(ForeignOriginTest, EverythingElseIs) {
  for (const char* origin : {"https://elsewhere.example", "https://hub.example", "https://hub.example:8444", "null", "",
                             "https://hub.example:8443.evil.example", "https://evil.example/https://hub.example:8443"})
    EXPECT_TRUE(foreign("hub.example:8443", origin)) << origin;
}

}  // namespace
}  // namespace camspan::hub
