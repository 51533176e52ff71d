// The rules of p2p.md section 1.7, in virtual time and without a network.
#include <gmock/gmock.h>

#include "iv_err.h"
#include "stand.hpp"

namespace camspan::iv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class IvStreamsTest : public IvStand {};

// ---- send_init_cb --------------------------------------------------------------------------------------------

TEST_F(IvStreamsTest, AChannelIsACallOfInitWithItsParameters) {
  StandLink& link = join("v1");
  link.open(1, "ipc.flv?action=live&_crypto=off&channel=0&quality=high&_port=7");
  link.open(3, "action=playback&start_time=1611837000&end_time=1611837100");
  join("v2").open(1, "action=live&channel=0&quality=high");
  EXPECT_THAT(heard(), ElementsAre("send action=live&channel=0&quality=high v1",
                                   "send action=playback&start_time=1611837000&end_time=1611837100 v1",
                                   "send action=live&channel=0&quality=high v2"));
}

TEST_F(IvStreamsTest, ANullHandleRefusesTheStreamAndNothingElseIsCalled) {
  StandLink& link = join("v1");
  link.open(2, "command", "camspan-command");
  program.refuses = true;
  link.open(1, "action=live&channel=0");
  EXPECT_THAT(link.closing, ElementsAre(1));
  const auto told = rtc::parse_command(link.sent.back().bytes);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->kind, rtc::CommandKind::error);
  EXPECT_EQ(told->id, 0u);
  EXPECT_EQ(as_text(told->body.subspan(2)), "refused action=live&channel=0");
  run(1s);
  link.observer.on_channel_closed(1);
  hub.left("v1", "");
  EXPECT_THAT(heard(), ElementsAre("send action=live&channel=0 v1"));
}

TEST_F(IvStreamsTest, TellsWhyAsSoonAsThereIsACommandChannel) {
  StandLink& link = join("v1");
  link.open(1, "action=live", "camspan-flv-timed");
  EXPECT_THAT(link.sent, IsEmpty());
  link.open(3, "command", "camspan-command");
  ASSERT_EQ(link.sent.size(), 1u);
  EXPECT_EQ(as_text(rtc::parse_command(link.sent[0].bytes)->body.subspan(2)), "no-timed action=live");
  EXPECT_EQ(load_be<2>(link.sent[0].bytes.data() + 5), 406u);
}

TEST_F(IvStreamsTest, HoldsEachChannelAgainstTheRightsOfTheViewer) {
  StandLink& link = join("v1", {"live"});
  link.open(1, "action=playback&start=1&end=2");
  link.open(3, "action=voice", "camspan-voice");
  link.open(5, "command", "camspan-command");
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(link.closing, ElementsAre(1, 3, 5));
  link.open(7, "action=live");
  EXPECT_THAT(heard(), ElementsAre("send action=live v1"));
}

TEST_F(IvStreamsTest, RefusesWhatIsNoRequestAndMoreChannelsThanThereMayBe) {
  StandLink& link = join("v1");
  link.open(1, "hello");
  link.open(3, "");
  EXPECT_THAT(link.closing, ElementsAre(1, 3));
  for (net::ChannelId id = 5; id < 5 + 2 * 17; id = static_cast<net::ChannelId>(id + 2)) link.open(id, "action=live");
  EXPECT_EQ(program.handles.size(), 16u);
  EXPECT_EQ(link.closing.size(), 3u);
}

// ---- send_get_cb ---------------------------------------------------------------------------------------------

TEST_F(IvStreamsTest, AsksOncePerTickForEachHandle) {
  watch("v1");
  watch("v2").open(3, "action=live&channel=0");
  run(1s);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(program.handle(i).gets, 100, 1) << i;
}

TEST_F(IvStreamsTest, DoesNotCatchUpAfterADelay) {
  watch();
  run(100ms);
  const int gets = program.handle(0).gets;
  now += 5s;
  camera->on_timeout();
  EXPECT_EQ(program.handle(0).gets, gets + 1);
  run(9ms);
  EXPECT_EQ(program.handle(0).gets, gets + 1);
}

TEST_F(IvStreamsTest, NothingIsDueWhenNobodyWatches) {
  EXPECT_FALSE(camera->next_timeout());
  StandLink& link = join("v1");
  EXPECT_FALSE(camera->next_timeout());
  link.open(1, "action=live");
  EXPECT_TRUE(camera->next_timeout());
  link.observer.on_channel_closed(1);
  EXPECT_FALSE(camera->next_timeout());
}

