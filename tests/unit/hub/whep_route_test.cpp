#include "hub/whep_route.hpp"

#include "hub_under_viewers.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan::hub {
namespace {

using net::ViewerCandidate;
using net::ViewerOffer;
using net::ViewerRestart;
using net::signal::Answer;
using net::signal::Bye;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class WhepRouteTest : public HubUnderViewers {
 protected:
  std::string problem_of(const Reply& reply) {
    return std::to_string(reply.status) + " " + reply.field("camspan-problem");
  }
  std::string refusal(const std::string& sdp, const std::string& fields = "") {
    return problem_of(ask("POST", whep("?_trickle=1"), fields.empty() ? offer_fields() : fields, sdp));
  }
};

TEST_F(WhepRouteTest, GivesTheOfferToTheCameraAndItsAnswerToTheViewer) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer("?action=live&channel=0&token=x&_trickle=1&_other=2&quality=high");
  const auto asked = device.next<ViewerOffer>();
  EXPECT_EQ(asked.sdp, test::chromium_offer());
  EXPECT_EQ(asked.params, "action=live&channel=0&quality=high");
  EXPECT_THAT(asked.allow, ElementsAre("live"));
  EXPECT_TRUE(asked.trickle);
  device.send(Answer{asked.session, kAnswer});
  const Reply reply = reply_of(*viewer);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, kAnswer);
  EXPECT_EQ(reply.field("content-type"), "application/sdp");
  EXPECT_EQ(reply.field("location"), "/whep/" + std::string(kDevice) + "/" + asked.session);
  EXPECT_NE(reply.field("etag"), "");
  EXPECT_EQ(asked.session.size(), 32u);
}

TEST_F(WhepRouteTest, WaitsForTheLastCandidateOfACameraWhenTheViewerDoesNotTrickle) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer("");
  const auto asked = device.next<ViewerOffer>();
  EXPECT_FALSE(asked.trickle);
  device.send(Answer{asked.session, kAnswer});
  device.send(ViewerCandidate{asked.session, kCandidate, "0", ""});
  device.send(ViewerCandidate{asked.session, "", "0", ""});
  const Reply reply = reply_of(*viewer);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, std::string(kAnswer) + "a=" + kCandidate + "\r\na=end-of-candidates\r\n");
}

TEST_F(WhepRouteTest, WaitsNoLongerForCandidatesThanHalfASecond) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto begun = std::chrono::steady_clock::now();
  const auto viewer = offer("");
  const auto asked = device.next<ViewerOffer>();
  device.send(Answer{asked.session, kAnswer});
  device.send(ViewerCandidate{asked.session, kCandidate, "0", ""});
  const Reply reply = reply_of(*viewer);
  EXPECT_THAT(reply.body, HasSubstr(kCandidate));
  EXPECT_THAT(reply.body, Not(HasSubstr("end-of-candidates")));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(500));
}

TEST_F(WhepRouteTest, SaysWhyNobodyCanBeJoined) {
  start();
  EXPECT_EQ(problem_of(ask("POST", "/whep/nobody", offer_fields(), test::chromium_offer())), "404 unknown-device");
  EXPECT_EQ(problem_of(ask("POST", "/whep/.flv", offer_fields(), test::chromium_offer())), "404 unknown-device");
  const Reply offline = ask("POST", whep(), offer_fields(), test::chromium_offer());
  EXPECT_EQ(problem_of(offline), "503 offline");
  EXPECT_EQ(offline.field("retry-after"), "5");
  EXPECT_EQ(problem_of(ask("GET", whep(), bearer())), "405 method-not-allowed");
}

TEST_F(WhepRouteTest, AsksForTheRightOfTheAction) {
  start();
  const auto with = [&](const std::string& action, Right right) {
    return problem_of(ask("POST", whep("?action=" + action), offer_fields(right), test::chromium_offer()));
  };
  EXPECT_EQ(problem_of(ask("POST", whep(), "content-type: application/sdp\r\n", test::chromium_offer())),
            "401 missing-token");
  EXPECT_EQ(problem_of(ask("POST", whep("?token=no"), "content-type: application/sdp\r\n", test::chromium_offer())),
            "401 bad-token");
  EXPECT_EQ(with("live", Right::playback), "403 not-allowed");
  EXPECT_EQ(with("playback", Right::live), "403 not-allowed");
  EXPECT_EQ(with("download", Right::live), "403 not-allowed");
  EXPECT_EQ(with("voice", Right::live), "403 not-allowed");
  EXPECT_EQ(with("live", Right::live), "503 offline");
  EXPECT_EQ(with("playback", Right::playback), "503 offline");
  EXPECT_EQ(with("voice", Right::talk), "503 offline");
  EXPECT_EQ(with("dance", Right::live), "400 bad-request");
}

