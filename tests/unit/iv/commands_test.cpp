// Commands and voice of a program on the raw API (p2p.md section 1.7), in virtual time and without a network.
#include <gmock/gmock.h>

#include "iv_err.h"
#include "stand.hpp"

namespace camspan::iv {
namespace {

using rtc::CommandKind;
using testing::ElementsAre;
using testing::IsEmpty;

class IvCommandsTest : public IvStand {
 protected:
  IvCommandsTest() : link(join("v1")) { link.open(1, "command", "camspan-command"); }

  ~IvCommandsTest() override { camera.reset(); }  // which tells of what is still asked

  rtc::CommandMessage last() {
    EXPECT_FALSE(link.sent.empty());
    const auto message = rtc::parse_command(link.sent.back().bytes);
    EXPECT_TRUE(message);
    return message.value_or(rtc::CommandMessage{});
  }
  /// As iv_avt_p2p_send_command(), without waiting.
  void ask(const std::string& peer, std::string_view text, Nanoseconds timeout = 7500ms) {
    camera->ask(peer, as_bytes(text), timeout, [this](CommandResult result) { results.push_back(std::move(result)); });
  }

  StandLink& link;
  std::vector<CommandResult> results;
};

TEST_F(IvCommandsTest, AnswersWithWhatTheCallbackGivesAndFreesItOnce) {
  program.reply = program.owned(R"([{"status":"0","appConnectNum":"2"}])");
  link.command(1, CommandKind::request, 7, "action=inner_define&channel=0&cmd=get_device_st&type=live");
  EXPECT_THAT(heard(), ElementsAre("command action=inner_define&channel=0&cmd=get_device_st&type=live v1"));
  EXPECT_EQ(last().kind, CommandKind::reply);
  EXPECT_EQ(last().id, 7u);
  EXPECT_EQ(as_text(last().body), R"([{"status":"0","appConnectNum":"2"}])");
  EXPECT_EQ(program.frees(), 1u);
}

TEST_F(IvCommandsTest, AnEmptyReplyMeansDisconnectedAndStreamsGoOn) {
  link.open(3, "action=live");
  link.command(1, CommandKind::request, 7, "action=user_define&cmd=ptz_left");
  EXPECT_EQ(last().kind, CommandKind::error);
  EXPECT_EQ(last().id, 7u);
  EXPECT_EQ(as_text(last().body.subspan(2)), "disconnected");
  program.reply = program.owned("");
  link.command(1, CommandKind::request, 8, "action=user_define&cmd=ptz_left");
  EXPECT_EQ(last().kind, CommandKind::error);
  EXPECT_EQ(program.frees(), 1u);
  EXPECT_THAT(link.closing, IsEmpty());
  run(50ms);
  EXPECT_GE(program.handle(0).gets, 5);
}

TEST_F(IvCommandsTest, AnythingIsACommandNulBytesToo) {
  static uint8_t ok[] = {'o', 'k'};
  program.reply = {ok, 2, nullptr};
  link.command(1, CommandKind::request, 1, std::string_view("a\0b", 3));
  link.command(1, CommandKind::request, 2, "");
  EXPECT_THAT(heard(), ElementsAre("command " + std::string("a\0b", 3) + " v1", "command  v1"));
  EXPECT_EQ(as_text(last().body), "ok");
}

TEST_F(IvCommandsTest, DeliversALongReplyWhole) {
  const std::string list(150'000, 'r');
  program.reply = program.owned(list);
  link.command(1, CommandKind::request, 1, "action=inner_define&cmd=get_record_index");
  std::string joined;
  for (const auto& message : link.sent) joined += as_text(rtc::parse_command(message.bytes)->body);
  EXPECT_EQ(joined, list);
  EXPECT_EQ(program.frees(), 1u);
}

TEST_F(IvCommandsTest, GoesAheadOfStreams) {
  link.open(3, "action=live");
  link.space = 384 << 10;
  program.on_get = [this](StandProgram::Handle& handle) {
    handle.next.push_back(program.owned(std::string(60'000, 'x')));
  };
  run(200ms);
  link.space = 512 << 10;  // what SCTP has beside
  program.reply = program.owned("now");
  link.command(1, CommandKind::request, 1, "action=user_define&cmd=ptz_up");
  EXPECT_EQ(as_text(last().body), "now");
}

TEST_F(IvCommandsTest, ANoteIsHeardAndNotAnswered) {
  program.reply = program.owned("thanks");
  link.command(1, CommandKind::request, 0, "action=inner_define&cmd=floor");
  EXPECT_THAT(heard(), ElementsAre("command action=inner_define&cmd=floor v1"));
  EXPECT_THAT(link.sent, IsEmpty());
  EXPECT_EQ(program.frees(), 1u);
}

TEST_F(IvCommandsTest, AsksAViewerAndGivesItsReply) {
  ask("v1", R"({"cmd":"hello"})");
  EXPECT_EQ(last().kind, CommandKind::request);
  EXPECT_EQ(as_text(last().body), R"({"cmd":"hello"})");
  EXPECT_THAT(results, IsEmpty());
  link.command(1, CommandKind::reply, last().id, "yes");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].status, IV_ERR_NONE);
  EXPECT_EQ(as_text(results[0].reply), "yes");
}

TEST_F(IvCommandsTest, OpensTheChannelWhenTheViewerHasNone) {
  StandLink& other = join("v2");
  ask("v2", "hello");
  EXPECT_THAT(other.opened, ElementsAre("command"));
  ASSERT_EQ(other.sent.size(), 1u);
  EXPECT_EQ(other.sent[0].channel, 2);
  ask("v2", "again");
  EXPECT_EQ(other.opened.size(), 1u);
  other.open(1, "command", "camspan-command");
  ask("v2", "third");
  EXPECT_EQ(other.sent.back().channel, 1) << "of two, the lower one";
}

TEST_F(IvCommandsTest, TellsWhatBecameOfEachCommand) {
  ask("nobody", "x");
  EXPECT_EQ(results.back().status, IV_ERR_AVT_CHN_NOT_EXIT);
  join("v2").refuses_channels = true;
  ask("v2", "x");
  EXPECT_EQ(results.back().status, IV_ERR_AVT_CHN_NOT_EXIT);
  ask("v1", std::string(64 << 10, 'x'));
  EXPECT_EQ(results.back().status, IV_ERR_AVT_INPUT_PARAM_INVAILD);
  ask("v1", "x");
  link.observer.on_message(1, false, rtc::command_error(last().id, 404, "no"));
  EXPECT_EQ(results.back().status, IV_ERR_AVT_FAILED);
  link.space = 0;
  while (results.size() < 5) ask("v1", std::string(60'000, 'x'));
  EXPECT_EQ(results.back().status, IV_ERR_AVT_REQ_CHN_BUSY);
}

TEST_F(IvCommandsTest, GivesUpAfterItsTimeWithoutAnyStream) {
  ask("v1", "x", 7500ms);
  run(7499ms);
  EXPECT_THAT(results, IsEmpty());
  run(1ms);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].status, IV_ERR_AVT_SEND_DATA_TIMEOUT);
}

TEST_F(IvCommandsTest, GivesUpWhenTheViewerIsGone) {
  ask("v1", "x");
  link.observer.on_channel_closed(1);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].status, IV_ERR_AVT_CHN_NOT_EXIT);
  StandLink& other = join("v2");
  ask("v2", "x");
  other.observer.on_ended({Errc::connection_lost, "lost", 0});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1].status, IV_ERR_AVT_CHN_NOT_EXIT);
  link.open(5, "command", "camspan-command");
  ask("v1", "x");
  camera->close();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[2].status, IV_ERR_AVT_CHN_NOT_EXIT);
}

