#include "proto/rtc/command_channel.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace camspan::rtc {
namespace {

using namespace std::chrono_literals;

/// Two ends, what they say to each other, and the time.
class CommandChannelTest : public ::testing::Test {
 protected:
  /// Carries all messages from one to the other; returns how many.
  static int carry(CommandChannel& from, CommandChannel& to) {
    int count = 0;
    for (; from.front() != nullptr; ++count) {
      EXPECT_LE(from.front()->size(), kMaxCommandBytes);
      EXPECT_TRUE(to.feed(*from.front()));
      from.pop();
    }
    return count;
  }

  template <class Event>
  static Event expect(CommandChannel& end) {
    auto event = end.poll();
    EXPECT_TRUE(event && std::holds_alternative<Event>(*event));
    return event && std::holds_alternative<Event>(*event) ? std::get<Event>(*event) : Event{};
  }

  std::uint32_t ask(std::string_view text, Nanoseconds timeout = CommandChannel::kDefaultTimeout) {
    const auto id = viewer_.request(as_bytes(text), timeout, now_);
    EXPECT_TRUE(id);
    carry(viewer_, camera_);
    return id.value_or(0);
  }

  TimePoint now_{1h};
  CommandChannel viewer_;
  CommandChannel camera_;
};

TEST_F(CommandChannelTest, GivesTheReplyToItsRequest) {
  const auto first = ask("cmd=a");
  const auto second = ask("cmd=b");
  const auto a = expect<CommandChannel::Asked>(camera_);
  const auto b = expect<CommandChannel::Asked>(camera_);
  EXPECT_EQ(as_text(a.text), "cmd=a");
  camera_.reply(b.id, as_bytes("B"));
  camera_.reply(a.id, as_bytes("A"));
  carry(camera_, viewer_);
  const auto to_b = expect<CommandChannel::Answered>(viewer_);
  const auto to_a = expect<CommandChannel::Answered>(viewer_);
  EXPECT_EQ(to_b.id, second);
  EXPECT_EQ(as_text(to_b.reply), "B");
  EXPECT_EQ(to_a.id, first);
  EXPECT_EQ(as_text(to_a.reply), "A");
  EXPECT_FALSE(to_a.error);
  EXPECT_FALSE(viewer_.next_timeout());
}

TEST_F(CommandChannelTest, BothSidesAskWithTheSameId) {
  ask("from the viewer");
  ASSERT_TRUE(camera_.request(as_bytes("from the camera"), 1s, now_));
  carry(camera_, viewer_);
  const auto viewers = expect<CommandChannel::Asked>(viewer_);
  const auto cameras = expect<CommandChannel::Asked>(camera_);
  EXPECT_EQ(viewers.id, cameras.id);
  camera_.reply(cameras.id, as_bytes("to the viewer"));
  viewer_.reply(viewers.id, as_bytes("to the camera"));
  carry(camera_, viewer_);
  carry(viewer_, camera_);
  EXPECT_EQ(as_text(expect<CommandChannel::Answered>(viewer_).reply), "to the viewer");
  EXPECT_EQ(as_text(expect<CommandChannel::Answered>(camera_).reply), "to the camera");
}

TEST_F(CommandChannelTest, SendsALongReplyInPartsAndJoinsThem) {
  const auto id = ask("cmd=get_record_index");
  std::string list;
  while (list.size() < 200'000) list += std::to_string(list.size()) + ",";
  camera_.reply(expect<CommandChannel::Asked>(camera_).id, as_bytes(list));
  EXPECT_EQ(carry(camera_, viewer_), 4);
  const auto answer = expect<CommandChannel::Answered>(viewer_);
  EXPECT_EQ(answer.id, id);
  EXPECT_EQ(as_text(answer.reply), list);
}

TEST_F(CommandChannelTest, FillsAMessageToTheLastByte) {
  const std::string whole(kMaxCommandBytes - kCommandHeadBytes, 'x');
  ask(whole);
  const auto asked = expect<CommandChannel::Asked>(camera_);
  EXPECT_EQ(asked.text.size(), whole.size());
  camera_.reply(asked.id, as_bytes(whole));
  EXPECT_EQ(carry(camera_, viewer_), 1);
  EXPECT_EQ(viewer_.request(as_bytes(whole + "x"), 1s, now_).error(), Errc::too_large);
  EXPECT_EQ(viewer_.note(as_bytes(whole + "x")).error(), Errc::too_large);
}

TEST_F(CommandChannelTest, GivesUpAfterItsTimeAndPassesALateReplyOver) {
  ask("cmd=slow");
  const auto asked = expect<CommandChannel::Asked>(camera_);
  ASSERT_EQ(viewer_.next_timeout(), now_ + 7500ms);
  viewer_.on_timeout(now_ + 7499ms);
  EXPECT_FALSE(viewer_.poll());
  viewer_.on_timeout(now_ + 7500ms);
  EXPECT_EQ(expect<CommandChannel::Answered>(viewer_).error, Errc::timed_out);
  EXPECT_FALSE(viewer_.next_timeout());
  camera_.reply(asked.id, as_bytes("late"));
  carry(camera_, viewer_);
  EXPECT_FALSE(viewer_.poll());
}

TEST_F(CommandChannelTest, TimesEachRequestByItself) {
  ask("first", 3s);
  const auto second = ask("second", 1s);
  EXPECT_EQ(viewer_.next_timeout(), now_ + 1s);
  viewer_.on_timeout(now_ + 1s);
  EXPECT_EQ(expect<CommandChannel::Answered>(viewer_).id, second);
  EXPECT_EQ(viewer_.next_timeout(), now_ + 3s);
}

TEST_F(CommandChannelTest, TellsWhyARequestIsRefused) {
  const auto id = ask("cmd=fly");
  camera_.refuse(expect<CommandChannel::Asked>(camera_).id, 404, "no such command");
  carry(camera_, viewer_);
  const auto answer = expect<CommandChannel::Answered>(viewer_);
  EXPECT_EQ(answer.id, id);
  EXPECT_EQ(answer.error, Errc::refused);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.text, "no such command");
}

TEST_F(CommandChannelTest, TellsWhyAChannelIsRefused) {
  camera_.refuse(0, 406, "no-timed action=live");
  carry(camera_, viewer_);
  const auto refused = expect<CommandChannel::Refused>(viewer_);
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(refused.text, "no-timed action=live");
}

TEST_F(CommandChannelTest, ANoteHasNoAnswer) {
  ASSERT_TRUE(camera_.note(as_bytes("action=inner_define&cmd=floor&floor=free")));
  EXPECT_FALSE(camera_.next_timeout());
  carry(camera_, viewer_);
  const auto note = expect<CommandChannel::Asked>(viewer_);
  EXPECT_EQ(note.id, 0u);
  viewer_.reply(note.id, as_bytes("thanks"));
  EXPECT_EQ(viewer_.front(), nullptr);
}

TEST_F(CommandChannelTest, AnswersEachRequestOnce) {
  ask("cmd=a");
  const auto id = expect<CommandChannel::Asked>(camera_).id;
  camera_.reply(id, as_bytes("yes"));
  camera_.reply(id, as_bytes("no"));
  camera_.refuse(id, 404, "no");
  EXPECT_EQ(carry(camera_, viewer_), 1);
}

TEST_F(CommandChannelTest, AnswersTheFirstOfTwoRequestsOfOneId) {
  for (const char* text : {"one", "two"})
    ASSERT_TRUE(camera_.feed(command_message(CommandKind::request, 7, as_bytes(text))));
  EXPECT_EQ(as_text(expect<CommandChannel::Asked>(camera_).text), "one");
  EXPECT_FALSE(camera_.poll());
}

TEST_F(CommandChannelTest, RefusesMoreThanItKeepsOpen) {
  for (std::uint32_t id = 1; id <= CommandChannel::kMaxUnanswered + 1; ++id)
    ASSERT_TRUE(camera_.feed(command_message(CommandKind::request, id, as_bytes("x"))));
  std::size_t asked = 0;
  while (camera_.poll()) ++asked;
  EXPECT_EQ(asked, CommandChannel::kMaxUnanswered);
  ASSERT_NE(camera_.front(), nullptr);
  EXPECT_EQ(parse_command(*camera_.front())->kind, CommandKind::error);
  EXPECT_EQ(load_be<2>(camera_.front()->data() + kCommandHeadBytes), 429u);
}

TEST_F(CommandChannelTest, AnswersNoMoreToAPeerThatDoesNotReadItsReplies) {
  const std::string long_reply(60'000, 'x');
  std::size_t answered = 0;
  for (std::uint32_t id = 1; id <= 100; ++id) {
    ASSERT_TRUE(camera_.feed(command_message(CommandKind::request, id, as_bytes("x"))));
    for (auto event = camera_.poll(); event; event = camera_.poll(), ++answered)
      camera_.reply(std::get<CommandChannel::Asked>(*event).id, as_bytes(long_reply));
  }
  EXPECT_EQ(answered, 5u);
  EXPECT_LE(camera_.waiting_bytes(), CommandChannel::kMaxWaitingBytes + 70'000);
  EXPECT_EQ(camera_.request(as_bytes("x"), 1s, now_).error(), Errc::queue_full);
  EXPECT_EQ(camera_.note(as_bytes("x")).error(), Errc::queue_full);
}

TEST_F(CommandChannelTest, CutsOffAReplyWithoutEnd) {
  ask("cmd=a");
  const Bytes part = command_message(CommandKind::part, 1, Bytes(60'000));
  std::optional<CommandChannel::Event> event;
  for (int parts = 0; parts < 100 && !event; ++parts) {
    ASSERT_TRUE(viewer_.feed(part));
    event = viewer_.poll();
  }
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<CommandChannel::Answered>(*event).error, Errc::too_large);
  ASSERT_TRUE(viewer_.feed(part));
  EXPECT_FALSE(viewer_.poll()) << "what follows belongs to nothing";
}

TEST_F(CommandChannelTest, RefusesWhatIsNoMessageAndGoesOn) {
  const std::vector<Bytes> broken{Bytes{},
                                  Bytes(4),
                                  Bytes(5),
                                  command_message(static_cast<CommandKind>(5), 1, {}),
                                  command_message(CommandKind::error, 1, Bytes(1)),
                                  Bytes(kMaxCommandBytes + 1)};
  for (const Bytes& message : broken) EXPECT_EQ(camera_.feed(message).error(), Errc::malformed);
  EXPECT_FALSE(camera_.poll());
  ask("cmd=a");
  EXPECT_EQ(as_text(expect<CommandChannel::Asked>(camera_).text), "cmd=a");
}

TEST_F(CommandChannelTest, PassesOverAnswersToWhatWasNotAsked) {
  ASSERT_TRUE(viewer_.feed(command_message(CommandKind::reply, 9, as_bytes("x"))));
  ASSERT_TRUE(viewer_.feed(command_message(CommandKind::part, 9, as_bytes("x"))));
  ASSERT_TRUE(viewer_.feed(command_error(9, 404, "x")));
  EXPECT_FALSE(viewer_.poll());
}

}  // namespace
}  // namespace camspan::rtc
