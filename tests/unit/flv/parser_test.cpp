#include "proto/flv/parser.hpp"

#include <gtest/gtest.h>

#include <random>

#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"
#include "support/test_media.hpp"

namespace camspan::flv {
namespace {

using test::content_of;
using test::FlvMaker;
using test::TagContent;

std::vector<TagContent> poll_all(Parser& parser) {
  std::vector<TagContent> contents;
  while (const auto unit = parser.poll()) contents.push_back(content_of(**unit));
  return contents;
}

std::vector<TagContent> contents_of(const std::vector<Bytes>& tags) {
  std::vector<TagContent> contents;
  for (const auto& unit : test::tag_units(tags)) contents.push_back(content_of(*unit));
  return contents;
}

class ParserTest : public testing::Test {
 protected:
  FlvMaker maker_;
  const std::vector<Bytes> tags_ = maker_.stream({.duration_ms = 1000, .first_ms = 0xfffffe00});
  const Bytes file_ = test::flv_file(tags_);
  Parser parser_;
};

TEST_F(ParserTest, GivesTheTagsOfAWholeFile) {
  ASSERT_TRUE(parser_.feed(file_));
  EXPECT_EQ(poll_all(parser_), contents_of(tags_));
  EXPECT_TRUE(parser_.at_boundary());
  EXPECT_EQ(parser_.whole_bytes(), file_.size());
}

TEST_F(ParserTest, GivesTheSameTagsWhenFedByteByByte) {
  std::vector<TagContent> contents;
  for (std::size_t i = 0; i < file_.size(); ++i) {
    ASSERT_TRUE(parser_.feed(ByteView(file_).subspan(i, 1)));
    while (const auto unit = parser_.poll()) contents.push_back(content_of(**unit));
  }
  EXPECT_EQ(contents, contents_of(tags_));
  EXPECT_EQ(parser_.whole_bytes(), file_.size());
}

TEST_F(ParserTest, GivesTheSameTagsHoweverThePiecesAreCut) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Parser parser;
    std::size_t at = 0;
    while (at < file_.size()) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 3000, file_.size() - at);
      const auto piece = make_unit(Bytes(file_.begin() + static_cast<std::ptrdiff_t>(at),
                                         file_.begin() + static_cast<std::ptrdiff_t>(at + size)),
                                   UnitKind::other);
      ASSERT_TRUE(parser.feed(piece));
      at += size;
    }
    EXPECT_EQ(poll_all(parser), contents_of(tags_)) << "seed " << seed;
  }
}

TEST_F(ParserTest, SharesTheMemoryOfAPieceThatHoldsTheTagWhole) {
  const SharedUnit piece = make_unit(file_, UnitKind::other);
  ASSERT_TRUE(parser_.feed(piece));
  const auto first = parser_.poll();
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->bytes.data(), piece->bytes.data() + kFileHeaderBytes);
  EXPECT_EQ((*first)->owner, piece->owner);
}

TEST_F(ParserTest, KeepsNoMemoryOfATagThatIsOver) {
  ASSERT_TRUE(parser_.feed(ByteView(file_).first(kFileHeaderBytes)));
  std::weak_ptr<const void> memory;
  {
    const SharedUnit piece = make_unit(tags_[0], UnitKind::other);
    memory = piece->owner;
    ASSERT_TRUE(parser_.feed(piece));
    ASSERT_TRUE(parser_.poll());
  }
  EXPECT_TRUE(memory.expired());
}

TEST_F(ParserTest, FillsTheFieldsOfUnits) {
  const std::vector<Bytes> tags{maker_.avc_config(), maker_.key(1000, 50, 80), maker_.disposable(1040),
                                maker_.audio(1041), maker_.metadata()};
  ASSERT_TRUE(parser_.feed(test::flv_file(tags)));
  const auto config = *parser_.poll();
  const auto key = *parser_.poll();
  const auto disposable = *parser_.poll();
  const auto audio = *parser_.poll();
  const auto script = *parser_.poll();
  EXPECT_EQ(config->kind, UnitKind::config);
  EXPECT_EQ(config->track, 9);
  EXPECT_EQ(key->kind, UnitKind::key);
  EXPECT_EQ(key->dts, std::chrono::milliseconds(1000));
  EXPECT_EQ(key->pts, std::chrono::milliseconds(1080));
  EXPECT_FALSE(key->disposable);
  EXPECT_EQ(disposable->kind, UnitKind::delta);
  EXPECT_TRUE(disposable->disposable);
  EXPECT_EQ(audio->kind, UnitKind::audio);
  EXPECT_EQ(audio->track, 8);
  EXPECT_EQ(script->kind, UnitKind::script);
  EXPECT_EQ(script->track, 18);
}

TEST_F(ParserTest, TakesTheCaptureTimeOfThePieceInWhichATagBegins) {
  const auto piece = [&](std::size_t from, std::size_t size, int seconds) {
    auto unit = std::make_shared<Unit>(*make_unit(Bytes(file_.begin() + static_cast<std::ptrdiff_t>(from),
                                                        file_.begin() + static_cast<std::ptrdiff_t>(from + size)),
                                                  UnitKind::other));
    unit->captured = UtcTime(std::chrono::seconds(seconds));
    return SharedUnit(unit);
  };
  const std::size_t middle = kFileHeaderBytes + tags_[0].size() + 5;
  ASSERT_TRUE(parser_.feed(piece(0, middle, 1)));
  ASSERT_TRUE(parser_.feed(piece(middle, file_.size() - middle, 2)));
  EXPECT_EQ((*parser_.poll())->captured, UtcTime(std::chrono::seconds(1)));
  EXPECT_EQ((*parser_.poll())->captured, UtcTime(std::chrono::seconds(1))) << "cut in the middle";
  EXPECT_EQ((*parser_.poll())->captured, UtcTime(std::chrono::seconds(2)));
}

