#include "api/url.hpp"

#include <gtest/gtest.h>

namespace camspan {
namespace {

struct Good {
  const char* text;
  bool tls;
  const char* host;
  int port;
  const char* authority;
  const char* path;
};

TEST(UrlTest, ReadsWhatAnUploadCanGoTo) {
  const Good table[] = {
      {"https://hub.example:8443/ingest/cam1", true, "hub.example", 8443, "hub.example:8443", "/ingest/cam1"},
      {"https://hub.example/x?a=b", true, "hub.example", 443, "hub.example", "/x?a=b"},
      {"h2://hub.example", true, "hub.example", 443, "hub.example", "/"},
      {"http://127.0.0.1:80/x", false, "127.0.0.1", 80, "127.0.0.1", "/x"},
      {"h2c://[::1]:8080/x#part", false, "::1", 8080, "[::1]:8080", "/x"},
      {"https://[2001:db8::1]?q", true, "2001:db8::1", 443, "[2001:db8::1]", "/?q"},
  };
  for (const Good& row : table) {
    const auto url = parse_url(row.text);
    ASSERT_TRUE(url) << row.text;
    EXPECT_EQ(url->tls, row.tls) << row.text;
    EXPECT_EQ(url->host, row.host) << row.text;
    EXPECT_EQ(url->port, row.port) << row.text;
    EXPECT_EQ(url->authority, row.authority) << row.text;
    EXPECT_EQ(url->path, row.path) << row.text;
  }
}

TEST(UrlTest, RefusesTheRestWithASentenceThatNamesTheFix) {
  for (const char* text : {"", "cam1", "rtmp://hub/x", "https://", "https://:8443/", "https://hub:0/",
                           "https://hub:65536/", "https://hub:12x/", "https://user:secret@hub/", "https://[::1/",
                           "https://[::1]x/", "https://h b/", "https://hub:/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, make_error_code(Errc::bad_setting));
    EXPECT_NE(url.error().sentence.find("location"), std::string::npos) << url.error().sentence;
    EXPECT_EQ(url.error().sentence.find("secret"), std::string::npos) << "a password is not repeated";
  }
}

}  // namespace
}  // namespace camspan
