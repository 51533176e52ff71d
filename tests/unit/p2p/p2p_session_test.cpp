#include <map>

#include "p2p_session_stand.hpp"
#include "proto/rtc/command_message.hpp"
#include "proto/rtc/timed_reader.hpp"

namespace camspan::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<test::TagContent> contents(const Bytes& stream) {
  std::vector<test::TagContent> result;
  for (const SharedUnit& unit : test::parse_flv(stream)) result.push_back(test::content_of(*unit));
  return result;
}

std::string note_of(const Sent& sent) {
  const auto note = rtc::parse_command(sent.message);
  if (!note || note->kind != rtc::CommandKind::error || note->id != 0) return "no note";
  return std::to_string(load_be<2>(note->body.data())) + " " + std::string(as_text(note->body.subspan(2)));
}

TEST_F(P2pSessionTest, GivesEachViewerTheWholeStream) {
  FakeLink& first = join("a");
  EXPECT_THAT(signaller.said, ElementsAre("answer a"));
  open(first, 1, "action=live&channel=0&quality=high");
  FakeLink& second = join("b");
  open(second, 1, "action=live");
  const auto stream = tags();
  deliver(stream);
  EXPECT_EQ(contents(first.stream(1)), contents(test::flv_file(stream)));
  EXPECT_EQ(contents(second.stream(1)), contents(test::flv_file(stream)));
  for (const Sent& sent : first.sent) {
    EXPECT_LE(sent.message.size(), 16384u);
    EXPECT_EQ(sent.delivery, Delivery::reliable);
  }
  EXPECT_THAT(heard, ElementsAre("added a", "added b"));
}

TEST_F(P2pSessionTest, StartsWithTheCachedGop) {
  session();
  const auto stream = tags(640);  // 16 frames: a key frame, 9 deltas, a key frame, 5 deltas
  deliver(stream);
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  const auto got = contents(link.stream(1));
  const auto all = contents(test::flv_file(stream));
  ASSERT_GT(got.size(), 8u);
  EXPECT_EQ(got[0], all[0]) << "metadata, configurations";
  EXPECT_EQ(got[2], all[2]);
  EXPECT_EQ(got[3].timestamp, 400u) << "the last key frame";
  EXPECT_EQ(got.back(), all.back());
}

