// The kinds of frames: those that we send, byte by byte, and what becomes of each that comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using namespace std::chrono_literals;
using test::H2Frame;
using test::H2Frames;
using test::H2RawPeer;
using test::TextSource;
using ::testing::ElementsAre;

/// A request and an answer that HPACK's static table has whole (RFC 7541 appendix A).
constexpr std::byte kGet{0x82}, kHttps{0x87}, kRoot{0x84}, kStatus200{0x88};

/// What of `peer.raw` came after the first `before` bytes, as hexadecimal digits.
std::string hex(const Bytes& bytes, std::size_t before = 0) {
  std::string text;
  for (std::size_t i = before; i < bytes.size(); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[std::to_integer<unsigned>(bytes[i]) >> 4];
    text += kDigits[std::to_integer<unsigned>(bytes[i]) & 15];
  }
  return text;
}

TEST(H2FramesTest, AServerSendsTheseBytes) {
  H2RawPeer peer;
  peer.start_server(Settings::server());
  peer.flush();
  EXPECT_EQ(peer.raw, H2Frames()
                          .settings({{3, 100}, {4, 16777215}, {5, 16384}, {6, 16384}, {8, 0}, {9, 1}})
                          .window_update(0, 16711680)
                          .bytes());
  std::size_t before = peer.raw.size();
  peer.feed(H2Frames().preface().settings().settings_ack());
  EXPECT_EQ(hex(peer.raw, before), hex(H2Frames().settings_ack().bytes())) << "SETTINGS ACK";

  before = peer.raw.size();
  peer.feed(H2Frames().ping(0x0102030405060708));
  EXPECT_EQ(hex(peer.raw, before),
            "000008060100000000"
            "0102030405060708")
      << "PING ACK";

  before = peer.raw.size();
  peer.feed(H2Frames().frame(H2Frames::headers_type, H2Frames::kEndHeaders | H2Frames::kEndStream, 1,
                             Bytes{kGet, kHttps, kRoot}));
  TextSource body("hi");
  ASSERT_TRUE(peer.ours->submit_response(StreamId(1), 200, {}, &body));
  peer.flush();
  EXPECT_EQ(hex(peer.raw, before),
            "000001010400000001"
            "88"
            "000002000100000001"
            "6869")
      << "HEADERS and DATA";

  before = peer.raw.size();
  peer.feed(H2Frames().frame(H2Frames::headers_type, H2Frames::kEndHeaders, 3, Bytes{kGet, kHttps, kRoot}));
  peer.ours->reset(StreamId(3), ErrorCode::cancel);
  peer.flush();
  EXPECT_EQ(hex(peer.raw, before),
            "000004030000000003"
            "00000008")
      << "RST_STREAM";

  before = peer.raw.size();
  peer.advance(30s);
  EXPECT_EQ(hex(peer.raw, before),
            "000008060000000000"
            "0000000000000001")
      << "PING";

  before = peer.raw.size();
  peer.ours->terminate(ErrorCode::internal_error);
  peer.flush();
  EXPECT_EQ(hex(peer.raw, before),
            "000008070000000000"
            "00000003"
            "00000002")
      << "GOAWAY";
}

TEST(H2FramesTest, AClientSendsTheseBytes) {
  H2RawPeer peer;
  peer.start_client(Settings::client(70000));
  ASSERT_TRUE(peer.ours->submit_request({"GET", "https", "", "/", {}}, nullptr));
  peer.flush();
  EXPECT_EQ(hex(peer.raw), hex(H2Frames()
                                   .preface()
                                   .settings({{2, 0}, {4, 70000}})
                                   .window_update(0, 16711680)
                                   .frame(H2Frames::headers_type, H2Frames::kEndHeaders | H2Frames::kEndStream, 1,
                                          Bytes{kGet, kHttps, kRoot})
                                   .bytes()));
  EXPECT_EQ(peer.count(H2Frames::priority_type), 0u);
}

/// Everything a client may send once, and a type that nobody knows.
H2Frames one_of_each() {
  const Bytes unknown(5);
  Bytes priority(5);
  store_be<4>(priority.data(), 1);
  return H2Frames()
      .settings({{4, 100}, {0x77, 1}})
      .settings_ack()
      .ping(7)
      .ping(8, true)
      .frame(0x77, 0xff, 0, unknown)
      .frame(0x77, 0xff, 1, unknown)
      .frame(H2Frames::priority_type, 0, 3, priority)
      .headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}}, false)
      .window_update(0, 5)
      .window_update(1, 6)
      .data(1, "body", false)
      .frame(H2Frames::data_type, 0x9, 1, as_bytes(std::string_view("\2padded\0\0", 9)))
      .headers(3, H2RawPeer::get("/3"), true)
      .reset(3, 0x8)
      .frame(H2Frames::go_away_type, 0, 0,
             as_bytes(std::string_view("\0\0\0\0\0\0\0\xb"
                                       "why \x1b",
                                       13)));
}

TEST(H2FramesTest, TellsEachFrameThatComesAndPassesOverPriorityAndUnknownOnes) {
  std::vector<std::string> received[2];
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    H2RawPeer peer;
    peer.start_server(Settings::server());
    peer.flush();
    peer.feed(H2Frames().preface());
    const Bytes bytes = one_of_each().bytes();
    for (std::size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size() - at))
      ASSERT_TRUE(peer.ours->feed(ByteView(bytes).subspan(at, std::min(step, bytes.size() - at)), peer.now));
    received[step == 1 ? 1 : 0] = peer.observer.received;
    EXPECT_EQ(peer.observer.streams[1].body, "bodypadded");
    EXPECT_EQ(peer.observer.streams[3].closed, ErrorCode::cancel);
  }
  EXPECT_THAT(received[0], ElementsAre("SETTINGS 4=100 119=1", "SETTINGS ACK", "PING 7", "PING ACK 8", "HEADERS 1",
                                       "WINDOW_UPDATE 0 +5", "WINDOW_UPDATE 1 +6", "DATA 1 of 4 bytes",
                                       "DATA 1 of 9 bytes END_STREAM", "HEADERS 3 END_STREAM", "RST_STREAM 3 CANCEL",
                                       "GOAWAY 0 ENHANCE_YOUR_CALM \"why ?\""));
  EXPECT_EQ(received[0], received[1]) << "byte by byte";
}

TEST(H2FramesTest, DescribesTheKindsThatNeverCome) {
  EXPECT_EQ(describe(PushPromiseFrame{StreamId(1), StreamId(2)}), "PUSH_PROMISE 1 2");
  EXPECT_EQ(describe(UnknownFrame{StreamId(1), 0x77}), "type 119 1");
}

TEST(H2FramesTest, AClientIsToldOfTheServersFrames) {
  H2RawPeer peer;
  peer.start_client();
  ASSERT_TRUE(peer.ours->submit_request({"GET", "https", "hub.example", "/", {}}, nullptr));
  peer.flush();
  peer.feed(H2Frames()
                .settings()
                .settings_ack()
                .frame(H2Frames::headers_type, H2Frames::kEndHeaders, 1, Bytes{kStatus200})
                .data(1, "hi", true));
  EXPECT_THAT(peer.observer.received,
              ElementsAre("SETTINGS", "SETTINGS ACK", "HEADERS 1", "DATA 1 of 2 bytes END_STREAM"));
}

}  // namespace
}  // namespace camspan::h2
