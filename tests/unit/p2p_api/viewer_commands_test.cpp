#include "api/viewer_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/restarting_link.hpp"

namespace camspan {
namespace {

using namespace std::chrono_literals;
using rtc::CommandKind;
using testing::ElementsAre;
using testing::IsEmpty;

/// A link whose messages go nowhere; it takes them while it is open.
class CommandLink final : public test::RestartingLink {
 public:
  Result<std::string> answer(const rtc::Description&) override { return fail(Errc::unsupported); }
  void add_candidate(std::string_view) override {}
  Result<net::ChannelId> open_channel(const rtc::ChannelSettings& channel) override {
    if (gone) return fail(Errc::closed);
    opened.push_back(channel.label + " " + channel.protocol);
    return static_cast<net::ChannelId>(2 * opened.size());
  }
  Result<> send(net::ChannelId channel, bool, ByteView message, net::Delivery delivery,
                std::chrono::milliseconds) override {
    EXPECT_EQ(delivery, net::Delivery::reliable);
    if (!is_open) return fail(Errc::queue_full);
    const auto command = rtc::parse_command(message);
    EXPECT_TRUE(command);
    if (command)
      sent.push_back(std::to_string(channel) + ": " + std::to_string(static_cast<int>(command->kind)) + " " +
                     std::to_string(command->id) + " " + std::string(as_text(command->body)));
    return {};
  }
  bool has_room(std::size_t, std::chrono::milliseconds) override { return is_open; }
  void close_channel(net::ChannelId) override {}
  void close() override {}
  net::LinkStats stats() const override { return {}; }

  bool is_open = true;
  bool gone = false;
  std::vector<std::string> opened;
  std::vector<std::string> sent;
};

class ViewerCommandsTest : public testing::Test {
 protected:
  void ask(const std::string& text, std::chrono::milliseconds timeout = kCommandTimeout) {
    commands.ask(text, timeout, now, [this](const P2pCommandAnswer& answer) {
      told.push_back(answer.error ? answer.error.message() + " " + answer.reason : std::string(as_text(answer.reply)));
      errors.push_back(answer.error);
    });
  }
  void hear(net::ChannelId channel, CommandKind kind, std::uint32_t id, std::string_view text) {
    commands.on_message(channel, rtc::command_message(kind, id, as_bytes(text)));
  }
  static net::ChannelOpen by_camera(net::ChannelId id, std::string label) {
    net::ChannelOpen open;
    open.id = id;
    open.label = std::move(label);
    open.by_peer = true;
    return open;
  }

  TimePoint now{1h};
  CommandLink link;
  std::vector<std::string> heard;
  ViewerCommands commands{link, [this](const std::string& text) {
                            heard.push_back(text);
                            const ByteView reply = as_bytes("yes");
                            return P2pCommandReply{Bytes(reply.begin(), reply.end()), text == "refuse" ? 403 : 0, "no"};
                          }};
  std::vector<std::string> told;
  std::vector<std::error_code> errors;
};

TEST_F(ViewerCommandsTest, OpensOneChannelAndGivesEachItsReply) {
  ask("a");
  ask("b");
  EXPECT_THAT(link.opened, ElementsAre("command camspan-command"));
  EXPECT_THAT(link.sent, ElementsAre("2: 1 1 a", "2: 1 2 b"));
  hear(2, CommandKind::reply, 2, "B");
  hear(4, CommandKind::reply, 1, "of another channel");
  hear(2, CommandKind::part, 1, "A");
  hear(2, CommandKind::reply, 1, "A");
  EXPECT_THAT(told, ElementsAre("B", "AA"));
  EXPECT_FALSE(commands.next_timeout());
}

TEST_F(ViewerCommandsTest, SendsWhenThereIsAConnection) {
  link.is_open = false;
  ask("a");
  EXPECT_THAT(link.sent, IsEmpty());
  link.is_open = true;
  commands.on_channel({});  // the first channel of the link
  EXPECT_THAT(link.sent, ElementsAre("2: 1 1 a"));
}

TEST_F(ViewerCommandsTest, WaitsSevenAndAHalfSecondsUnlessToldOtherwise) {
  ask("slow");
  ask("slower", 9s);
  ASSERT_EQ(commands.next_timeout(), now + 7500ms);
  commands.on_timeout(now + 7499ms);
  EXPECT_THAT(told, IsEmpty());
  commands.on_timeout(now + 7500ms);
  EXPECT_THAT(errors, ElementsAre(make_error_code(Errc::timed_out)));
  EXPECT_EQ(commands.next_timeout(), now + 9s);
}

TEST_F(ViewerCommandsTest, SaysWhyThereIsNoReply) {
  ask("fly");
  commands.on_message(2, rtc::command_error(1, 404, "unknown-command"));
  ask("long" + std::string(70'000, 'x'));
  ask("closed");
  commands.on_channel_closed(2);
  link.gone = true;
  ask("again");
  EXPECT_THAT(errors, ElementsAre(make_error_code(Errc::refused), make_error_code(Errc::too_large),
                                  make_error_code(Errc::closed), make_error_code(Errc::closed)));
  EXPECT_THAT(told[0], testing::EndsWith("unknown-command"));
  EXPECT_THAT(told[2], testing::HasSubstr("token"));
}

TEST_F(ViewerCommandsTest, AnswersEveryQuestionOnceWhenItEnds) {
  ask("a");
  ask("b");
  commands.end("over");
  commands.end("over");
  EXPECT_EQ(told.size(), 2u);
  EXPECT_FALSE(commands.next_timeout());
}

TEST_F(ViewerCommandsTest, AsksAnewOnAnotherChannel) {
  ask("a");
  commands.on_channel_closed(2);
  ask("b");
  EXPECT_THAT(link.opened, testing::SizeIs(2));
  hear(4, CommandKind::reply, 1, "B");
  EXPECT_EQ(told.back(), "B");
}

TEST_F(ViewerCommandsTest, AnswersTheCameraOnItsChannel) {
  commands.on_channel(by_camera(1, "command"));
  hear(1, CommandKind::request, 5, "hello");
  hear(1, CommandKind::request, 6, "refuse");
  hear(1, CommandKind::request, 0, "floor is free");
  EXPECT_THAT(heard, ElementsAre("hello", "refuse", "floor is free"));
  EXPECT_THAT(link.sent, ElementsAre("1: 2 5 yes", "1: 3 6 " + std::string("\x01\x93no")));
  ask("by its channel");
  EXPECT_THAT(link.opened, IsEmpty());
  EXPECT_EQ(link.sent.back(), "1: 1 1 by its channel");
}

TEST_F(ViewerCommandsTest, UsesTheLowerOfTwoChannels) {
  ask("a");
  commands.on_channel(by_camera(3, "chat"));
  commands.on_channel(by_camera(1, "command"));
  ask("b");
  EXPECT_THAT(link.sent, ElementsAre("2: 1 1 a", "1: 1 2 b"));
}

TEST_F(ViewerCommandsTest, TellsTheCameraThatNobodyListens) {
  ViewerCommands deaf(link, {});
  deaf.on_channel(by_camera(1, "command"));
  deaf.on_message(1, rtc::command_message(CommandKind::request, 5, as_bytes("hello")));
  deaf.on_message(1, rtc::command_message(CommandKind::request, 0, as_bytes("note")));
  EXPECT_THAT(link.sent, ElementsAre("1: 3 5 " + std::string("\x01\xf5not-supported")));
}

}  // namespace
}  // namespace camspan