TEST_F(P2pSessionTest, PutsSmallTagsTogetherAndCutsLargeOnes) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  test::FlvMaker maker;
  deliver({maker.avc_config(), maker.key(0, 100'000)});
  EXPECT_GT(contents(link.stream(1)).back().data.size(), 100'000u);
  EXPECT_EQ(link.sent[link.sent.size() - 2].message.size(), 16384u);
  link.room = 0;
  deliver({maker.delta(40, 200), maker.delta(80, 200), maker.delta(120, 200)});
  const std::size_t before = link.sent.size();
  link.make_room(1 << 20);
  EXPECT_EQ(link.sent.size(), before + 2) << "the one that waited, and the others in one";
}

TEST_F(P2pSessionTest, HandsOverNoMoreThanArrivesWithinTheSoftBound) {
  config.soft_max = milliseconds(700);
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  link.behind = true;
  const std::size_t before = link.sent.size();
  deliver(tags());
  EXPECT_EQ(link.asked_within, milliseconds(700));
  EXPECT_EQ(link.sent.size(), before) << "the rest is to wait where it can be dropped";
  link.behind = false;
  link.make_room(1 << 30);
  EXPECT_EQ(contents(link.stream(1)).size(), tags().size());
}

TEST_F(P2pSessionTest, AStalledViewerLosesWholeGopsAndNobodyElseAnything) {
  FakeLink& fast = join("fast");
  open(fast, 1, "action=live");
  FakeLink& slow = join("slow");
  open(slow, 1, "action=live");
  const auto stream = tags(8000);
  std::size_t at = 0;
  slow.room = 30'000;
  for (const Bytes& tag : stream) {
    now += milliseconds(8000 / static_cast<int>(stream.size()));
    deliver({tag});
    if (++at % 100 == 0) session().tick();
  }
  EXPECT_EQ(contents(fast.stream(1)), contents(test::flv_file(stream)));
  slow.make_room(1 << 30);
  P2pCameraStats stats;
  session().fill(stats);
  const auto got = test::parse_flv(slow.stream(1));
  const P2pCameraViewerStats& of_slow = stats.viewers[1];
  EXPECT_EQ(of_slow.id, "slow");
  const auto lost = of_slow.frames_dropped_late + of_slow.frames_dropped_overflow + of_slow.frames_dropped_lifetime;
  EXPECT_GT(lost, 50u);
  EXPECT_EQ(got.size() + lost, stream.size()) << "each tag is sent or counted";
  EXPECT_EQ(of_slow.frames_sent, got.size() + 1) << "and the file header";
  EXPECT_EQ(stats.viewers[0].frames_dropped_late + stats.viewers[0].frames_dropped_overflow, 0u);
  // After a gap video goes on at a key frame.
  std::uint32_t last = 0;
  for (const SharedUnit& unit : got) {
    const auto time = test::content_of(*unit).timestamp;
    if (unit->kind == UnitKind::delta) {
      EXPECT_EQ(time, last + 40) << "a delta without the one before it";
    }
    if (unit->kind == UnitKind::key || unit->kind == UnitKind::delta) last = time;
  }
}

TEST_F(P2pSessionTest, DisconnectsAViewerThatTakesNothing) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  link.room = 0;
  const auto stream = tags(12000);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    deliver({stream[i]});
    if (i % 8 == 0) pass(milliseconds(100));
  }
  EXPECT_EQ(heard.back(), "removed a it took nothing for too long");
  EXPECT_EQ(signaller.said.back(), "bye a it took nothing for too long");
  EXPECT_EQ(signaller.viewer_counts.back(), 0u);
}

TEST_F(P2pSessionTest, SharesTheLinkAmongTheStreamsOfAViewer) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  open(link, 3, "action=live&quality=high");
  link.room = 0;
  test::FlvMaker maker;
  deliver({maker.avc_config(), maker.key(0, 60'000)});
  for (int i = 0; i < 40; ++i) link.make_room(17'000);
  EXPECT_EQ(link.stream(1), link.stream(3));
  EXPECT_GT(link.stream(1).size(), 60'000u);
  std::size_t longest = 0, run = 0;
  for (std::size_t i = 1; i < link.sent.size(); ++i) {
    run = link.sent[i].channel == link.sent[i - 1].channel ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  EXPECT_LE(longest, 2u);
}

TEST_F(P2pSessionTest, SendsTimedMessagesEachWithItsLifetime) {
  config.delta_lifetime = milliseconds(700);
  config.message_bytes = 1200;
  FakeLink& link = join("a");
  open(link, 1, "action=live", "camspan-flv-timed");
  const auto stream = tags();
  deliver(stream);
  rtc::TimedReader reader;
  Bytes joined;
  for (const Sent& sent : link.sent) {
    ASSERT_LE(sent.message.size(), 1200u);
    const auto header = rtc::parse_timed_header(sent.message);
    ASSERT_TRUE(header);
    const bool always = header->kind == rtc::TimedKind::config || header->kind == rtc::TimedKind::script;
    EXPECT_EQ(sent.delivery, always ? Delivery::reliable : Delivery::timed);
    if (header->kind == rtc::TimedKind::key) {
      EXPECT_EQ(sent.lifetime, milliseconds(3000));
    }
    if (header->kind == rtc::TimedKind::delta) {
      EXPECT_EQ(sent.lifetime, milliseconds(700));
    }
    EXPECT_FALSE(header->dropped_before);
    ASSERT_TRUE(reader.feed(sent.message, now));
    while (const auto piece = reader.poll()) joined.insert(joined.end(), piece->begin(), piece->end());
  }
  EXPECT_EQ(contents(joined), contents(test::flv_file(stream)));
}

TEST_F(P2pSessionTest, LeavesOutTimedVideoThatIsTooOldAndSaysSo) {
  config.delta_lifetime = milliseconds(500);
  config.soft_max = seconds(100);
  FakeLink& link = join("a");
  open(link, 1, "action=live", "camspan-flv-timed");
  test::FlvMaker maker;
  deliver({maker.avc_config(), maker.key(0)});
  link.room = 0;
  deliver({maker.delta(40), maker.delta(80)});
  now += milliseconds(600);
  deliver({maker.delta(640), maker.key(680), maker.delta(720)});
  link.make_room(1 << 20);
  std::vector<std::uint32_t> times;
  std::vector<bool> flags;
  for (const Sent& sent : link.sent) {
    const auto header = rtc::parse_timed_header(sent.message);
    if (header->kind != rtc::TimedKind::key && header->kind != rtc::TimedKind::delta) continue;
    times.push_back(header->timestamp_ms);
    flags.push_back(header->dropped_before);
  }
  // The one that waited for room was begun already; its successors need it, but not what comes after the gap.
  EXPECT_THAT(times, ElementsAre(0, 40, 680, 720));
  EXPECT_THAT(flags, ElementsAre(false, false, true, false));
  P2pCameraStats stats;
  session().fill(stats);
  EXPECT_EQ(stats.frames_dropped_lifetime, 2u);
}

TEST_F(P2pSessionTest, AsksForKeyFramesAtMostOnceInAnInterval) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  EXPECT_EQ(keys, 1);
  open(link, 3, "action=live");
  open(link, 5, "action=live");
  EXPECT_EQ(keys, 1);
  pass(milliseconds(900));
  EXPECT_EQ(keys, 1);
  pass(milliseconds(200));
  EXPECT_EQ(keys, 2);
  pass(seconds(5));
  EXPECT_EQ(keys, 2);
  session().keyframe_requested(0);
  EXPECT_EQ(keys, 3);
  session().keyframe_requested(0);
  deliver(tags());
  pass(seconds(2));
  EXPECT_EQ(keys, 3) << "one came by itself";
}

TEST_F(P2pSessionTest, RefusesBeforeItAccepts) {
  config.max_viewers = 1;
  const auto refused = [&](ViewerOffer offer) {
    signaller.said.clear();
    session().offered(std::move(offer));
    return signaller.said.empty() ? std::string() : signaller.said.back();
  };
  EXPECT_EQ(refused(offer("a", {"playback"})), "reject a 403 not-allowed");
  ViewerOffer odd = offer("a");
  odd.params = "nonsense";
  EXPECT_EQ(refused(odd), "reject a 400 bad-request");
  odd.params = "action=live&channel=7";
  EXPECT_EQ(refused(odd), "reject a 404 unknown-channel");
  odd = offer("a");
  odd.sdp = "v=0\r\n";
  EXPECT_THAT(refused(odd), testing::StartsWith("reject a 4"));
  EXPECT_EQ(refused(offer("a")), "answer a");
  EXPECT_EQ(refused(offer("b")), "reject b 503 max-viewers");
  session().left("a", "done");
  now += seconds(6);
  EXPECT_EQ(refused(offer("b")), "reject b 503 no-video");
  P2pCameraStats stats;
  session().fill(stats);
  EXPECT_EQ(stats.viewers_refused, 6u);
  EXPECT_EQ(links.size(), 1u);
}

TEST_F(P2pSessionTest, LetsTheProgramDecideAndKeepsCandidatesMeanwhile) {
  std::function<void(bool)> decide;
  events.viewer_connecting = [&](const P2pViewerInfo& viewer, std::function<void(bool)> answer) {
    EXPECT_EQ(viewer.params, "action=live&channel=0");
    decide = std::move(answer);
  };
  session().offered(offer("a"));
  session().candidate({"a", "candidate:1", "0", ""});
  EXPECT_THAT(links, IsEmpty());
  decide(true);
  ASSERT_EQ(links.size(), 1u);
  EXPECT_THAT(links[0]->candidates, ElementsAre("candidate:1"));
  session().offered(offer("b"));
  decide(false);
  EXPECT_EQ(signaller.said.back(), "reject b 403 not-allowed");
  session().offered(offer("c"));
  session().left("c", "");
  decide(true);
  EXPECT_EQ(links.size(), 1u);
  session().offered(offer("d"));
  made.reset();
  decide(true);  // too late: nobody is there
}

TEST_F(P2pSessionTest, RefusesChannelsAndTellsWhy) {
  FakeLink& link = join("a");
  open(link, 1, "action=playback&start=1");
  EXPECT_THAT(link.closed_channels, ElementsAre(1));
  open(link, 3, "command", "camspan-command");
  open(link, 5, "no grammar", "camspan-flv");
  open(link, 7, "action=live&channel=3");
  open(link, 9, "action=voice");
  EXPECT_THAT(link.closed_channels, ElementsAre(1, 5, 7, 9));
  std::vector<std::string> notes;
  for (const Sent& sent : link.sent)
    if (sent.channel == 3) notes.push_back(note_of(sent));
  EXPECT_THAT(notes, ElementsAre("403 not-allowed action=playback&start=1", "400 bad-request no grammar",
                                 "404 unknown-channel action=live&channel=3", "403 not-allowed action=voice"));
}

TEST_F(P2pSessionTest, GivesNoCommandChannelWithoutTheRight) {
  session().offered(offer("a", {"live"}));
  FakeLink& link = *links.back();
  open(link, 1, "command", "camspan-command");
  EXPECT_THAT(link.closed_channels, ElementsAre(1));
  EXPECT_THAT(link.sent, IsEmpty());
}

TEST_F(P2pSessionTest, TellsThatACommandIsUnknown) {
  FakeLink& link = join("a");
  open(link, 1, "command", "camspan-command");
  const Bytes request{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{9}, std::byte{'x'}};
  link.observer.on_message(1, false, request);
  link.observer.on_message(1, false, {});
  ASSERT_EQ(link.sent.size(), 1u);
  const auto reply = rtc::parse_command(link.sent[0].message);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->id, 9u);
  EXPECT_EQ(load_be<2>(reply->body.data()), 404u);
}

TEST_F(P2pSessionTest, BoundsTheRefusalsThatWaitForAChannelOfCommands) {
  FakeLink& link = join("a");
  for (int i = 0; i < 1000; ++i) open(link, 1, "no grammar, and long: " + std::string(1000, 'x'), "camspan-flv");
  open(link, 3, "command", "camspan-command");
  EXPECT_THAT(link.sent, testing::SizeIs(3)) << "those that fit into 4 KiB";
  for (const Sent& sent : link.sent) EXPECT_EQ(note_of(sent).substr(0, 15), "400 bad-request");
}

TEST_F(P2pSessionTest, CarriesMessagesOfOtherLabelsOnlyForAProgramThatListens) {
  FakeLink& deaf = join("deaf");
  open(deaf, 1, "chat", "");
  EXPECT_THAT(deaf.closed_channels, ElementsAre(1));
  made.reset();
  std::vector<std::string> messages;
  events.viewer_message = [&](const std::string& id, const std::string& label, ByteView message) {
    messages.push_back(id + " " + label + " " + std::string(as_text(message)));
  };
  FakeLink& link = join("a");
  open(link, 1, "chat", "");
  link.observer.on_message(1, true, as_bytes("hello"));
  EXPECT_THAT(messages, ElementsAre("a chat hello"));
  EXPECT_TRUE(session().send_message("a", "chat", as_bytes("you too")));
  EXPECT_EQ(link.sent.back().channel, 1);
  EXPECT_TRUE(session().send_message("a", "news", as_bytes("!")));
  EXPECT_THAT(link.opened, ElementsAre("news"));
  EXPECT_EQ(session().send_message("b", "chat", {}).error(), Errc::not_found);
  session().offered(offer("c", {"live"}));
  open(*links.back(), 1, "chat", "");
  EXPECT_THAT(links.back()->closed_channels, ElementsAre(1)) << "it may send no commands";
}

TEST_F(P2pSessionTest, BoundsTheChannelsOfAViewer) {
  FakeLink& link = join("a");
  for (ChannelId id = 1; id < 100; id = static_cast<ChannelId>(id + 2)) open(link, id, "action=live");
  EXPECT_EQ(link.closed_channels.size(), 50u - 16u);
  link.observer.on_channel_closed(1);
  open(link, 1, "action=live");
  EXPECT_EQ(link.closed_channels.size(), 50u - 16u);
}

TEST_F(P2pSessionTest, ForgetsAViewerWhoseLinkIsLost) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  deliver(tags());
  P2pCameraStats before;
  session().fill(before);
  link.observer.on_ended(Failure{Errc::connection_lost, "the path is lost", 0});
  deliver(tags());
  pass(milliseconds(100));
  EXPECT_EQ(heard.back(), "removed a the path is lost");
  P2pCameraStats after;
  session().fill(after);
  EXPECT_THAT(after.viewers, IsEmpty());
  EXPECT_EQ(after.frames_sent, before.frames_sent) << "what was counted stays";
  EXPECT_EQ(after.budget_used, 0u);
}

TEST_F(P2pSessionTest, GivesUpAViewerThatNeverConnects) {
  join("a");
  pass(seconds(21));
  EXPECT_THAT(heard, ElementsAre("failed a"));
}

TEST_F(P2pSessionTest, GoesOnWithItsViewersWhenTheHubIsLost) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  session().state(SignalState::lost, Failure{Errc::connection_lost, "gone", 0});
  session().ready({{"turn:t", "u", "p"}});
  deliver(tags());
  EXPECT_FALSE(link.closed);
  EXPECT_GT(link.stream(1).size(), 1000u);
  const auto before = signaller.viewer_counts.size();
  session().state(SignalState::connected, {});
  pass(seconds(1));
  EXPECT_GT(signaller.viewer_counts.size(), before) << "the hub is told again";
  join("b");
  EXPECT_THAT(servers, ElementsAre(IceServer{"turn:t", "u", "p"}));
}

TEST_F(P2pSessionTest, LowersTheBitrateWhenALinkCannotCarryIt) {
  FakeLink& link = join("a");
  open(link, 1, "action=live");
  pass(seconds(1));
  ASSERT_FALSE(targets.empty());
  for (int i = 0; i < 3; ++i) {
    link.stats_now.bytes_sent += 125'000;
    link.stats_now.buffered_bytes = 400'000;
    if (i == 0) link.stats_now.bytes_sent += 400'000;
    pass(seconds(1));
  }
  EXPECT_EQ(targets.back().bits_per_second, 850'000u);
  P2pCameraStats stats;
  session().fill(stats);
  EXPECT_EQ(stats.target_bitrate, 850'000u);
  EXPECT_EQ(stats.viewers[0].estimated_bitrate, 1'000'000u);
}

TEST_F(P2pSessionTest, DescribesWhatItShows) {
  config.name = "Yard";
  deliver(tags());
  ASSERT_FALSE(signaller.described.empty());
  EXPECT_EQ(signaller.described.front().channels.at(0).video, "");
  const CameraDescription& said = signaller.described.back();
  EXPECT_EQ(said.name, "Yard");
  EXPECT_EQ(said.max_viewers, 4u);
  EXPECT_EQ(said.channels.at(0).video, "h264");
  EXPECT_EQ(said.channels.at(0).width, 640u);
  EXPECT_EQ(said.channels.at(0).audio, "aac");
}

TEST_F(P2pSessionTest, SaysGoodbyeToEverybody) {
  FakeLink& first = join("a");
  open(first, 1, "action=live");
  EXPECT_TRUE(session().disconnect("a"));
  EXPECT_FALSE(session().disconnect("a"));
  EXPECT_EQ(signaller.said.back(), "bye a disconnected by the camera");
  join("b");
  session().disconnect_all();
  EXPECT_EQ(signaller.said.back(), "bye b the camera stops");
}

TEST_F(P2pSessionTest, PassesCandidatesOnInBothDirections) {
  FakeLink& link = join("a");
  link.observer.on_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host");
  EXPECT_EQ(signaller.said.back(), "candidate a candidate:1 1 udp 1 127.0.0.1 9 typ host 0");
  session().candidate({"a", "candidate:2", "0", ""});
  session().candidate({"nobody", "candidate:2", "0", ""});
  EXPECT_THAT(link.candidates, ElementsAre("candidate:2"));
}

TEST_F(P2pSessionTest, AsksViewersWhosePathWentForARestart) {
  FakeLink& gone = join("a");
  FakeLink& here = join("b");
  session().ready({{"turn:relay.test", "now", "secret"}});
  gone.has_moved = true;
  session().moved();
  EXPECT_EQ(signaller.said.back(), "restart a own1");
  EXPECT_EQ(gone.restart_servers.size(), 1u) << "the credentials of now, not those of the beginning";
  EXPECT_EQ(here.restarts, 0);
  session().restart({"a", "theirs", "password"});
  EXPECT_EQ(gone.remote_ufrag, "theirs");
  EXPECT_EQ(gone.restarts, 1) << "it was the answer";
}

TEST_F(P2pSessionTest, AnswersAViewerThatRestarts) {
  FakeLink& link = join("a");
  session().restart({"a", "first", "password"});
  EXPECT_EQ(signaller.said.back(), "restart a own1");
  EXPECT_EQ(link.remote_ufrag, "first");
  session().restart({"a", "second", "password"});
  EXPECT_EQ(signaller.said.back(), "restart a own2");
  EXPECT_EQ(link.remote_ufrag, "second");
  session().restart({"nobody", "second", "password"});
}

TEST_F(P2pSessionTest, AsksAgainWhenThereIsAnAddress) {
  FakeLink& link = join("a");
  const auto before = signaller.said;
  link.has_moved = link.has_no_address = true;
  session().moved();
  EXPECT_EQ(signaller.said, before);
  link.has_no_address = false;
  session().moved();
  EXPECT_EQ(signaller.said.back(), "restart a own1");
}

}  // namespace
}  // namespace camspan::net
