#include "net/p2p/p2p_link.hpp"

#include <gmock/gmock.h>

#include "support/p2p_ends.hpp"

namespace camspan::net {
namespace {

using test::P2pEnd;
using test::P2pPair;

TEST(P2pLinkTest, CarriesMessagesOfAChannelThatTheViewerOpens) {
  P2pPair pair;
  pair.connect();
  const auto id = pair.viewer.open_channel({"action=live&channel=0", "camspan-flv"});
  ASSERT_TRUE(pair.camera.wait([&](P2pEnd& camera) { return camera.channels.size() == 1; }));
  const auto channel = pair.camera.look([](P2pEnd& camera) { return camera.channels.front(); });
  EXPECT_EQ(channel.label, "action=live&channel=0");
  EXPECT_EQ(channel.protocol, "camspan-flv");
  EXPECT_EQ(channel.id, id);
  EXPECT_TRUE(channel.by_peer);
  pair.camera.send(channel.id, "FLV");
  pair.viewer.send(channel.id, "thanks");
  EXPECT_TRUE(pair.viewer.wait([](P2pEnd& viewer) { return viewer.text == "FLV"; }));
  EXPECT_TRUE(pair.camera.wait([](P2pEnd& camera) { return camera.text == "thanks"; }));
}

}  // namespace
}  // namespace camspan::net