TEST_F(WhepRouteTest, RefusesOffersThatNoCameraCanAnswer) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const std::string good = test::chromium_offer();
  EXPECT_EQ(refusal("hello"), "400 bad-sdp");
  EXPECT_EQ(refusal(""), "400 bad-sdp");
  EXPECT_EQ(
      refusal("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
              test::fingerprint_line()),
      "406 not-acceptable");
  EXPECT_EQ(refusal(std::string(good).erase(good.find("a=fingerprint"), test::fingerprint_line().size())),
            "406 not-acceptable");
  EXPECT_EQ(refusal(good + std::string(64 << 10, 'x')), "413 too-large");
  std::string many = good;
  for (int i = 0; i < 1000; ++i) many += std::string("a=") + kCandidate + "\r\n";
  EXPECT_EQ(refusal(many), "413 too-many-candidates");
  for (int i = 0; i < 9000; ++i) many += std::string("a=") + kCandidate + "\r\n";
  EXPECT_EQ(refusal(many), "413 too-large");
  EXPECT_EQ(refusal(good, bearer()), "415 wrong-type");
  EXPECT_EQ(refusal(good, bearer() + "content-type: text/html\r\n"), "415 wrong-type");
  // None of it came to the camera.
  device.send(net::signal::State{1, 1});
  const auto viewer = offer();
  EXPECT_EQ(device.next<ViewerOffer>().sdp, good);
}

TEST_F(WhepRouteTest, PassesTheCamerasRefusalOn) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer();
  const auto asked = device.next<ViewerOffer>();
  device.send(net::signal::Reject{asked.session, 503, "max-viewers"});
  const Reply reply = reply_of(*viewer);
  EXPECT_EQ(problem_of(reply), "503 max-viewers");
  EXPECT_THAT(reply.body, HasSubstr("\"type\":\"/problems/max-viewers\""));
  EXPECT_NE(reply.field("retry-after"), "");
}

TEST_F(WhepRouteTest, GivesUpAnOfferWhenTheCameraIsLost) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer();
  device.next<ViewerOffer>();
  device.close();
  EXPECT_EQ(problem_of(reply_of(*viewer)), "503 offline");
}

TEST_F(WhepRouteTest, GivesUpAnOfferThatIsNotAnswered) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer();
  const auto asked = device.next<ViewerOffer>();
  EXPECT_EQ(problem_of(reply_of(*viewer)), "504 no-answer");
  EXPECT_EQ(device.next<Bye>().session, asked.session);
}

TEST_F(WhepRouteTest, CarriesTheViewersCandidatesToTheCamera) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  const Reply reply = patch(viewer,
                            std::string("a=ice-ufrag:Kjrt\r\na=ice-pwd:Vpr+IN2zN2g+ZodVPAybDzt5\r\nm=application 9 x "
                                        "y\r\na=mid:0\r\na=") +
                                kCandidate + "\r\na=end-of-candidates\r\n",
                            "if-match: " + viewer.etag + "\r\n");
  EXPECT_EQ(reply.status, 204);
  const auto first = device.next<ViewerCandidate>();
  EXPECT_EQ(first.session, viewer.session);
  EXPECT_EQ(first.candidate, kCandidate);
  EXPECT_EQ(first.mid, "0");
  EXPECT_EQ(first.ufrag, "Kjrt");
  EXPECT_EQ(device.next<ViewerCandidate>().candidate, "");
}

TEST_F(WhepRouteTest, RefusesFragmentsThatAreNone) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  EXPECT_EQ(problem_of(patch(viewer, "candidate")), "400 bad-sdp");
  std::string many;
  for (std::size_t i = 0; i <= rtc::kMaxCandidates; ++i) many += "a=candidate:1\n";
  EXPECT_EQ(problem_of(patch(viewer, many)), "413 too-many-candidates");
  EXPECT_EQ(problem_of(patch(viewer, std::string(20'000, '\n'))), "413 too-large");
  EXPECT_EQ(problem_of(ask("PATCH", viewer.place, "", "a=x\r\n")), "415 wrong-type");
  EXPECT_EQ(problem_of(ask("PATCH", viewer.place + "0")), "404 unknown-session");
  EXPECT_EQ(problem_of(ask("PATCH", "/whep/other/" + viewer.session)), "404 unknown-session");
  EXPECT_EQ(problem_of(ask("POST", viewer.place)), "405 method-not-allowed");
}

TEST_F(WhepRouteTest, BoundsTheCandidatesOfASession) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  std::string most;
  for (std::size_t i = 0; i < rtc::kMaxCandidates; ++i) most += "a=candidate:1\n";
  EXPECT_EQ(patch(viewer, most).status, 204);
  EXPECT_EQ(problem_of(patch(viewer, "a=candidate:1\n")), "413 too-many-candidates");
}

TEST_F(WhepRouteTest, TellsTheCamerasCandidatesAsEvents) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  device.send(ViewerCandidate{viewer.session, kCandidate, "0", ""});
  test::RawClient events(address());
  events.send(request("GET", viewer.place, "accept: text/event-stream\r\n", ""));
  std::string text = events.read_until(std::string("event: candidate\ndata: a=") + kCandidate + "\n\n");
  EXPECT_THAT(text, HasSubstr("content-type: text/event-stream"));
  device.send(ViewerCandidate{viewer.session, "", "0", ""});
  events.read_until("event: candidate\ndata: a=end-of-candidates\n\n");
  device.send(Bye{viewer.session, "camera-stops"});
  EXPECT_THAT(events.read_all(), HasSubstr("event: bye\ndata: camera-stops\n\n"));
  EXPECT_EQ(ask("DELETE", viewer.place).status, 404);
}

TEST_F(WhepRouteTest, TellsTheCameraThatAViewerLeaves) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  EXPECT_EQ(ask("DELETE", viewer.place).status, 200);
  EXPECT_EQ(device.next<Bye>().session, viewer.session);
  EXPECT_EQ(ask("DELETE", viewer.place).status, 404);
}

