// Commands of viewers: what the camera answers by itself, and what its program does.
#include <nlohmann/json.hpp>

#include "p2p_session_stand.hpp"
#include "proto/rtc/command_message.hpp"

namespace camspan::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

/// Viewers that ask a camera whose program hears commands, and answers when the test says so.
class P2pSessionCommandsTest : public P2pSessionTest {
 protected:
  P2pSessionCommandsTest() {
    events.command = [this](const std::string& id, const std::string& text, ViewerConnection::CommandDone done) {
      heard.push_back(id + " asks " + text);
      waiting.push_back(std::move(done));
    };
  }
  FakeLink& ask(FakeLink& link, std::uint32_t id, std::string_view text) {
    link.observer.on_message(1, false, rtc::command_message(rtc::CommandKind::request, id, as_bytes(text)));
    return link;
  }
  FakeLink& join_with_commands(const std::string& id) {
    FakeLink& link = join(id);
    open(link, 1, "command", "camspan-command");
    return link;
  }
  /// "<id> <reply>", or "<id> <status> <reason>".
  static std::string last(const FakeLink& link) {
    if (link.sent.empty()) return "nothing";
    const auto message = rtc::parse_command(link.sent.back().message);
    if (!message || link.sent.back().channel != 1) return "no command";
    std::string text = std::to_string(message->id) + " ";
    if (message->kind != rtc::CommandKind::error) return text.append(as_text(message->body));
    return text + std::to_string(load_be<2>(message->body.data())) + " " +
           std::string(as_text(message->body.subspan(2)));
  }
  static P2pCommandReply reply(std::string_view text) {
    const ByteView bytes = as_bytes(text);
    return {Bytes(bytes.begin(), bytes.end()), 0, {}};
  }

  std::vector<ViewerConnection::CommandDone> waiting;
};

TEST_F(P2pSessionCommandsTest, GivesTheProgramWhatItDoesNotAnswerItself) {
  FakeLink& link = join_with_commands("a");
  heard.clear();
  ask(link, 7, "action=user_define&channel=0&cmd=ptz_left");
  ask(link, 8, "anything");
  EXPECT_THAT(heard, ElementsAre("a asks action=user_define&channel=0&cmd=ptz_left", "a asks anything"));
  EXPECT_THAT(link.sent, IsEmpty());
  ASSERT_EQ(waiting.size(), 2u);
  waiting[1](reply("second"));
  EXPECT_EQ(last(link), "8 second");
  waiting[0]({{}, 409, "cannot-move-further"});
  EXPECT_EQ(last(link), "7 409 cannot-move-further");
}

