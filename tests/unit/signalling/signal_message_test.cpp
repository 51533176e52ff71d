#include "net/signalling/signal_message.hpp"

#include <gmock/gmock.h>

namespace camspan::net::signal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Content>
Content again(const Content& content) {
  const auto parsed = parse(write(content));
  EXPECT_TRUE(parsed) << write(content);
  return std::get<Content>(parsed.value());
}

TEST(SignalMessageTest, ReadsWhatItWrites) {
  Hello hello;
  hello.device = "a.b";
  hello.agent = "test";
  hello.camera = {{{0, "h264", 640, 480, 12.5, "aac", 44100, 2}, {1, "", 0, 0, 0, "", 0, 0}}, 4, "Tür", true, true};
  hello.time = "2026-11-21T08:30:00.000Z";
  hello.sessions = {"one", "two"};
  const Hello heard = again(hello);
  EXPECT_EQ(heard.device, hello.device);
  EXPECT_EQ(heard.camera, hello.camera);
  EXPECT_EQ(heard.time, hello.time);
  EXPECT_EQ(heard.sessions, hello.sessions);

  const Ready ready = again(Ready{{{"stun:a", "", ""}, {"turn:b", "user", "secret"}}, 1234});
  EXPECT_THAT(ready.ice_servers, ElementsAre(IceServer{"stun:a", "", ""}, IceServer{"turn:b", "user", "secret"}));
  EXPECT_EQ(ready.keepalive_ms, 1234u);

  const ViewerOffer offer = again(ViewerOffer{"s", "me", {"live", "talk"}, "action=live", "v=0\r\n", false});
  EXPECT_THAT(offer.allow, ElementsAre("live", "talk"));
  EXPECT_EQ(offer.sdp, "v=0\r\n");
  EXPECT_FALSE(offer.trickle);

  EXPECT_EQ(again(Answer{"s", "v=0\r\n"}).sdp, "v=0\r\n");
  EXPECT_EQ(again(Reject{"s", 503, "max-viewers"}).reason, "max-viewers");
  EXPECT_EQ(again(ViewerRestart{"s", "ufrag", "pwd"}).pwd, "pwd");
  EXPECT_EQ(again(ViewerCandidate{"s", "", "0", "u"}).candidate, "");
  EXPECT_EQ(again(Bye{"s", "left"}).reason, "left");
  EXPECT_EQ(again(RequestKeyframe{3}).channel, 3u);
  EXPECT_EQ(again(State{2, 5'000'000'000}).bitrate, 5'000'000'000u);
}

TEST(SignalMessageTest, TakesListsOfUrlsAndCodecsByName) {
  const auto ready = parse(R"({"type":"ready","ice_servers":[{"urls":["stun:a","stun:b"]}]})");
  EXPECT_EQ(std::get<Ready>(ready.value()).ice_servers.size(), 2u);
  const auto hello = parse(R"({"type":"hello","device":"d","channels":[{"channel":0,"video":"h265","audio":"pcma"}]})");
  EXPECT_EQ(std::get<Hello>(hello.value()).camera.channels[0].video, "h265");
  EXPECT_EQ(std::get<State>(parse(R"({"type":"state","viewers":1.0,"bitrate":2e6})").value()).bitrate, 2'000'000u);
}

TEST(SignalMessageTest, PassesOverTypesThatItDoesNotKnow) {
  EXPECT_TRUE(std::holds_alternative<Unknown>(parse(R"({"type":"weather","rain":[1]})").value()));
}

TEST(SignalMessageTest, RefusesWhatCannotBe) {
  for (const char* text :
       {"", "x", "[]", "null", "{}", R"({"type":1})", R"({"type":"answer","session":"s"})",
        R"({"type":"answer","sdp":"v=0"})", R"({"type":"answer","session":"s","sdp":""})",
        R"({"type":"reject","session":"s","status":200,"reason":"x"})",
        R"({"type":"reject","session":"s","status":500,"reason":"No Such\r\n"})",
        R"({"type":"candidate","session":"s","candidate":"candidate:1\r\na=x"})",
        R"({"type":"restart","session":"s","ufrag":"a\nb","pwd":"c"})", R"({"type":"state","viewers":-1})",
        R"({"type":"state","viewers":"1"})", R"({"type":"offer","session":"s","sdp":"v=0","allow":"live"})",
        R"({"type":"hello","device":"d","channels":[1]})", R"({"type":"hello","device":"d","talk":1})"})
    EXPECT_EQ(parse(text).error(), Errc::malformed) << text;
}

TEST(SignalMessageTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(parse(std::string(kMaxMessageBytes + 1, ' ')).error(), Errc::too_large);
  EXPECT_EQ(parse(write(Answer{"s", std::string((64 << 10) + 1, 'v')})).error(), Errc::too_large);
  EXPECT_EQ(parse(write(Answer{std::string(65, 's'), "v"})).error(), Errc::too_large);
  Hello hello;
  hello.device = "d";
  hello.sessions.assign(1025, "s");
  EXPECT_EQ(parse(write(hello)).error(), Errc::too_large);
}

TEST(SignalMessageTest, SurvivesDeepNesting) {
  const std::string deep = std::string(60'000, '[') + std::string(60'000, ']');
  EXPECT_TRUE(parse(R"({"type":"weather","x":)" + deep + "}"));
  EXPECT_FALSE(parse(std::string(100'000, '{')));
}

TEST(SignalMessageTest, NamesCausesAsProblemsDo) {
  EXPECT_TRUE(is_cause("max-viewers"));
  for (const char* text : {"", "Max", "a b", "a\n", "a/b"}) EXPECT_FALSE(is_cause(text)) << text;
}

}  // namespace
}  // namespace camspan::net::signal