// ---- voice ---------------------------------------------------------------------------------------------------

TEST_F(IvCommandsTest, VoiceIsWhatTheViewerSends) {
  link.open(3, "action=voice&channel=0&codec=flv", "camspan-voice");
  EXPECT_THAT(heard(), ElementsAre("recv channel=0&codec=flv v1"));
  link.say(3, "abc");
  link.say(3, "");
  link.say(3, "def");
  EXPECT_EQ(program.handle(0).voice, "abcdef");
  EXPECT_EQ(program.handle(0).ends, 0);
  link.observer.on_channel_closed(3);
  EXPECT_EQ(program.handle(0).ends, 1);
  hub.left("v1", "");
  EXPECT_EQ(program.handle(0).ends, 1) << "once";
}

TEST_F(IvCommandsTest, VoiceMayHaveAnyParameters) {
  link.open(3, "voice?channel=0", "camspan-voice");
  link.open(5, "hello", "camspan-voice");
  link.open(7, "", "camspan-voice");
  link.open(9, "action=voice");
  EXPECT_THAT(heard(), ElementsAre("recv channel=0 v1", "recv hello v1", "recv  v1", "recv  v1"));
}

TEST_F(IvCommandsTest, VoiceEndsOnceHoweverTheViewerGoes) {
  link.open(3, "action=voice", "camspan-voice");
  link.open(5, "action=voice", "camspan-voice");
  link.observer.on_ended({Errc::connection_lost, "lost", 0});
  camera->close();
  EXPECT_EQ(program.handle(0).ends, 1);
  EXPECT_EQ(program.handle(1).ends, 1);
}

