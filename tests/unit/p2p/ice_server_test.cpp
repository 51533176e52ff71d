#include "net/p2p/ice_server.hpp"

#include <gtest/gtest.h>

namespace camspan::net {
namespace {

using Kind = IceUrl::Kind;

struct Case {
  const char* url;
  Kind kind;
  const char* host;
  std::uint16_t port;
};

TEST(IceServerTest, ReadsUrls) {
  for (const Case& one : {Case{"stun:192.0.2.1", Kind::stun, "192.0.2.1", 3478},
                          Case{"stun:stun.example:19302", Kind::stun, "stun.example", 19302},
                          Case{"turn:192.0.2.1:3478?transport=udp", Kind::turn_udp, "192.0.2.1", 3478},
                          Case{"turn:turn.example", Kind::turn_udp, "turn.example", 3478},
                          Case{"turn:[2001:db8::1]:80?transport=tcp", Kind::turn_tcp, "2001:db8::1", 80},
                          Case{"turns:turn.example", Kind::turn_tls, "turn.example", 5349},
                          Case{"turns:turn.example:443?transport=tcp", Kind::turn_tls, "turn.example", 443}}) {
    const auto url = parse_ice_url(one.url);
    ASSERT_TRUE(url) << one.url;
    EXPECT_EQ(url->kind, one.kind) << one.url;
    EXPECT_EQ(url->host, one.host) << one.url;
    EXPECT_EQ(url->port, one.port) << one.url;
  }
}

TEST(IceServerTest, RefusesOthers) {
  for (const char* url : {"", "stun", "stun:", "http://192.0.2.1", "turn:h:0", "turn:h:70000", "turn:h:x", "turn:[::1",
                          "turn:[::1]x", "turn:h?transport=sctp", "stun:h?transport=udp", "turn:h:1:2"})
    EXPECT_EQ(parse_ice_url(url).error(), Errc::malformed) << url;
  EXPECT_EQ(parse_ice_url("stuns:h").error(), Errc::unsupported);
  EXPECT_EQ(parse_ice_url("turns:h?transport=udp").error(), Errc::unsupported);
}

}  // namespace
}  // namespace camspan::net
