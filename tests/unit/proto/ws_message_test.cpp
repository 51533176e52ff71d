#include "proto/ws_message/message.hpp"

#include <gtest/gtest.h>
#include <array>
#include <random>

#include "proto/ws/frame.hpp"
#include "proto/ws_message/packer.hpp"

namespace camspan::ws_message {
namespace {

/// Bytes written as in the protocol's description: "82 a2 69".
Bytes hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 3)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Bytes packed(const auto& write) {
  Bytes out;
  Packer packer(out);
  write(packer);
  return out;
}

const Limits kLimits;

const Bytes kList = hex("82 a2 69 64 00 a6 6d 65 74 68 6f 64 a4 6c 69 73 74");
const Bytes kListed =
    hex("83 a2 69 64 00 a4 63 6f 64 65 01 a4 64 61 74 61 92 a8 73 65 74 74 69 6e 67 73 a5 69 6d 61 67 65");
const Bytes kRead =
    hex("83 a2 69 64 01 a6 6d 65 74 68 6f 64 a4 72 65 61 64 a6 73 74 72 65 61 6d a8 73 65 74 74 69 6e 67 73");
const Bytes kValue = hex("83 a2 69 64 01 a4 63 6f 64 65 01 a4 64 61 74 61 81 a5 76 61 6c 75 65 05");
const Bytes kWrite = hex(
    "84 a2 69 64 02 a6 6d 65 74 68 6f 64 a5 77 72 69 74 65 a6 73 74 72 65 61 6d a3 6d 73 67 a4 64 61 74 61 81 a5 76 61 "
    "6c 75 65 a2 68 69");
const Bytes kWritten = hex("82 a2 69 64 02 a4 63 6f 64 65 01");
const Bytes kNotThere = hex("82 a2 69 64 03 a4 63 6f 64 65 03");
const Bytes kMedia =
    hex("83 a6 6d 65 74 68 6f 64 a5 77 72 69 74 65 a6 73 74 72 65 61 6d a5 69 6d 61 67 65 a4 64 61 74 61 c4 04 ff d8 "
        "ff d9");

Request request_of(const Bytes& bytes) {
  return std::get<Request>(decode(bytes, kLimits).value());
}
Response response_of(const Bytes& bytes) {
  return std::get<Response>(decode(bytes, kLimits).value());
}
std::error_code refusal_of(const Bytes& bytes, const Limits& limits = kLimits) {
  const auto decoded = decode(bytes, limits);
  return decoded ? std::error_code{} : decoded.error();
}

TEST(WsMessageTest, WritesTheBytesOfEveryExample) {
  EXPECT_EQ(encode(Request{0, "list", {}, {}}), kList);
  const Bytes names = packed([](Packer& packer) {
    packer.array_header(2);
    packer.str("settings");
    packer.str("image");
  });
  EXPECT_EQ(encode(Response{0, Code::success, {}, names}), kListed);
  EXPECT_EQ(encode(Request{1, "read", "settings", {}}), kRead);
  const Bytes five = packed([](Packer& packer) {
    packer.map_header(1);
    packer.str("value");
    packer.integer(5);
  });
  EXPECT_EQ(encode(Response{1, Code::success, {}, five}), kValue);
  const Bytes hi = packed([](Packer& packer) {
    packer.map_header(1);
    packer.str("value");
    packer.str("hi");
  });
  EXPECT_EQ(encode(Request{2, "write", "msg", hi}), kWrite);
  EXPECT_EQ(encode(Response{2, Code::success, {}, {}}), kWritten);
  EXPECT_EQ(encode(Response{3, Code::not_listening, {}, {}}), kNotThere);
  const Bytes jpeg = packed([](Packer& packer) { packer.bin(as_bytes("\xff\xd8\xff\xd9")); });
  EXPECT_EQ(encode(Request{{}, "write", "image", jpeg}), kMedia);
}

TEST(WsMessageTest, ReadsTheBytesOfEveryExample) {
  EXPECT_EQ(request_of(kList).id, 0u);
  EXPECT_EQ(request_of(kList).method, "list");
  EXPECT_EQ(response_of(kListed).code, Code::success);
  EXPECT_EQ(response_of(kListed).data->size(), 16u);
  EXPECT_EQ(request_of(kRead).stream, "settings");
  EXPECT_EQ(response_of(kValue).id, 1u);
  EXPECT_EQ(as_text(*request_of(kWrite).data), "\x81\xa5value\xa2hi");
  EXPECT_FALSE(response_of(kWritten).data);
  EXPECT_EQ(response_of(kNotThere).code, Code::not_listening);
  EXPECT_FALSE(request_of(kMedia).id);
  EXPECT_EQ(as_text(*as_bin(*request_of(kMedia).data)), "\xff\xd8\xff\xd9");
}

TEST(WsMessageTest, ReadsTheMaskedFrameOfTheFirstExampleWholeAndInPiecesOfOneByte) {
  const Bytes wire = hex("82 91 37 fa 21 3d b5 58 48 59 37 5c 4c 58 43 92 4e 59 93 96 48 4e 43");
  for (const std::size_t piece : {wire.size(), std::size_t{1}}) {
    ws::FrameSession session(ws::Role::server, {});
    for (std::size_t at = 0; at < wire.size(); at += piece)
      ASSERT_TRUE(session.feed(ByteView(wire).subspan(at, piece)));
    const auto event = session.poll();
    ASSERT_TRUE(event);
    EXPECT_EQ(std::get<ws::FrameSession::Message>(*event).data, kList);
  }
}

TEST(WsMessageTest, AnnouncesALargeBinWithFourBytesOfLength) {
  Bytes message = request_head({{}, "write", "image", {}});
  Packer(message).bin_header(70000);
  EXPECT_EQ(Bytes(message.end() - 5, message.end()), hex("c6 00 01 11 70"));
}

TEST(WsMessageTest, FramesAMessageOnceForEveryClient) {
  const auto owner = std::make_shared<const std::string>(300, 'x');
  Bytes head = request_head({{}, "write", "image", {}});
  Packer(head).bin_header(300);
  const std::size_t message_bytes = head.size() + 300;
  const SharedFrame made = frame(std::move(head), as_bytes(*owner), owner);
  EXPECT_EQ(made->size(), message_bytes + 4);
  EXPECT_EQ(Bytes(made->head.begin(), made->head.begin() + 4), ws::frame_header(ws::Opcode::binary, message_bytes));
  EXPECT_EQ(static_cast<const void*>(made->body.data()), owner->data());
  EXPECT_EQ(text_frame(Bytes(3))->head[0], std::byte{0x81});
}

TEST(WsMessageTest, TakesKeysInAnyOrderPassesOverUnknownOnesAndTakesTheLastOfTwo) {
  const Bytes bytes = packed([](Packer& packer) {
    packer.map_header(6);
    packer.str("stream");
    packer.str("a");
    packer.integer(-7);
    packer.array_header(0);
    packer.str("method");
    packer.str("read");
    packer.str("colour");
    packer.map_header(0);
    packer.str("stream");
    packer.str("b");
    packer.str("id");
    packer.unsigned_integer(0xffffffff);
  });
  const Request request = request_of(bytes);
  EXPECT_EQ(request.id, 0xffffffffu);
  EXPECT_EQ(request.stream, "b");
}

TEST(WsMessageTest, LeavesFieldsOfAWrongTypeOut) {
  const Request request = request_of(packed([](Packer& packer) {
    packer.map_header(3);
    packer.str("id");
    packer.unsigned_integer(1);
    packer.str("method");
    packer.nil();
    packer.str("stream");
    packer.unsigned_integer(5);
  }));
  EXPECT_EQ(request.id, 1u);
  EXPECT_FALSE(request.method);
  EXPECT_FALSE(request.stream);
}

TEST(WsMessageTest, CannotUseAMessageWhoseNumbersAreOutOfRange) {
  const auto of = [](std::uint64_t id, std::uint64_t code) {
    return decode(packed([&](Packer& packer) {
                    packer.map_header(2);
                    packer.str("id");
                    packer.unsigned_integer(id);
                    packer.str("code");
                    packer.unsigned_integer(code);
                  }),
                  kLimits)
        .value();
  };
  EXPECT_TRUE(std::holds_alternative<Response>(of(1, 6)));
  EXPECT_TRUE(std::holds_alternative<Unusable>(of(0x100000000, 1)));
  EXPECT_TRUE(std::holds_alternative<Unusable>(of(1, 0)));
  EXPECT_TRUE(std::holds_alternative<Unusable>(of(1, 7)));
}

TEST(WsMessageTest, RefusesWhatIsNotExactlyOneMap) {
  EXPECT_EQ(refusal_of({}), Errc::malformed);
  EXPECT_EQ(refusal_of(hex("93 01 02 03")), Errc::malformed);
  EXPECT_EQ(refusal_of(hex("80 80")), Errc::malformed);
  EXPECT_EQ(refusal_of(hex("c1")), Errc::malformed);
  for (std::size_t size = 0; size < kWrite.size(); ++size)
    EXPECT_EQ(refusal_of(Bytes(kWrite.begin(), kWrite.begin() + static_cast<std::ptrdiff_t>(size))), Errc::malformed)
        << size;
}

TEST(WsMessageTest, JudgesLengthsByTheBytesThatAreThere) {
  EXPECT_EQ(refusal_of(hex("df ff ff ff ff")), Errc::malformed);           // a map of 4 Gi pairs
  EXPECT_EQ(refusal_of(hex("81 a1 61 dd ff ff ff ff")), Errc::malformed);  // an array in it
  EXPECT_EQ(refusal_of(hex("81 a1 61 c6 ff ff ff ff 00")), Errc::malformed);
  EXPECT_EQ(refusal_of(hex("81 a1 61 c9 ff ff ff ff 00")), Errc::malformed);
}

Bytes nested(unsigned containers) {
  Bytes bytes = hex("81 a1 61");
  bytes.insert(bytes.end(), containers - 1, std::byte{0x91});
  bytes.push_back(std::byte{0xc0});
  return bytes;
}

TEST(WsMessageTest, BoundsSizeNestingAndElements) {
  EXPECT_FALSE(refusal_of(nested(16)));
  EXPECT_EQ(refusal_of(nested(17)), Errc::too_large);
  EXPECT_EQ(refusal_of(nested(100000)), Errc::too_large);
  const auto array_of = [](std::uint32_t count) {
    return packed([&](Packer& packer) {
      packer.map_header(1);
      packer.nil();
      packer.array_header(count);
      for (std::uint32_t i = 0; i < count; ++i) packer.nil();
    });
  };
  EXPECT_FALSE(refusal_of(array_of(4093)));  // the map, its key and the array count
  EXPECT_EQ(refusal_of(array_of(4094)), Errc::too_large);
  EXPECT_FALSE(refusal_of(kWrite, {kWrite.size(), 16, 4096}));
  EXPECT_EQ(refusal_of(kWrite, {kWrite.size() - 1, 16, 4096}), Errc::too_large);
}

TEST(WsMessageTest, MeasuresValuesOfEveryForm) {
  for (const char* text : {"c0",
                           "c2",
                           "c3",
                           "7f",
                           "e0",
                           "cc ff",
                           "cd 00 01",
                           "ce 00 00 00 01",
                           "cf 00 00 00 00 00 00 00 01",
                           "d0 80",
                           "d1 80 00",
                           "d2 80 00 00 00",
                           "d3 80 00 00 00 00 00 00 00",
                           "ca 00 00 00 00",
                           "cb 00 00 00 00 00 00 00 00",
                           "a1 61",
                           "d9 01 61",
                           "da 00 01 61",
                           "db 00 00 00 01 61",
                           "c4 01 00",
                           "c5 00 01 00",
                           "c6 00 00 00 01 00",
                           "d4 01 00",
                           "d5 01 00 00",
                           "d6 01 00 00 00 00",
                           "d7 01 00 00 00 00 00 00 00 00",
                           "c7 01 05 00",
                           "c8 00 01 05 00",
                           "c9 00 00 00 01 05 00",
                           "90",
                           "91 c0",
                           "dc 00 01 c0",
                           "dd 00 00 00 01 c0",
                           "80",
                           "81 c0 c0",
                           "de 00 01 c0 c0",
                           "df 00 00 00 01 c0 c0",
                           "d8 05 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"}) {
    const Bytes whole = hex(text);
    EXPECT_EQ(value_size(whole, kLimits), whole.size()) << text;
    Bytes with_more = whole;
    with_more.push_back(std::byte{0xc1});
    EXPECT_EQ(value_size(with_more, kLimits), whole.size()) << text;
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(value_size(ByteView(whole).first(size), kLimits)) << text << " cut to " << size;
  }
}

TEST(WsMessageTest, PacksNumbersInTheirShortestForm) {
  EXPECT_EQ(packed([](Packer& p) { p.integer(127); }), hex("7f"));
  EXPECT_EQ(packed([](Packer& p) { p.integer(-32); }), hex("e0"));
  EXPECT_EQ(packed([](Packer& p) { p.integer(-33); }), hex("d0 df"));
  EXPECT_EQ(packed([](Packer& p) { p.unsigned_integer(256); }), hex("cd 01 00"));
  EXPECT_EQ(packed([](Packer& p) { p.float32(1.5f); }), hex("ca 3f c0 00 00"));
  EXPECT_EQ(packed([](Packer& p) { p.float64(1.5); }), hex("cb 3f f8 00 00 00 00 00 00"));
  EXPECT_EQ(packed([](Packer& p) { p.boolean(true); }), hex("c3"));
}

TEST(WsMessageTest, TakesAMillionMutatedMessagesApartWithoutHarm) {
  std::minstd_rand random(7);
  const std::array seeds = {kList, kListed, kRead, kValue, kWrite, kWritten, kMedia};
  std::size_t good = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    Bytes mutated = seeds[random() % seeds.size()];
    for (auto changes = random() % 4; changes > 0; --changes)
      mutated[random() % mutated.size()] = static_cast<std::byte>(random());
    if (random() % 4 == 0) mutated.resize(random() % (mutated.size() + 1));
    const auto decoded = decode(mutated, kLimits);
    if (!decoded) continue;
    ++good;
    // What it says lies within the message.
    if (const auto* request = std::get_if<Request>(&*decoded); request != nullptr && request->data) {
      ASSERT_GE(request->data->data(), mutated.data());
      ASSERT_LE(request->data->data() + request->data->size(), mutated.data() + mutated.size());
    }
  }
  EXPECT_GT(good, 100'000u);
}

}  // namespace
}  // namespace camspan::ws_message