TEST_F(WhepRouteTest, RestartsIceForTheViewer) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  const std::string fragment = "a=ice-ufrag:news\r\na=ice-pwd:0123456789012345678901\r\n";
  test::RawClient client(address());
  client.send(request("PATCH", viewer.place,
                      "content-type: application/trickle-ice-sdpfrag\r\nif-match: " + viewer.etag + "\r\n", fragment));
  const auto asked = device.next<ViewerRestart>();
  EXPECT_EQ(asked.ufrag, "news");
  device.send(ViewerRestart{viewer.session, "ours", "9876543210987654321098"});
  const Reply reply = reply_of(client);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "a=ice-ufrag:ours\r\na=ice-pwd:9876543210987654321098\r\n");
  EXPECT_NE(reply.field("etag"), viewer.etag);
  EXPECT_EQ(problem_of(patch(viewer, "a=candidate:1\n", "if-match: " + viewer.etag + "\r\n")), "412 stale");
  EXPECT_EQ(patch(viewer, "a=candidate:1\n", "if-match: " + reply.field("etag") + "\r\n").status, 204);
}

TEST_F(WhepRouteTest, LetsTheCameraRestartIce) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const Joined viewer = join(device);
  device.send(ViewerRestart{viewer.session, "ours", "9876543210987654321098"});
  test::RawClient events(address());
  events.send(request("GET", viewer.place, "accept: text/event-stream\r\n", ""));
  events.read_until("event: restart\ndata: a=ice-ufrag:ours\ndata: a=ice-pwd:9876543210987654321098\n\n");
  const Reply reply = patch(viewer, "a=ice-ufrag:news\r\na=ice-pwd:0123456789012345678901\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("a=ice-ufrag:ours"));
  EXPECT_EQ(device.next<ViewerRestart>().ufrag, "news");
}

TEST_F(WhepRouteTest, ListsIceServersInLinkFields) {
  Config config;
  config.ice.stun = {"stun:stun.example:3478"};
  config.ice.turn = {{"turn:turn.example:3478?transport=udp", "north"}};
  start(config);
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer();
  const auto asked = device.next<ViewerOffer>();
  device.send(Answer{asked.session, kAnswer});
  const Reply reply = reply_of(*viewer);
  EXPECT_THAT(reply.head, HasSubstr("link: <stun:stun.example:3478>; rel=\"ice-server\"\r\n"));
  EXPECT_THAT(reply.head, HasSubstr("link: <turn:turn.example:3478?transport=udp>; rel=\"ice-server\"; username=\""));
  EXPECT_THAT(reply.head, HasSubstr("credential-type=\"password\""));
}

TEST_F(WhepRouteTest, BoundsTheViewersOfADevice) {
  Config config;
  config.limits.viewers_per_device = 2;
  start(config);
  Device device = camera();
  device.greet(kDevice);
  const Joined first = join(device);
  join(device);
  EXPECT_EQ(refusal(test::chromium_offer()), "503 max-viewers");
  EXPECT_EQ(ask("DELETE", first.place).status, 200);
  device.next<Bye>();
  join(device);
}

TEST_F(WhepRouteTest, CountsItsSessions) {
  start();
  Device device = camera();
  device.greet(kDevice);
  join(device);
  const std::string metrics = ask("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("camspan_hub_devices_signalling 1\n"));
  EXPECT_THAT(metrics, HasSubstr("camspan_hub_whep_sessions 1\n"));
  EXPECT_THAT(metrics, HasSubstr("camspan_hub_whep_offers_total 1\n"));
}

TEST_F(WhepRouteTest, RefusesViewersWhenTheHubStops) {
  start();
  Device device = camera();
  device.greet(kDevice);
  const auto viewer = offer();
  device.next<ViewerOffer>();
  std::thread stopping([this] { stop(); });
  EXPECT_EQ(problem_of(reply_of(*viewer)), "503 stopping");
  device.closed();
  device.close();
  stopping.join();
}

TEST(WhepRequestTest, TakesOffWhatTheCameraIsNotToSee) {
  const auto request = parse_whep_request("token=abc&action=playback&_x=1&start=2026&&=1&flag&_trickle=1");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->params, "action=playback&start=2026&flag");
  EXPECT_EQ(request->right, Right::playback);
  EXPECT_TRUE(request->trickle);
  EXPECT_FALSE(parse_whep_request("_trickle=0")->trickle);
  EXPECT_FALSE(parse_whep_request("action=%6cive"));
  EXPECT_FALSE(parse_whep_request(std::string(5000, 'x')));
}

}  // namespace
}  // namespace camspan::hub