TEST_F(P2pSessionCommandsTest, AnswersInPartsWhatIsLong) {
  FakeLink& link = join_with_commands("a");
  ask(link, 7, "list");
  const std::string list(150'000, 'x');
  waiting.at(0)(reply(list));
  std::string joined;
  for (const Sent& sent : link.sent) joined += as_text(rtc::parse_command(sent.message)->body);
  EXPECT_EQ(link.sent.size(), 3u);
  EXPECT_EQ(joined, list);
}

TEST_F(P2pSessionCommandsTest, ANoteIsHeardAndNotAnswered) {
  FakeLink& link = join_with_commands("a");
  heard.clear();
  ask(link, 0, "bye");
  ask(link, 0, "action=inner_define&cmd=get_stats");
  EXPECT_THAT(heard, ElementsAre("a asks bye"));
  waiting.at(0)(reply("thanks"));
  EXPECT_THAT(link.sent, IsEmpty());
}

TEST_F(P2pSessionCommandsTest, AnswersNobodyWhoIsGone) {
  FakeLink& link = join_with_commands("a");
  ask(link, 7, "x");
  session().left("a", "");
  waiting.at(0)(reply("late"));
  FakeLink& other = join_with_commands("b");
  ask(other, 7, "y");
  made.reset();
  waiting.at(1)(reply("late"));
}

TEST_F(P2pSessionCommandsTest, AnswersNoneOfAnotherChannelByTheSameId) {
  FakeLink& link = join_with_commands("a");
  ask(link, 7, "first");
  link.observer.on_channel_closed(1);
  open(link, 1, "command", "camspan-command");
  ask(link, 7, "second");
  ASSERT_EQ(waiting.size(), 2u);
  waiting[0](reply("to the first"));
  EXPECT_THAT(link.sent, IsEmpty());
  waiting[1](reply("to the second"));
  EXPECT_EQ(last(link), "7 to the second");
}

TEST_F(P2pSessionCommandsTest, AnswersInnerDefineByItself) {
  config.max_viewers = 3;
  FakeLink& link = join_with_commands("a");
  join("b");
  heard.clear();
  const auto asked = [&](const std::string& cmd) { return last(ask(link, 1, "action=inner_define&cmd=" + cmd)); };
  EXPECT_EQ(asked("get_device_st&type=live&quality=high"),
            R"(1 [{"status":"0","appConnectNum":"1","maxConnectNum":"3"}])");
  EXPECT_EQ(asked("get_device_st&type=voice"), R"(1 [{"status":"406","appConnectNum":"1","maxConnectNum":"3"}])");
  EXPECT_EQ(asked("get_device_st&channel=4"), R"(1 [{"status":"404","appConnectNum":"1","maxConnectNum":"3"}])");
  EXPECT_EQ(asked("get_nvr_list"), "1 []");
  EXPECT_EQ(asked("get_record_index&start_time=1&end_time=2"), R"(1 {"video_list":[]})");
  EXPECT_EQ(asked("get_month_record&time=202611"), R"(1 {"video_list":"0"})");
  EXPECT_EQ(asked("get_file_list&start_time=1&end_time=2&file_type=0"), R"(1 {"file_list":[]})");
  EXPECT_EQ(asked("get_record_index&start_time=2&end_time=1"), "1 400 bad-request");
  EXPECT_EQ(asked("playback_pause"), "1 404 unknown-command");
  EXPECT_THAT(heard, IsEmpty());
}

TEST_F(P2pSessionCommandsTest, TellsWhoMayNotWatch) {
  ViewerOffer talker = offer("a", {"command", "talk"});
  talker.params.clear();
  session().offered(talker);
  FakeLink& link = *links.back();
  open(link, 1, "command", "camspan-command");
  EXPECT_EQ(last(ask(link, 1, "action=inner_define&cmd=get_device_st&type=live")),
            R"(1 [{"status":"1","appConnectNum":"1","maxConnectNum":"4"}])");
}

TEST_F(P2pSessionTest, TellsAViewerItsStats) {
  FakeLink& link = join("a");
  open(link, 1, "command", "camspan-command");
  open(link, 3, "action=live&channel=0");
  link.stats_now.loss = 0.25;
  link.stats_now.rtt = milliseconds(40);
  deliver(tags());
  P2pCameraStats known;
  session().fill(known);
  const auto ask = rtc::command_message(rtc::CommandKind::request, 7, as_bytes("action=inner_define&cmd=get_stats"));
  link.observer.on_message(1, false, ask);
  ASSERT_EQ(link.sent.back().channel, 1);
  const auto reply = rtc::parse_command(link.sent.back().message);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, rtc::CommandKind::reply);
  EXPECT_EQ(reply->id, 7u);
  const auto told = nlohmann::json::parse(as_text(reply->body));
  EXPECT_EQ(told["id"], "a");
  EXPECT_EQ(told["state"], "connected");
  EXPECT_EQ(told["delivery"], "camspan-flv");
  EXPECT_EQ(told["loss"], 0.25);
  EXPECT_EQ(told["rtt-ms"], 40.0);
  EXPECT_EQ(told["ice-ms"], -1) << "not known of this link";
  EXPECT_GT(known.frames_sent, 0u);
  EXPECT_EQ(told["frames-sent"], known.frames_sent);
  EXPECT_EQ(told["frames-dropped-late"], 0);
}

TEST_F(P2pSessionTest, TellsWhatLossLeavesOfAConnection) {
  FakeLink& link = join("a");
  open(link, 1, "action=live&channel=0");
  const auto told = [this] {
    P2pCameraStats stats;
    session().fill(stats);
    return stats.viewers.at(0);
  };
  link.stats_now.rtt = milliseconds(100);
  deliver(tags(4000));
  pass(milliseconds(1000));
  EXPECT_EQ(told().loss_bitrate, 0u);
  EXPECT_FALSE(told().too_lossy);
  link.stats_now.loss = 0.0001;
  EXPECT_EQ(told().loss_bitrate, 10'736'000u);
  EXPECT_FALSE(told().too_lossy);
  link.stats_now.loss = 0.25;
  EXPECT_EQ(told().loss_bitrate, 214'720u);
  EXPECT_TRUE(told().too_lossy) << "more than that came in the last second";
}

TEST_F(P2pSessionTest, TellsByCauseWhatAViewerDidNotGet) {
  config.max_bytes = 20'000;
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  open(link, 3, "command", "camspan-command");
  link.room = 0;
  link.sent.clear();
  deliver(tags(4000));
  const auto ask = rtc::command_message(rtc::CommandKind::request, 1, as_bytes("action=inner_define&cmd=get_stats"));
  link.observer.on_message(3, false, ask);
  EXPECT_THAT(link.sent, IsEmpty()) << "there is no room";
  link.make_room(1 << 20);
  ASSERT_FALSE(link.sent.empty());
  ASSERT_EQ(link.sent.front().channel, 3) << "ahead of the stream";
  const auto told = nlohmann::json::parse(as_text(rtc::parse_command(link.sent.front().message)->body));
  EXPECT_GT(told["frames-dropped-overflow"], 0);
  EXPECT_EQ(told["frames-dropped-lifetime"], 0);
}

}  // namespace
}  // namespace camspan::net