TEST_F(ParserTest, ToleratesTrailersOfZero) {
  Bytes file = test::flv_file(std::span(tags_).first(1));
  std::fill(file.end() - 4, file.end(), std::byte{0});
  EXPECT_TRUE(parser_.feed(file));
  EXPECT_TRUE(parser_.poll());
}

TEST_F(ParserTest, RefusesATrailerThatSaysAnotherSize) {
  Bytes file = test::flv_file(std::span(tags_).first(2));
  file.back() ^= std::byte{1};
  EXPECT_EQ(parser_.feed(file).error(), Errc::malformed);
  EXPECT_EQ(poll_all(parser_).size(), 1u) << "what came before the error is still there";
}

TEST_F(ParserTest, GivesTheSameErrorForEver) {
  EXPECT_EQ(parser_.feed(as_bytes("GIF89a")).error(), Errc::wrong_type);
  EXPECT_EQ(parser_.feed(file_).error(), Errc::wrong_type);
  EXPECT_FALSE(parser_.poll());
}

TEST_F(ParserTest, KnowsForeignBytesByTheFirstOne) {
  EXPECT_TRUE(Parser().feed(as_bytes("FL")));
  EXPECT_EQ(Parser().feed(as_bytes("G")).error(), Errc::wrong_type);
  Parser second;
  ASSERT_TRUE(second.feed(as_bytes("F")));
  EXPECT_EQ(second.feed(as_bytes("W")).error(), Errc::wrong_type);
}

TEST_F(ParserTest, SkipsALongerFileHeader) {
  Bytes file = file_header(true, true);
  file[8] = std::byte{20};
  file.insert(file.begin() + 9, 11, std::byte{0xee});
  file.insert(file.end(), tags_[0].begin(), tags_[0].end());
  for (const std::byte byte : file) ASSERT_TRUE(parser_.feed(ByteView(&byte, 1)));
  EXPECT_TRUE(parser_.poll());
  EXPECT_EQ(parser_.whole_bytes(), file.size());
}

TEST_F(ParserTest, RefusesAbsurdFileHeaders) {
  Bytes shorter = file_header(true, true);
  shorter[8] = std::byte{8};
  EXPECT_EQ(Parser().feed(shorter).error(), Errc::malformed);
  Bytes longer = file_header(true, true);
  longer[5] = std::byte{0xff};
  EXPECT_EQ(Parser().feed(longer).error(), Errc::too_large);
  Bytes trailer = file_header(true, true);
  trailer.back() = std::byte{1};
  EXPECT_EQ(Parser().feed(trailer).error(), Errc::malformed);
}

TEST_F(ParserTest, RefusesALengthOverItsLimitBeforeTheDataCome) {
  Parser parser({.max_tag_bytes = 1000});
  const Bytes tag = maker_.key(0, 5000);
  ASSERT_TRUE(parser.feed(file_header(true, true)));
  EXPECT_EQ(parser.feed(ByteView(tag).first(kTagHeaderBytes)).error(), Errc::too_large);
}

TEST_F(ParserTest, TakesATagOfExactlyItsLimit) {
  Parser parser({.max_tag_bytes = 1000});
  ASSERT_TRUE(parser.feed(file_header(true, true)));
  EXPECT_TRUE(parser.feed(make_tag(TagType::audio, 0, Bytes(1000))));
  EXPECT_TRUE(parser.poll());
}

TEST_F(ParserTest, KnowsWhetherItStandsBetweenTags) {
  EXPECT_FALSE(parser_.at_boundary());
  ASSERT_TRUE(parser_.feed(ByteView(file_).first(kFileHeaderBytes)));
  EXPECT_TRUE(parser_.header_seen());
  EXPECT_TRUE(parser_.at_boundary());
  ASSERT_TRUE(parser_.feed(ByteView(file_).subspan(kFileHeaderBytes, 3)));
  EXPECT_FALSE(parser_.at_boundary());
  EXPECT_EQ(parser_.whole_bytes(), kFileHeaderBytes);
}

TEST_F(ParserTest, StopsAtASecondFileHeader) {
  ASSERT_TRUE(parser_.feed(file_));
  EXPECT_EQ(parser_.feed(file_).error(), Errc::malformed);
}

TEST_F(ParserTest, ReadsARealFile) {
  const auto file = test::test_media("bbb.flv");
  if (!file) GTEST_SKIP() << "bbb.flv is not here";
  ASSERT_TRUE(parser_.feed(*file));
  EXPECT_TRUE(parser_.at_boundary());
  std::size_t keys = 0, configs = 0, audio = 0, video = 0;
  while (const auto unit = parser_.poll()) {
    keys += (*unit)->kind == UnitKind::key ? 1 : 0;
    configs += (*unit)->kind == UnitKind::config ? 1 : 0;
    audio += (*unit)->kind == UnitKind::audio ? 1 : 0;
    video += (*unit)->track == 9 ? 1 : 0;
  }
  EXPECT_EQ(configs, 2u);
  EXPECT_GE(keys, 1u);
  EXPECT_GT(audio, 400u) << "10 s of 1024 samples at 44.1 kHz";
  EXPECT_GT(video, 250u) << "10 s at 25 fps";
}

}  // namespace
}  // namespace camspan::flv