TEST_F(IvCommandsTest, ANullHandleRefusesTheVoice) {
  program.refuses = true;
  link.open(3, "action=voice", "camspan-voice");
  EXPECT_THAT(link.closing, ElementsAre(3));
  link.say(3, "abc");
  link.observer.on_channel_closed(3);
  EXPECT_EQ(heard().size(), 1u);
}

class IvVoiceWithStopTest : public IvStand {
 protected:
  static Callbacks with_stop() {
    Callbacks callbacks = StandProgram::callbacks();
    callbacks.recv_voice = nullptr;
    callbacks.recv_voice_with_stop = [](void* handle, uint8_t* buf, size_t len, uint8_t* stop) {
      StandProgram::callbacks().recv_voice(handle, buf, len);
      if (buf != nullptr && StandProgram::current()->stops_voice) *stop = 1;
    };
    return callbacks;
  }
  IvVoiceWithStopTest() : IvStand(with_stop()) {}
};

TEST_F(IvVoiceWithStopTest, TheProgramEndsIt) {
  StandLink& link = join("v1");
  link.open(3, "action=voice", "camspan-voice");
  link.say(3, "abc");
  EXPECT_THAT(link.closing, IsEmpty());
  program.stops_voice = true;
  link.say(3, "def");
  EXPECT_THAT(link.closing, ElementsAre(3));
  link.say(3, "ghi");
  link.observer.on_channel_closed(3);
  EXPECT_EQ(program.handle(0).voice, "abcdef");
  EXPECT_EQ(program.handle(0).ends, 1);
}

class IvWithoutVoiceTest : public IvStand {
 protected:
  static Callbacks none() {
    Callbacks callbacks = StandProgram::callbacks();
    callbacks.recv_init = nullptr;
    callbacks.recv_voice = nullptr;
    callbacks.notify = nullptr;
    return callbacks;
  }
  IvWithoutVoiceTest() : IvStand(none()) {}
};

TEST_F(IvWithoutVoiceTest, RefusesItAndTellsNoEvents) {
  camera->set_marks({1, 2, 3});
  StandLink& link = watch();
  link.open(3, "action=voice", "camspan-voice");
  EXPECT_THAT(link.closing, ElementsAre(3));
  program.handle(0).next = {program.owned("abcdef")};
  hub.state(net::SignalState::connected, {});
  run(50ms);
  EXPECT_THAT(heard(), ElementsAre("send action=live&channel=0 v1"));
}

// ---- viewers and the hub -----------------------------------------------------------------------------------------

class IvViewersTest : public IvStand {};

TEST_F(IvViewersTest, AnswersAnOfferAndCarriesCandidates) {
  hub.ready({{"stun:127.0.0.1:3478", "", ""}});
  StandLink& link = join("v1");
  EXPECT_EQ(ice_servers.size(), 1u);
  link.observer.on_candidate("candidate:1");
  link.observer.on_candidate("");
  hub.candidate({"v1", "candidate:2", "0", ""});
  hub.candidate({"v9", "candidate:3", "0", ""});
  EXPECT_THAT(signaller.said, ElementsAre("answer v1", "candidate v1 candidate:1", "candidate v1 "));
  EXPECT_THAT(link.candidates, ElementsAre("candidate:2"));
  link.observer.on_ended({Errc::connection_lost, "lost", 0});
  run(1ms);
  EXPECT_EQ(signaller.said.back(), "bye v1 lost");
  EXPECT_THAT(signaller.counts, ElementsAre(1, 0));
}

