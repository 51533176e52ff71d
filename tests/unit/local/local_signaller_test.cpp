#include "local/local_signaller.hpp"

#include <gmock/gmock.h>
#include <fstream>

#include "hub/clock.hpp"
#include "hub/token.hpp"
#include "support/flv_maker.hpp"
#include "support/heard_signals.hpp"
#include "support/raw_client.hpp"
#include "support/sdp_samples.hpp"
#include "support/temp_folder.hpp"

namespace camspan {
namespace {

using test::HeardSignals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class LocalSignallerTest : public testing::Test {
 protected:
  ~LocalSignallerTest() override {
    if (camera_) heard_.run_there([this] { camera_.reset(); });
  }
  void start(LocalSignallerConfig config = {}) {
    config.device_id = "cam1";
    config.server.port = 0;
    auto made = LocalSignaller::make(std::move(config), heard_, heard_.poster());
    ASSERT_TRUE(made) << made.error().sentence;
    camera_ = std::move(*made);
    camera_->start();
    ASSERT_NE(camera_->port(), 0);
    heard_.next_state(net::SignalState::connected);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(camera_->port()); }
  std::unique_ptr<test::RawClient> send(const std::string& method, const std::string& target,
                                        const std::string& fields = "", const std::string& body = "") {
    auto client = std::make_unique<test::RawClient>(address());
    client->send(method + " " + target + " HTTP/1.0\r\n" + fields + "content-length: " + std::to_string(body.size()) +
                 "\r\n\r\n" + body);
    return client;
  }
  std::string ask(const std::string& method, const std::string& target, const std::string& fields = "",
                  const std::string& body = "") {
    return send(method, target, fields, body)->read_all();
  }
  std::string status(const std::string& target, const std::string& fields = "") {
    return ask("POST", target, fields + "content-type: application/sdp\r\n", "no offer").substr(9, 3);
  }

  test::TempFolder folder_;
  HeardSignals heard_;
  std::unique_ptr<LocalSignaller> camera_;
};

TEST_F(LocalSignallerTest, LetsAViewerJoinTheCamera) {
  start();
  const auto viewer =
      send("POST", "/whep/cam1?action=live&_trickle=1", "content-type: application/sdp\r\n", test::chromium_offer());
  const auto offer = heard_.next<net::ViewerOffer>();
  EXPECT_EQ(offer.sdp, test::chromium_offer());
  EXPECT_EQ(offer.params, "action=live");
  EXPECT_THAT(offer.allow, testing::Contains("command"));
  camera_->answer(offer.session, "v=0\r\n");
  const std::string reply = viewer->read_all();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 201 "));
  const std::string place = "/whep/cam1/" + offer.session;
  EXPECT_THAT(reply, HasSubstr("location: " + place + "\r\n"));
  EXPECT_THAT(ask("PATCH", place, "content-type: application/trickle-ice-sdpfrag\r\n", "a=candidate:1\r\n"),
              StartsWith("HTTP/1.1 204 "));
  EXPECT_EQ(heard_.next<net::ViewerCandidate>().candidate, "candidate:1");
  camera_->candidate({offer.session, "candidate:2 x", "0", ""});
  const auto events = send("GET", place);
  events->read_until("data: a=candidate:2 x\n\n");
  EXPECT_THAT(ask("DELETE", place), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(heard_.next<HeardSignals::Left>().session, offer.session);
}

TEST_F(LocalSignallerTest, TellsItsOwnIdAndThePage) {
  start();
  EXPECT_THAT(ask("GET", "/healthz"), HasSubstr("{\"status\":\"ok\",\"device\":\"cam1\"}"));
  net::CameraDescription camera;
  camera.ptz = true;
  camera_->describe(camera);
  EXPECT_THAT(ask("GET", "/healthz"), HasSubstr("{\"status\":\"ok\",\"device\":\"cam1\",\"ptz\":true}"));
  EXPECT_THAT(ask("GET", "/"), HasSubstr("<!doctype html>"));
  EXPECT_THAT(ask("GET", "/api/devices"), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(status("/whep/cam2"), "400");
  EXPECT_THAT(ask("POST", "/whep/cam2", "content-type: application/sdp\r\n", test::chromium_offer()),
              StartsWith("HTTP/1.1 404 "));
}

TEST_F(LocalSignallerTest, AsksForItsToken) {
  LocalSignallerConfig config;
  config.server.token = "sesame";
  start(std::move(config));
  EXPECT_EQ(status("/whep/cam1"), "401");
  EXPECT_EQ(status("/whep/cam1?token=open"), "401");
  EXPECT_EQ(status("/whep/cam1?token=sesame"), "400");
  EXPECT_EQ(status("/whep/cam1", "authorization: Bearer sesame\r\n"), "400");
  EXPECT_THAT(ask("GET", "/live/cam1.flv"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(ask("GET", "/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(LocalSignallerTest, TakesTokensOfItsKeyForWhatTheySay) {
  const auto file = folder_.path() / "jwt.key";
  const auto key = hub::TokenKey::load(file, true).value();
  const auto now = std::chrono::floor<std::chrono::seconds>(hub::utc_now());
  const auto token = [&](const std::string& device, hub::Right right) {
    return key.sign({"", device, {right}, now + std::chrono::seconds(60)}, now).value();
  };
  LocalSignallerConfig config;
  config.jwt_key_file = file;
  start(std::move(config));
  EXPECT_EQ(status("/whep/cam1?token=" + token("cam1", hub::Right::live)), "400");
  EXPECT_EQ(status("/whep/cam1?token=" + token("cam2", hub::Right::live)), "403");
  EXPECT_EQ(status("/whep/cam1?token=" + token("*", hub::Right::playback)), "403");
  EXPECT_EQ(status("/whep/cam1?action=playback&token=" + token("*", hub::Right::playback)), "400");
  EXPECT_EQ(status("/whep/cam1?token=x"), "401");
}

TEST_F(LocalSignallerTest, ShowsWhatItIsGivenLive) {
  start();
  EXPECT_THAT(ask("GET", "/live/cam1.flv"), StartsWith("HTTP/1.1 503 "));
  test::FlvMaker maker;
  const auto tags = maker.stream({});
  const auto units = test::parse_flv(test::flv_file(tags));
  for (const auto& unit : units) camera_->push(unit);
  std::string answer;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto viewer = send("GET", "/live/cam1.flv");
  answer = viewer->read_until("FLV\x01");
  EXPECT_THAT(answer, HasSubstr("content-type: video/x-flv"));
  EXPECT_LT(std::chrono::steady_clock::now(), deadline);
  heard_.run_there([this] { camera_.reset(); });
  viewer->read_all();
}

TEST_F(LocalSignallerTest, SaysWhyItCannotListen) {
  start();
  LocalSignallerConfig config;
  config.device_id = "cam2";
  config.server.port = camera_->port();
  auto second = LocalSignaller::make(std::move(config), heard_, heard_.poster());
  (*second)->start();
  EXPECT_EQ((*second)->port(), 0);
  EXPECT_THAT(heard_.next_state(net::SignalState::lost).why.sentence, HasSubstr("in use"));
}

TEST_F(LocalSignallerTest, EndsWithAViewerThatWaits) {
  start();
  const auto viewer = send("POST", "/whep/cam1", "content-type: application/sdp\r\n", test::chromium_offer());
  heard_.next<net::ViewerOffer>();
  heard_.run_there([this] { camera_.reset(); });
  viewer->read_all();
}

TEST(LocalSignallerSettingsTest, AreRefusedWithTheSetting) {
  HeardSignals heard;
  const auto sentence = [&](LocalSignallerConfig config) {
    auto made = LocalSignaller::make(std::move(config), heard, heard.poster());
    return made ? std::string("fine") : made.error().sentence;
  };
  LocalSignallerConfig config;
  EXPECT_THAT(sentence(config), HasSubstr("device-id"));
  config.device_id = "cam1";
  EXPECT_EQ(sentence(config), "fine");
  config.server.host = "0.0.0.0";
  EXPECT_THAT(sentence(config), HasSubstr("signaller::host"));
  config.server.token = "x";
  EXPECT_EQ(sentence(config), "fine");
  config.jwt_key_file = "/nowhere/key";
  EXPECT_THAT(sentence(config), HasSubstr("/nowhere/key"));
}

}  // namespace
}  // namespace camspan
