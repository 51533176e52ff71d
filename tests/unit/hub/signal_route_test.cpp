#include "hub/signal_route.hpp"

#include "hub_under_viewers.hpp"

namespace camspan::hub {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class SignalRouteTest : public HubUnderViewers {};

TEST_F(SignalRouteTest, IsReadyForADeviceThatSaysHello) {
  start();
  Device device = camera();
  ASSERT_TRUE(device.accepted()) << device.head();
  const auto ready = device.greet(kDevice);
  EXPECT_EQ(ready.keepalive_ms, 20000u);
  EXPECT_THAT(ready.ice_servers, IsEmpty());
}

TEST_F(SignalRouteTest, RefusesWhoIsNoDeviceOfItsOwn) {
  start();
  EXPECT_THAT(Device(address(), own_names(), "wrong").head(), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(Device(address(), {"x.y", "x", "y", ""}, kSecret).head(), StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(ask("GET", "/signal").status, 401);
}

TEST_F(SignalRouteTest, RefusesWhatIsNoWebSocket) {
  start();
  std::string fields;
  for (const auto& [name, value] : credentials())
    if (name != "content-length") fields += name + ": " + value + "\r\n";
  EXPECT_EQ(ask("GET", "/signal", fields).status, 400);
}

TEST_F(SignalRouteTest, ShowsWhatTheDeviceSaysOfItself) {
  start();
  EXPECT_THAT(device_json(), HasSubstr("\"online\":false"));
  Device device = camera();
  net::signal::Hello hello;
  hello.device = kDevice;
  hello.camera.channels = {{0, "h264", 1280, 720, 25, "aac", 44100, 1}};
  hello.camera.max_viewers = 7;
  hello.camera.name = "Front door";
  hello.camera.talk = true;
  hello.time = format_utc(utc_now() + std::chrono::hours(1));
  device.greet(hello);
  wait_for_json("\"online\":true");
  const std::string json = device_json();
  EXPECT_THAT(json, HasSubstr("\"live\":false"));
  EXPECT_THAT(json, HasSubstr("\"name\":\"Front door\""));
  EXPECT_THAT(json, HasSubstr("\"max_viewers\":7"));
  EXPECT_THAT(json, HasSubstr("\"talk\":true,\"ptz\":false"));
  EXPECT_THAT(json, HasSubstr(R"("video":{"codec":"h264","width":1280,"height":720,"fps":25.0})"));
  EXPECT_THAT(json, HasSubstr(R"("audio":{"codec":"aac","rate":44100,"channels":1})"));
  EXPECT_THAT(json, testing::ContainsRegex("\"clock_offset_ms\":3(59|60)[0-9][0-9][0-9][0-9]"));
}

TEST_F(SignalRouteTest, IsLiveWhileMediaComeInAndOfflineWhenTheDeviceLeaves) {
  start();
  Device device = camera();
  device.greet(kDevice);
  device.send(net::signal::State{3, 2'000'000});
  wait_for_json("\"live\":true");
  EXPECT_THAT(device_json(), HasSubstr("\"viewers\":3"));
  EXPECT_THAT(device_json(), HasSubstr("\"bitrate\":2000000"));
  device.send(net::signal::State{0, 0});
  wait_for_json("\"live\":false");
  device.close();
  wait_for_json("\"online\":false");
}

TEST_F(SignalRouteTest, EndsADeviceThatBreaksTheProtocol) {
  start();
  const std::string deep(20'000, '[');
  for (const std::string text :
       {"", "hello", "[]", "{}", "{\"type\":7}", "{\"type\":\"state\"}", "{\"type\":\"hello\"}",
        "{\"type\":\"hello\",\"device\":\"another.device\"}",
        "{\"type\":\"hello\",\"device\":\"a1TESTPK001.cam-01\",\"channels\":{}}", deep.c_str()}) {
    Device device = camera();
    device.send_text(text);
    EXPECT_EQ(device.closed().code, 1008) << text;
  }
}

TEST_F(SignalRouteTest, PassesOverWhatItDoesNotKnow) {
  start();
  Device device = camera();
  device.greet(kDevice);
  device.send_text("{\"type\":\"weather\",\"rain\":true}");
  device.send(net::signal::Bye{"no-such-session", ""});
  device.send(net::signal::State{1, 1});
  wait_for_json("\"viewers\":1");
}

TEST_F(SignalRouteTest, EndsAMessageOverTheLimit) {
  start();
  Device device = camera();
  device.greet(kDevice);
  device.send_text(std::string(net::signal::kMaxMessageBytes + 1, ' '));
  EXPECT_EQ(device.closed().code, 1009);
}

TEST_F(SignalRouteTest, LetsANewSocketReplaceTheOld) {
  start();
  Device old = camera();
  old.greet(kDevice);
  const Joined viewer = join(old);
  Device young = camera();
  young.greet(kDevice, {viewer.session});
  EXPECT_EQ(old.closed().code, 1000);
  EXPECT_THAT(device_json(), HasSubstr("\"online\":true"));
  // The session that it still has goes on.
  EXPECT_EQ(patch(viewer, std::string("a=") + kCandidate + "\r\n").status, 204);
  EXPECT_EQ(young.next<net::ViewerCandidate>().candidate, kCandidate);
}

TEST_F(SignalRouteTest, ForgetsSessionsThatADeviceHasNoMore) {
  start();
  Device old = camera();
  old.greet(kDevice);
  const Joined viewer = join(old);
  Device young = camera();
  young.greet(kDevice);
  EXPECT_EQ(patch(viewer, std::string("a=") + kCandidate + "\r\n").status, 404);
}

TEST_F(SignalRouteTest, GivesCredentialsForTurnThatExpire) {
  Config config;
  config.ice.stun = {"stun:stun.example:3478"};
  config.ice.turn = {{"turn:turn.example:3478", "north"}};
  config.ice.ttl = std::chrono::hours(1);
  start(config);
  Device device = camera();
  const auto ready = device.greet(kDevice);
  ASSERT_THAT(ready.ice_servers, SizeIs(2));
  EXPECT_EQ(ready.ice_servers[0], (net::IceServer{"stun:stun.example:3478", "", ""}));
  const std::string& username = ready.ice_servers[1].username;
  EXPECT_EQ(username.substr(username.find(':') + 1), kDevice);
  const auto left = std::stoll(username) - utc_now().time_since_epoch().count() / 1000;
  EXPECT_GE(left, 3590);
  EXPECT_LE(left, 3600);
}

TEST_F(SignalRouteTest, TellsDevicesThatItStops) {
  start();
  Device device = camera();
  device.greet(kDevice);
  std::thread stopping([this] { stop(); });
  EXPECT_EQ(device.closed().code, 1001);
  device.close();
  stopping.join();
}

}  // namespace
}  // namespace camspan::hub