TEST_F(IvViewersTest, RefusesWhatIsNoOfferAndMoreThanItServes) {
  net::ViewerOffer offer;
  offer.session = "bad";
  offer.sdp = "hello";
  hub.offered(offer);
  EXPECT_EQ(signaller.said.back(), "reject bad 400 bad-sdp");
  for (std::size_t i = 0; i < Camera::kMaxViewers; ++i) join("v" + std::to_string(i));
  join("v0");
  EXPECT_EQ(signaller.said.back(), "reject v0 400 bad-request");
  join("one more");
  EXPECT_EQ(signaller.said.back(), "reject one more 503 max-viewers");
  EXPECT_EQ(camera->viewers(), Camera::kMaxViewers);
}

TEST_F(IvViewersTest, TellsHowTheHubIsReached) {
  const auto told = [](iv_avt_event_e which) { return "event " + std::to_string(which); };
  const auto state = [this](net::SignalState now) { hub.state(now, Failure{Errc::unreachable, "not reached", 0}); };
  state(net::SignalState::connecting);
  state(net::SignalState::lost);
  state(net::SignalState::connecting);
  state(net::SignalState::connected);
  state(net::SignalState::lost);
  state(net::SignalState::lost);
  state(net::SignalState::connected);
  EXPECT_THAT(heard(), ElementsAre(told(IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL), told(IV_AVT_EVENT_P2P_PEER_READY),
                                   told(IV_AVT_EVENT_P2P_PEER_ERROR), told(IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL),
                                   told(IV_AVT_EVENT_P2P_PEER_READY)));
  StandSignaller lan;
  Camera::Entrance& local = camera->local();
  local.use(lan);
  local.state(net::SignalState::connected, {});
  EXPECT_THAT(heard(), ElementsAre(told(IV_AVT_EVENT_P2P_LOCAL_NET_READY)));
}

TEST_F(IvViewersTest, RestartsIceWhenTheHostOrTheViewerHasMoved) {
  StandLink& link = watch();
  heard();
  link.has_moved = true;
  hub.moved();
  EXPECT_EQ(signaller.said.back(), "restart v1");
  EXPECT_THAT(heard(), ElementsAre("event " + std::to_string(IV_AVT_EVENT_P2P_PEER_ADDR_CHANGED)));
  hub.restart({"v1", "theirs", "password"});
  EXPECT_EQ(link.restarts, 1) << "it was the answer";
  EXPECT_EQ(link.remote_ufrag, "theirs");
  hub.restart({"v1", "again", "password"});
  EXPECT_EQ(link.restarts, 2);
  EXPECT_EQ(link.remote_ufrag, "again");
}

TEST_F(IvViewersTest, ALostHubLosesNoViewer) {
  watch();
  hub.state(net::SignalState::connected, {});
  hub.state(net::SignalState::lost, Failure{Errc::connection_lost, "lost", 0});
  run(100ms);
  EXPECT_GE(program.handle(0).gets, 10);
  EXPECT_EQ(camera->viewers(), 1u);
}

TEST_F(IvViewersTest, NothingIsCalledAfterTheEnd) {
  StandLink& link = watch();
  link.open(3, "action=voice", "camspan-voice");
  link.open(5, "command", "camspan-command");
  run(50ms);
  heard();
  camera->close();
  EXPECT_THAT(heard(), ElementsAre("stop 0", "voice end 1"));
  run(10s);
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_FALSE(camera->next_timeout());
}

TEST(IvRequestParamsTest, LeaveOutWhatIsNotTheProgramsBusiness) {
  EXPECT_EQ(request_params("action=live&channel=0", false), "action=live&channel=0");
  EXPECT_EQ(request_params("ipc.flv?action=live", false), "action=live");
  EXPECT_EQ(request_params("_a=1&action=live&_b=2&x=Y&_c=3", false), "action=live&x=Y");
  EXPECT_EQ(request_params("action=voice&channel=0", false), "action=voice&channel=0");
  EXPECT_EQ(request_params("action=voice&channel=0", true), "channel=0");
  EXPECT_EQ(request_params("voice?channel=0", true), "channel=0");
  EXPECT_EQ(request_params("&&", true), "");
  EXPECT_EQ(request_params("", true), "");
}

}  // namespace
}  // namespace camspan::iv
