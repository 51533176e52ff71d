#include "proto/ws/frame.hpp"

#include <gmock/gmock.h>
#include <malloc.h>

namespace camspan::ws {
namespace {

using Message = FrameSession::Message;
using Closed = FrameSession::Closed;

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

Bytes output(FrameSession& session) {
  Bytes out;
  session.pending_output(out);
  return out;
}

/// A client's frame with the mask 0, so that its payload can be read.
Bytes client_frame(int first, std::string_view payload) {
  Bytes out = bytes({first, 0x80 | static_cast<int>(payload.size()), 0, 0, 0, 0});
  const ByteView view = as_bytes(payload);
  out.insert(out.end(), view.begin(), view.end());
  return out;
}

TEST(FrameHeaderTest, UsesTheShortestLength) {
  EXPECT_EQ(frame_header(Opcode::binary, 0), bytes({0x82, 0}));
  EXPECT_EQ(frame_header(Opcode::text, 125), bytes({0x81, 125}));
  EXPECT_EQ(frame_header(Opcode::binary, 126), bytes({0x82, 126, 0, 126}));
  EXPECT_EQ(frame_header(Opcode::binary, 0xffff), bytes({0x82, 126, 0xff, 0xff}));
  EXPECT_EQ(frame_header(Opcode::binary, 0x10000), bytes({0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(AcceptKeyTest, IsTheOneOfTheRfc) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 section 1.3
}

/// Bytes of the heap in use; 0 where a sanitizer has another one.
std::size_t heap() {
  return ::mallinfo2().uordblks;
}

TEST(FrameSessionTest, HoldsNoBuffersBetweenMessages) {
  constexpr std::size_t kSessions = 100;
  std::vector<FrameSession> sessions;
  sessions.reserve(kSessions);
  const std::size_t before = heap();
  for (std::size_t i = 0; i < kSessions; ++i) sessions.emplace_back(Role::server, FrameSession::Limits{});
  const Bytes half = client_frame(0x01, "in two ");  // a text, not the last frame of it
  const Bytes rest = client_frame(0x80, "frames");
  for (FrameSession& session : sessions) {
    ASSERT_TRUE(session.feed(client_frame(0x89, "ping")));
    EXPECT_EQ(output(session).size(), 6u);
    ASSERT_TRUE(session.feed(half));
    ASSERT_FALSE(session.poll());
    for (const std::byte byte : rest) ASSERT_TRUE(session.feed(ByteView(&byte, 1)));
    EXPECT_EQ(as_text(std::get<Message>(session.poll().value()).data), "in two frames");
  }
  const std::size_t after = heap();
  EXPECT_LT(after, before + kSessions * 512);
}

TEST(FrameSessionTest, CarriesMessagesBothWaysHoweverTheBytesAreCut) {
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 1000u}) {
    FrameSession client(Role::client, {});
    FrameSession server(Role::server, {});
    const std::string large(1000, 'x');
    ASSERT_TRUE(client.send(Opcode::text, as_bytes("grüße")));
    ASSERT_TRUE(client.send(Opcode::binary, as_bytes(large)));
    const Bytes sent = output(client);
    for (std::size_t at = 0; at < sent.size(); at += piece)
      ASSERT_TRUE(server.feed(ByteView(sent).subspan(at, std::min(piece, sent.size() - at))));
    const auto first = std::get<Message>(server.poll().value());
    EXPECT_TRUE(first.text);
    EXPECT_EQ(as_text(first.data), "grüße");
    const auto second = std::get<Message>(server.poll().value());
    EXPECT_FALSE(second.text);
    EXPECT_EQ(as_text(second.data), large);
    EXPECT_FALSE(server.poll());

    Bytes frame = frame_header(Opcode::binary, 3);
    frame.insert(frame.end(), 3, std::byte{7});
    ASSERT_TRUE(client.feed(frame));
    EXPECT_EQ(std::get<Message>(client.poll().value()).data.size(), 3u);
  }
}

TEST(FrameSessionTest, MasksWhatAClientSends) {
  FrameSession client(Role::client, {});
  ASSERT_TRUE(client.send(Opcode::binary, as_bytes("aaaaaaaaaaaaaaaa")));
  const Bytes sent = output(client);
  ASSERT_EQ(sent.size(), 2u + 4 + 16);
  EXPECT_EQ(sent[1], std::byte{0x80 | 16});
  EXPECT_EQ(as_text(sent).find("aaaaaaaa"), std::string::npos);
}

TEST(FrameSessionTest, JoinsFragmentsWithControlFramesInBetween) {
  FrameSession server(Role::server, {});
  Bytes input = client_frame(0x01, "hel");
  for (const Bytes& more : {client_frame(0x89, "?"), client_frame(0x00, "l"), client_frame(0x80, "o")})
    input.insert(input.end(), more.begin(), more.end());
  ASSERT_TRUE(server.feed(input));
  EXPECT_EQ(as_text(std::get<Message>(server.poll().value()).data), "hello");
  EXPECT_EQ(output(server), bytes({0x8a, 1, '?'}));  // the pong
}

TEST(FrameSessionTest, ReportsPongs) {
  FrameSession server(Role::server, {});
  ASSERT_TRUE(server.send(Opcode::ping, {}));
  EXPECT_EQ(output(server), bytes({0x89, 0}));
  ASSERT_TRUE(server.feed(client_frame(0x8a, "")));
  EXPECT_TRUE(std::holds_alternative<FrameSession::Pong>(server.poll().value()));
}

TEST(FrameSessionTest, AnswersACloseFrameAndTellsItsCodeHoweverTheBytesAreCut) {
  for (const std::size_t piece : {1u, 2u, 3u, 4u, 5u, 7u, 1000u}) {
    FrameSession client(Role::client, {});
    FrameSession server(Role::server, {});
    ASSERT_TRUE(client.close(1001, "leaving"));
    const Bytes sent = output(client);
    for (std::size_t at = 0; at < sent.size(); at += piece)
      ASSERT_TRUE(server.feed(ByteView(sent).subspan(at, std::min(piece, sent.size() - at)))) << piece;
    const auto closed = std::get<Closed>(server.poll().value());
    EXPECT_EQ(closed.code, 1001);
    EXPECT_EQ(closed.reason, "leaving");
    ASSERT_TRUE(client.feed(output(server)));
    EXPECT_EQ(std::get<Closed>(client.poll().value()).code, 1001);
    EXPECT_EQ(server.send(Opcode::text, as_bytes("late")).error(), Errc::closed);
  }
}

TEST(FrameSessionTest, RefusesACloseReasonThatIsNotUtf8) {
  FrameSession server(Role::server, {});
  EXPECT_FALSE(server.feed(client_frame(0x88, "\x03\xe8\xff")));
  EXPECT_EQ(output(server), bytes({0x88, 2, 0x03, 0xef}));  // 1007
}

TEST(FrameSessionTest, TellsACloseFrameWithoutCode) {
  FrameSession server(Role::server, {});
  ASSERT_TRUE(server.feed(client_frame(0x88, "")));
  EXPECT_EQ(std::get<Closed>(server.poll().value()).code, 1005);
}

TEST(FrameSessionTest, CutsALongReasonBetweenCharacters) {
  FrameSession client(Role::client, {});
  FrameSession server(Role::server, {});
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "ä";
  ASSERT_TRUE(server.close(1008, reason));
  ASSERT_TRUE(client.feed(output(server)));
  EXPECT_EQ(std::get<Closed>(client.poll().value()).reason, reason.substr(0, 122));
}

TEST(FrameSessionTest, RefusesAMessageOverItsLimit) {
  for (const bool fragmented : {false, true}) {
    FrameSession server(Role::server, {.max_message_bytes = 100});
    Bytes input;
    if (fragmented) {
      input = client_frame(0x02, std::string(60, 'a'));
      const Bytes rest = client_frame(0x80, std::string(41, 'a'));
      input.insert(input.end(), rest.begin(), rest.end());
    } else {
      input = client_frame(0x82, std::string(101, 'a'));
    }
    EXPECT_EQ(server.feed(input).error(), Errc::too_large);
    EXPECT_FALSE(server.poll());
    EXPECT_EQ(output(server), bytes({0x88, 2, 0x03, 0xf1}));  // 1009
  }
}

TEST(FrameSessionTest, AllocatesNothingForALengthThatIsOnlyClaimed) {
  FrameSession server(Role::server, {});
  const Bytes input = bytes({0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'a'});
  const auto fed = server.feed(input);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error(), Errc::too_large);
}

struct Malformed {
  const char* name;
  Bytes input;
  int code;
};
void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.name;
}

class FrameSessionRefusalTest : public testing::TestWithParam<Malformed> {};

TEST_P(FrameSessionRefusalTest, TellsThePeerWhatItBroke) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
    FrameSession server(Role::server, {});
    const ByteView input(GetParam().input);
    Result<> fed;
    for (std::size_t at = 0; fed && at < input.size(); at += piece)
      fed = server.feed(input.subspan(at, std::min(piece, input.size() - at)));
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error(), Errc::protocol_error);
    EXPECT_FALSE(server.poll());
    const Bytes answer = output(server);
    ASSERT_GE(answer.size(), 4u);
    EXPECT_EQ(answer[0], std::byte{0x88});
    EXPECT_EQ(load_be<2>(answer.data() + 2), static_cast<std::uint64_t>(GetParam().code));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , FrameSessionRefusalTest,
    testing::Values(Malformed{"Unmasked", bytes({0x81, 1, 'a'}), 1002},
                    Malformed{"ReservedBit", client_frame(0xc1, "a"), 1002},
                    Malformed{"UnknownOpcode", client_frame(0x83, "a"), 1002},
                    Malformed{"UnknownControlOpcode", client_frame(0x8b, "a"), 1002},
                    Malformed{"FragmentedPing", client_frame(0x09, "a"), 1002},
                    Malformed{"ContinuationOfNothing", client_frame(0x80, "a"), 1002},
                    Malformed{"LengthNotShortest", bytes({0x82, 0xfe, 0, 5, 0, 0, 0, 0}), 1002},
                    Malformed{"LongPing", bytes({0x89, 0xfe, 0, 126, 0, 0, 0, 0}), 1002},
                    Malformed{"LengthWithTopBit", bytes({0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 1002},
                    Malformed{"TextNotUtf8", client_frame(0x81, "\xff"), 1007},
                    Malformed{"TextOverlong", client_frame(0x81, "\xc0\xaf"), 1007},
                    Malformed{"TextCutInCharacter", client_frame(0x81, "\xe2\x82"), 1007},
                    Malformed{"CloseOfOneByte", client_frame(0x88, "a"), 1002},
                    Malformed{"CloseCodeForbidden", client_frame(0x88, std::string_view("\x03\xed", 2)), 1002}),
    [](const auto& info) { return info.param.name; });

TEST(FrameSessionTest, RefusesANewMessageInsideAnother) {
  FrameSession server(Role::server, {});
  ASSERT_TRUE(server.feed(client_frame(0x01, "a")));
  EXPECT_EQ(server.feed(client_frame(0x81, "b")).error(), Errc::protocol_error);
}

TEST(FrameSessionTest, GivesTheMessagesBeforeABrokenFrame) {
  FrameSession server(Role::server, {});
  Bytes input = client_frame(0x81, "good");
  const Bytes broken = client_frame(0xf1, "a");
  input.insert(input.end(), broken.begin(), broken.end());
  ASSERT_FALSE(server.feed(input));
  EXPECT_EQ(as_text(std::get<Message>(server.poll().value()).data), "good");
}

TEST(FrameSessionTest, NamesTheErrorAsAClientToo) {
  FrameSession client(Role::client, {});
  FrameSession server(Role::server, {});
  ASSERT_FALSE(client.feed(bytes({0xc1, 1, 'a'})));
  ASSERT_TRUE(server.feed(output(client)));
  EXPECT_EQ(std::get<Closed>(server.poll().value()).code, 1002);
}

TEST(FrameSessionTest, IgnoresWhatComesAfterTheEnd) {
  FrameSession server(Role::server, {});
  ASSERT_TRUE(server.feed(client_frame(0x88, "")));
  ASSERT_TRUE(server.poll());
  EXPECT_TRUE(server.feed(client_frame(0x81, "late")));
  EXPECT_FALSE(server.poll());
}

TEST(FrameSessionTest, RefusesToSendAControlFrameThatIsTooLarge) {
  FrameSession server(Role::server, {});
  EXPECT_EQ(server.send(Opcode::ping, as_bytes(std::string(126, 'a'))).error(), Errc::too_large);
}

}  // namespace
}  // namespace camspan::ws
