#include "api/ws_media.hpp"

#include <gtest/gtest.h>

namespace camspan {
namespace {

using std::chrono::nanoseconds;

SharedUnit unit(std::string_view bytes, UnitKind kind, std::optional<nanoseconds> pts = {}) {
  const ByteView view = as_bytes(bytes);
  auto made = std::make_shared<Unit>(*make_unit(Bytes(view.begin(), view.end()), kind));
  made->pts = pts;
  return made;
}

/// All that a client gets of a piece.
std::string sent(const WsMedia& media, const flv::Piece& piece) {
  std::vector<ByteView> views;
  media.append(views, piece);
  std::string all;
  for (const ByteView view : views) all += as_text(view);
  return all;
}

std::string sent(const WsMedia& media, const SharedUnit& of, std::uint64_t number) {
  return sent(media, flv::Piece{of, media.prefix(*of, number)});
}

// ws-stream.md section 5.3.
constexpr std::string_view kNotification =
    "\x83\xa6method\xa5write\xa6stream\xa5media\xa4"
    "data";

TEST(WsMediaTest, AUnitIsANotificationWithItsBytesLast) {
  const WsMedia media(WsEncoding::msgpack, "media");
  const std::string message = sent(media, unit("abcd", UnitKind::key, nanoseconds(5)), 7);
  const std::string expected = std::string(kNotification) + "\x86\xa1t\xa4unit\xa1k\x02\xa3pts\x05\xa3" +
                               "dts\xc0\xa3seq\x07\xa1p\xc4\x04" + "abcd";
  EXPECT_EQ(message.substr(2), expected);
  EXPECT_EQ(static_cast<unsigned char>(message[0]), 0x82);
  EXPECT_EQ(static_cast<std::size_t>(message[1]), expected.size());
}

TEST(WsMediaTest, KindsHaveTheNumbersOfTheTimedHeader) {
  const WsMedia media(WsEncoding::msgpack, "media");
  const std::pair<UnitKind, char> kinds[] = {{UnitKind::config, 1}, {UnitKind::key, 2},    {UnitKind::delta, 3},
                                             {UnitKind::audio, 4},  {UnitKind::script, 5}, {UnitKind::other, 5}};
  for (const auto& [kind, number] : kinds)
    EXPECT_NE(sent(media, unit("x", kind), 0).find(std::string("\xa1k") + number), std::string::npos);
}

TEST(WsMediaTest, TheFirstMessageSaysWhatTheStreamIs) {
  const WsMedia media(WsEncoding::msgpack, "media");
  const std::vector<SharedUnit> headers{unit("hd", UnitKind::config)};
  const auto pieces = media.opening({}, "image/jpeg", headers);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(sent(media, *pieces[0]).substr(2), std::string(kNotification) +
                                                   "\x83\xa1t\xa4init\xa4"
                                                   "caps\xaaimage/jpeg\xa7headers\x91\xc4\x02hd");
}

TEST(WsMediaTest, AnInitInTheMiddleHasNoNumber) {
  WsMedia media(WsEncoding::msgpack, "media");
  const SharedUnit init = media.init_unit("image/png", {});
  EXPECT_NE(sent(media, init, 5).find("image/png"), std::string::npos);
  EXPECT_NE(sent(media, unit("x", UnitKind::key), 6).find("\xa3seq\x05"), std::string::npos);
}

TEST(WsMediaTest, JsonHasEverythingButTheBytes) {
  const WsMedia media(WsEncoding::json_meta, "yard");
  const std::string message = sent(media, unit("secret", UnitKind::delta, nanoseconds(40)), 1);
  EXPECT_EQ(message.substr(2),
            R"({"method":"write","stream":"yard","data":{"t":"unit","k":3,"pts":40,"dts":null,"seq":1}})");
  EXPECT_EQ(static_cast<unsigned char>(message[0]), 0x81);
}

TEST(WsMediaTest, RawIsTheBytesWithTheHeadInOneMessage) {
  const WsMedia media(WsEncoding::raw, "media");
  EXPECT_EQ(sent(media, unit("tag", UnitKind::delta), 9), "\x82\x03tag");
  flv::FanOut::Opening opening;
  opening.units = {unit("key", UnitKind::key)};
  const std::vector<SharedUnit> headers{unit("FLV", UnitKind::config), unit("avc", UnitKind::config)};
  const auto pieces = media.opening(opening, "video/x-flv", headers);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(sent(media, *pieces[0]),
            "\x82\x06"
            "FLVavc");
  EXPECT_EQ(sent(media, *pieces[1]),
            "\x82\x03"
            "key");
}

}  // namespace
}  // namespace camspan