TEST_F(IvStreamsTest, SendsEveryByteInOrderInMessagesOfSixteenKiB) {
  StandLink& link = watch();
  std::string all;
  for (const std::size_t size : {9u, 16384u, 16385u, 1u, 300'000u, 77u}) {
    std::string chunk(size, 'x');
    for (std::size_t i = 0; i < size; ++i) chunk[i] = static_cast<char>('a' + (all.size() + i) % 23);
    program.handle(0).next.push_back(program.owned(chunk));
    all += chunk;
  }
  for (int i = 0; i < 100; ++i) {
    run(10ms);
    link.acknowledge(40'000);
  }
  EXPECT_EQ(link.stream(1), all);
  for (const auto& message : link.sent) EXPECT_LE(message.bytes.size(), 16u << 10);
  EXPECT_EQ(program.frees(), 6u);
}

TEST_F(IvStreamsTest, NothingNowMeansAskAgain) {
  watch();
  program.handle(0).next = {{nullptr, 0, nullptr}, program.owned(""), {nullptr, 0, nullptr}, program.owned("abc")};
  run(50ms);
  EXPECT_EQ(links[0]->stream(1), "abc");
  EXPECT_EQ(program.frees(), 2u) << "memory without bytes is freed, too";
}

TEST_F(IvStreamsTest, TheEndStopsAskingDeliversWhatWaitsAndClosesTheChannel) {
  StandLink& link = watch();
  link.space = 20'000;
  program.handle(0).next = {program.owned(std::string(50'000, 'x')), {nullptr, static_cast<size_t>(-1), nullptr}};
  run(100ms);
  const int gets = program.handle(0).gets;
  EXPECT_EQ(gets, 2);
  EXPECT_THAT(link.closing, IsEmpty()) << "some of it is not sent yet";
  for (int i = 0; i < 4; ++i) {
    link.acknowledge_all();
    link.observer.on_writable();
    run(10ms);
  }
  EXPECT_EQ(link.stream(1).size(), 50'000u);
  EXPECT_THAT(link.closing, ElementsAre(1));
  EXPECT_EQ(program.handle(0).stops, 0);
  link.observer.on_channel_closed(1);
  run(1s);
  EXPECT_EQ(program.handle(0).gets, gets);
  EXPECT_EQ(program.handle(0).stops, 1);
}

TEST_F(IvStreamsTest, TheEndWithNothingWaitingClosesAtOnce) {
  StandLink& link = watch();
  program.handle(0).next = {{nullptr, static_cast<size_t>(-1), nullptr}};
  run(10ms);
  EXPECT_THAT(link.closing, ElementsAre(1));
  run(1s);
  EXPECT_EQ(program.handle(0).gets, 1);
  EXPECT_THAT(link.closing, ElementsAre(1)) << "once";
}

TEST_F(IvStreamsTest, NullWithAnyOtherSizeIsAnErrorToo) {
  StandLink& link = watch();
  program.handle(0).next = {{nullptr, 7, nullptr}};
  run(1s);
  EXPECT_EQ(program.handle(0).gets, 1);
  EXPECT_THAT(link.closing, ElementsAre(1));
}

// ---- freeing -------------------------------------------------------------------------------------------------

TEST_F(IvStreamsTest, FreesEachChunkOnceWithItsOwnValues) {
  StandLink& link = watch();
  link.space = 16 << 10;
  std::vector<std::pair<uint8_t*, size_t>> given;
  for (const std::size_t size : {100u, 40'000u, 5u}) {
    program.handle(0).next.push_back(program.owned(std::string(size, 'x')));
    given.emplace_back(program.handle(0).next.back().buf, size);
  }
  run(50ms);
  EXPECT_EQ(program.freed[given[0]], 1);
  EXPECT_EQ(program.freed[given[1]], 0) << "the link has not taken all of it";
  for (int i = 0; i < 10; ++i) {
    link.acknowledge_all();
    link.observer.on_writable();
    run(10ms);
  }
  for (const auto& chunk : given) EXPECT_EQ(program.freed[chunk], 1);
}

TEST_F(IvStreamsTest, FreesWhatWaitsWhenTheViewerIsLost) {
  StandLink& link = watch();
  link.space = 0;
  program.handle(0).next = {program.owned("abc"), program.owned("def")};
  run(20ms);
  EXPECT_EQ(program.frees(), 0u);
  link.observer.on_ended(Failure{Errc::connection_lost, "no path", 0});
  EXPECT_EQ(program.frees(), 2u);
}

TEST_F(IvStreamsTest, FreesWhatWaitsAtTheEndOfAll) {
  watch().space = 0;
  program.handle(0).next = {program.owned("abc")};
  run(10ms);
  camera->close();
  EXPECT_EQ(program.frees(), 1u);
}

TEST_F(IvStreamsTest, CopiesWhatNobodyFreesBeforeTheNextCallback) {
  StandLink& link = watch();
  link.space = 20'000;
  static uint8_t reused[40'000];
  int round = 0;
  program.on_get = [&round](StandProgram::Handle& handle) {
    if (round >= 3) return;
    std::fill(std::begin(reused), std::end(reused), static_cast<uint8_t>('a' + round++));
    handle.next.push_back({reused, sizeof reused, nullptr});
  };
  run(30ms);
  std::fill(std::begin(reused), std::end(reused), uint8_t{0});
  for (int i = 0; i < 20; ++i) {
    link.acknowledge_all();
    link.observer.on_writable();
    run(10ms);
  }
  EXPECT_EQ(link.stream(1), std::string(40'000, 'a') + std::string(40'000, 'b') + std::string(40'000, 'c'));
}

// ---- send_stop_cb --------------------------------------------------------------------------------------------

TEST_F(IvStreamsTest, StopsOnceHoweverTheViewerGoes) {
  struct Row {
    const char* how;
    std::function<void(StandLink&)> leave;
  };
  const std::vector<Row> rows{
      {"closes the channel", [](StandLink& link) { link.observer.on_channel_closed(1); }},
      {"is lost",
       [](StandLink& link) {
         link.observer.on_ended({Errc::connection_lost, "lost", 0});
       }},
      {"says goodbye to the hub", [this](StandLink&) { hub.left(session, "bye"); }},
      {"closes, then is lost",
       [](StandLink& link) {
         link.observer.on_channel_closed(1);
         link.observer.on_ended({Errc::connection_lost, "lost", 0});
       }},
      {"after the end of the stream",
       [this](StandLink& link) {
         program.handles.back()->next = {{nullptr, static_cast<size_t>(-1), nullptr}};
         run(10ms);
         link.observer.on_ended({Errc::connection_lost, "lost", 0});
       }},
      {"when all ends", [this](StandLink&) { camera->close(); }},
  };
  for (const Row& row : rows) {
    session = row.how;
    StandLink& link = watch(session);
    auto& handle = *program.handles.back();
    run(20ms);
    row.leave(link);
    const int gets = handle.gets;
    EXPECT_EQ(handle.stops, 1) << row.how;
    EXPECT_EQ(camera->handles().get(&handle).buffered_bytes, 0u) << row.how;
    run(1s);
    camera->close();
    EXPECT_EQ(handle.stops, 1) << row.how;
    EXPECT_EQ(handle.gets, gets) << row.how;
    EXPECT_EQ(camera->viewers(), 0u) << row.how;
  }
}

TEST_F(IvStreamsTest, ALinkThatEndsWhileItIsSpokenToStopsAllStreams) {
  StandLink& link = watch();
  link.open(3, "action=live");
  program.handle(0).next = {program.owned("abc")};
  program.on_get = [&link](StandProgram::Handle& handle) {
    if (handle.number == 0) link.observer.on_ended({Errc::connection_lost, "lost", 0});
  };
  run(20ms);
  EXPECT_EQ(program.handle(0).stops, 1);
  EXPECT_EQ(program.handle(1).stops, 1);
  EXPECT_EQ(program.frees(), 1u);
  EXPECT_EQ(camera->viewers(), 0u);
}

// ---- what the program may ask ----------------------------------------------------------------------------------

TEST_F(IvStreamsTest, CountsWhatIsTakenAndNotAcknowledged) {
  StandLink& link = watch();
  program.handle(0).next = {program.owned(std::string(50'000, 'x'))};
  run(10ms);
  EXPECT_EQ(buffered(0), 50'000u);
  link.acknowledge(20'000);
  run(10ms);
  EXPECT_EQ(buffered(0), 30'000u);
  link.acknowledge_all();
  run(10ms);
  EXPECT_EQ(buffered(0), 0u);
  EXPECT_EQ(stats(0).sum_sent_acked, 50'000u);
}

TEST_F(IvStreamsTest, TellsTheStreamsOfOneViewerApart) {
  StandLink& link = watch();
  link.open(3, "action=live&quality=standard");
  program.handle(0).next = {program.owned(std::string(10'000, 'x'))};
  program.handle(1).next = {program.owned(std::string(12'000, 'x'))};
  run(10ms);
  EXPECT_EQ(buffered(0), 10'000u);
  EXPECT_EQ(buffered(1), 12'000u);
  link.acknowledge(10'000);
  run(10ms);
  EXPECT_EQ(buffered(0), 0u);
  EXPECT_EQ(buffered(1), 12'000u);
}

TEST_F(IvStreamsTest, TellsRatesInBytesASecondAndTheKindOfPath) {
  StandLink& link = watch();
  program.on_get = [this](StandProgram::Handle& handle) {
    handle.next.push_back(program.owned(std::string(1'000, 'x')));
  };
  EXPECT_EQ(stats(0).link_mode, 0u);
  net::PathInfo path;
  link.observer.on_path(path);
  EXPECT_EQ(stats(0).link_mode, 1u);
  path.relayed = true;
  link.observer.on_path(path);
  EXPECT_EQ(stats(0).link_mode, 2u);
  for (int i = 0; i < 300; ++i) {
    run(10ms);
    link.acknowledge_all();
  }
  EXPECT_NEAR(stats(0).ave_sent_rate, 100'000, 11'000);
  EXPECT_NEAR(stats(0).inst_net_rate, 100'000, 20'000);
  EXPECT_NEAR(static_cast<double>(stats(0).sum_sent_acked), 300'000, 2'000);
  program.on_get = nullptr;
  run(2s);
  EXPECT_EQ(stats(0).ave_sent_rate, 0u);
  EXPECT_EQ(camera->handles().get(this).stats.sum_sent_acked, 0u) << "an unknown handle";
}

TEST_F(IvStreamsTest, SharesALinkBetweenItsStreams) {
  StandLink& link = watch();
  link.open(3, "action=live");
  link.space = 64 << 10;
  program.on_get = [this](StandProgram::Handle& handle) {
    handle.next.push_back(program.owned(std::string(30'000, 'x')));
  };
  for (int i = 0; i < 100; ++i) {
    run(10ms);
    link.acknowledge(30'000);
    link.observer.on_writable();
  }
  const auto first = static_cast<double>(link.stream(1).size());
  const auto second = static_cast<double>(link.stream(3).size());
  EXPECT_GT(first + second, 2'900'000);
  EXPECT_NEAR(first / (first + second), 0.5, 0.03);
}

TEST_F(IvStreamsTest, LeavesAViewerThatTakesNothingAndNobodyElse) {
  StandLink& stuck = watch("stuck");
  StandLink& fine = watch("fine");
  program.on_get = [this](StandProgram::Handle& handle) {
    handle.next.push_back(program.owned(std::string(1'000, 'x')));
  };
  for (int i = 0; i < 11'900; ++i) {
    run(10ms);
    fine.acknowledge_all();
  }
  EXPECT_EQ(program.handle(0).stops, 0);
  for (int i = 0; i < 200; ++i) {
    run(10ms);
    fine.acknowledge_all();
  }
  EXPECT_EQ(program.handle(0).stops, 1);
  EXPECT_EQ(program.handle(1).stops, 0);
  EXPECT_EQ(camera->viewers(), 1u);
  static_cast<void>(stuck);
}

TEST_F(IvStreamsTest, ClosesAChannelThatTheLinkDoesNotKnow) {
  StandLink& link = watch();
  link.broken = true;
  program.handle(0).next = {program.owned("abc")};
  run(50ms);
  EXPECT_THAT(link.closing, ElementsAre(1));
  link.observer.on_channel_closed(1);
  EXPECT_EQ(program.handle(0).stops, 1);
  EXPECT_EQ(program.frees(), 1u);
}

}  // namespace
}  // namespace camspan::iv
