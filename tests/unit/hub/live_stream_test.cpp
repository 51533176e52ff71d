#include "hub/live_stream.hpp"

#include <gtest/gtest.h>

#include "hub/live_directory.hpp"
#include "proto/flv/tag.hpp"
#include "support/flv_maker.hpp"

namespace camspan::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::tag_unit;

constexpr UtcTime kStart{milliseconds(1'800'000'000'000)};

std::string describe(const Unit& unit) {
  if (as_text(unit.bytes).starts_with("FLV")) return "header";
  const auto info = flv::inspect(unit.bytes).value();
  const char* const kinds[] = {"config", "key", "delta", "audio", "script", "other"};
  const std::string kind = kinds[static_cast<int>(unit.kind)];
  return unit.kind == UnitKind::config || unit.kind == UnitKind::script ? kind
                                                                        : kind + std::to_string(info.timestamp_ms);
}

class LiveStreamTest : public testing::Test {
 protected:
  static flv::FanOut::Limits limits() {
    flv::FanOut::Limits limits;
    limits.max_bytes = 20'000;
    return limits;
  }

  /// A viewer that a test drains by hand.
  struct Viewer {
    explicit Viewer(LiveStream& stream) : viewer([this] { ++woken; }, [this] { aborted = true; }) {
      for (const SharedUnit& unit : stream.join(viewer)) opening += describe(*unit) + " ";
    }
    std::string take(std::size_t bytes = 1 << 20) {
      std::string text;
      for (const flv::SharedPiece& tag : viewer.take(bytes)) text += describe(*tag->unit) + " ";
      return text;
    }
    int woken = 0;
    bool aborted = false;
    flv::Viewer viewer;
    std::string opening;
  };

  void push(Bytes tag, const std::string& stream = "a") {
    stream_.push(stream, next_++, tag_unit(std::move(tag)), now_);
  }
  void begin(const std::string& stream = "a", UtcTime start = kStart) {
    next_ = 0;
    stream_.open(stream, start);
    push(maker_.metadata(), stream);
    push(maker_.avc_config(), stream);
    push(maker_.aac_config(), stream);
  }

  test::FlvMaker maker_;
  TimePoint now_{seconds(1000)};
  LiveStream stream_{limits()};
  std::uint64_t next_ = 0;
};

TEST_F(LiveStreamTest, IsLiveFromTheFirstTagToTheEndOfTheUpload) {
  EXPECT_FALSE(stream_.live());
  stream_.open("a", kStart);
  EXPECT_FALSE(stream_.live());
  push(maker_.metadata());
  EXPECT_TRUE(stream_.live());
  stream_.close("a", now_);
  EXPECT_FALSE(stream_.live());
}

TEST_F(LiveStreamTest, LateViewerGetsHeaderConfigAndAllSinceTheKeyFrame) {
  begin();
  push(maker_.key(0));
  push(maker_.delta(40));
  push(maker_.key(80));
  push(maker_.audio(85));
  push(maker_.delta(120));
  Viewer viewer(stream_);
  EXPECT_EQ(viewer.opening, "header script config config key80 audio85 delta120 ");
  push(maker_.delta(160));
  EXPECT_EQ(viewer.take(), "delta160 ");
  EXPECT_EQ(viewer.viewer.skipped(), 0u);
}

TEST_F(LiveStreamTest, ViewerBeforeTheFirstKeyFrameWaitsForIt) {
  begin();
  push(maker_.delta(0));
  Viewer viewer(stream_);
  EXPECT_EQ(viewer.opening, "header script config config ");
  push(maker_.delta(40));
  push(maker_.audio(45));
  push(maker_.key(80));
  push(maker_.delta(120));
  EXPECT_EQ(viewer.take(), "key80 delta120 ");
}

TEST_F(LiveStreamTest, StreamOfSoundAloneWaitsForNoKeyFrame) {
  stream_.open("a", kStart);
  push(maker_.aac_config());
  Viewer viewer(stream_);
  push(maker_.audio(0));
  EXPECT_EQ(viewer.take(), "audio0 ");
  for (std::uint32_t i = 1; i < 400; ++i) push(maker_.audio(i * 20, 200));
  EXPECT_GT(viewer.viewer.skipped(), 0u);
  EXPECT_FALSE(viewer.take().empty());
}

TEST_F(LiveStreamTest, TakesInRoundsOfWholeTags) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  for (std::uint32_t i = 1; i < 6; ++i) push(maker_.delta(i * 40, 400));
  EXPECT_EQ(viewer.take(1000), "delta40 delta80 ");
  EXPECT_EQ(viewer.take(1), "delta120 ");
  EXPECT_EQ(viewer.take(), "delta160 delta200 ");
  EXPECT_EQ(viewer.take(), "");
}

TEST_F(LiveStreamTest, SlowViewerSkipsToTheLastKeyFrameThatWaits) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  std::uint32_t time = 40;
  for (; time < 400; time += 40) push(maker_.delta(time, 1000));
  push(maker_.key(time, 2000));
  for (time += 40; viewer.viewer.skipped() == 0; time += 40) push(maker_.delta(time, 1000));
  EXPECT_EQ(viewer.viewer.skipped(), 9u);
  EXPECT_TRUE(viewer.take().starts_with("key400 delta440 "));
}

TEST_F(LiveStreamTest, SlowViewerWithoutAKeyFrameInTheQueueWaitsForTheNext) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  std::uint32_t time = 40;
  for (; viewer.viewer.skipped() == 0; time += 40) push(maker_.delta(time, 1000));
  push(maker_.audio(time));
  EXPECT_EQ(viewer.take(), "");
  push(maker_.key(time));
  push(maker_.audio(time + 5));
  EXPECT_EQ(viewer.take(), "key" + std::to_string(time) + " audio" + std::to_string(time + 5) + " ");
}

TEST_F(LiveStreamTest, ATagThatWaitsTooLongCountsAsSlow) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  push(maker_.delta(40, 10));
  now_ += seconds(4);
  push(maker_.delta(80, 10));
  EXPECT_EQ(viewer.viewer.skipped(), 0u);
  now_ += milliseconds(1);
  push(maker_.delta(120, 10));
  EXPECT_EQ(viewer.viewer.skipped(), 3u);
}

TEST_F(LiveStreamTest, SkippingKeepsTheNewestConfiguration) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  push(maker_.delta(40, 9000));
  push(maker_.avc_config(80, 1));
  push(maker_.avc_config(80, 2));
  push(maker_.delta(120, 9000));
  push(maker_.delta(160, 9000));
  push(maker_.key(200));
  EXPECT_EQ(viewer.take(), "config key200 ");
}

TEST_F(LiveStreamTest, AViewerThatTakesNothingHasABoundedQueueWhateverComes) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  for (int i = 0; i < 5000; ++i) push(maker_.avc_config(0, static_cast<std::uint8_t>(i)));
  std::size_t waiting = 0;
  for (const flv::SharedPiece& tag : viewer.viewer.take(1 << 30)) waiting += tag->unit->bytes.size();
  EXPECT_LE(waiting, limits().max_bytes);
}

TEST_F(LiveStreamTest, OneTagLargerThanTheBoundGetsThrough) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  push(maker_.key(40, 50'000));
  EXPECT_EQ(viewer.take(), "key40 ");
}

TEST_F(LiveStreamTest, OneSlowViewerDoesNotTouchTheOthers) {
  begin();
  push(maker_.key(0));
  Viewer slow(stream_);
  Viewer quick(stream_);
  std::size_t taken = 0;
  for (std::uint32_t i = 1; i <= 100; ++i) {
    push(maker_.delta(i * 40, 1000));
    taken += quick.viewer.take(1 << 20).size();
  }
  EXPECT_EQ(taken, 100u);
  EXPECT_GT(slow.viewer.skipped(), 0u);
  EXPECT_EQ(quick.viewer.skipped(), 0u);
}

TEST_F(LiveStreamTest, DropsAViewerWhoseWriteDoesNotEnd) {
  begin();
  push(maker_.key(0));
  Viewer stuck(stream_);
  Viewer idle(stream_);
  stuck.viewer.writing(now_);
  now_ += seconds(10);
  stream_.tick(now_);
  EXPECT_FALSE(stuck.aborted);
  now_ += milliseconds(1);
  stream_.tick(now_);
  EXPECT_TRUE(stuck.aborted);
  EXPECT_FALSE(idle.aborted);
  EXPECT_TRUE(stuck.viewer.removal() == flv::Removal::timeout);
  EXPECT_FALSE(idle.viewer.removal() == flv::Removal::timeout);
  EXPECT_EQ(stream_.viewers(), 1u);
  push(maker_.delta(40));
  EXPECT_TRUE(stuck.viewer.empty());
}

TEST_F(LiveStreamTest, DeviceThatComesBackWithTheSameStreamGoesOnBeforeTheSameViewers) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  stream_.close("a", now_);
  now_ += seconds(9);
  stream_.tick(now_);
  EXPECT_FALSE(viewer.viewer.finished());
  stream_.open("a", kStart + seconds(9));
  stream_.push_head("a", tag_unit(maker_.metadata()), now_);
  stream_.push_head("a", tag_unit(maker_.avc_config()), now_);
  stream_.push("a", 3, tag_unit(maker_.key(0)), now_);
  stream_.push("a", 4, tag_unit(maker_.delta(40)), now_);
  EXPECT_EQ(viewer.take(), "delta40 ");
  EXPECT_TRUE(stream_.live());
}

TEST_F(LiveStreamTest, StreamThatDoesNotComeBackEndsInOrder) {
  begin();
  push(maker_.key(0));
  Viewer viewer(stream_);
  push(maker_.delta(40));
  stream_.close("a", now_);
  now_ += seconds(10);
  stream_.tick(now_);
  EXPECT_FALSE(viewer.viewer.finished());
  EXPECT_EQ(viewer.take(), "delta40 ");
  EXPECT_TRUE(viewer.viewer.finished());
  EXPECT_FALSE(viewer.aborted);
  EXPECT_TRUE(stream_.idle());
}

TEST_F(LiveStreamTest, NewStreamEndsTheViewersOfTheOldOne) {
  begin("a");
  push(maker_.key(0));
  Viewer viewer(stream_);
  begin("b", kStart + seconds(1));
  EXPECT_TRUE(viewer.viewer.finished());
  push(maker_.key(0), "b");
  Viewer next(stream_);
  EXPECT_EQ(next.opening, "header script config config key0 ");
}

TEST_F(LiveStreamTest, OlderMediaThatFollowAreNotShown) {
  begin("live");
  push(maker_.key(0), "live");
  Viewer viewer(stream_);
  stream_.open("spool", kStart - seconds(60));
  stream_.push("spool", 0, tag_unit(maker_.key(5)), now_);
  EXPECT_EQ(viewer.take(), "");
  EXPECT_FALSE(viewer.viewer.finished());
  stream_.close("spool", now_);
  EXPECT_TRUE(stream_.live());
}

TEST_F(LiveStreamTest, SpoolDoesNotTakeOverWhileTheLiveStreamIsAwayForAMoment) {
  begin("live");
  push(maker_.key(0), "live");
  Viewer viewer(stream_);
  stream_.open("spool", kStart - seconds(60));
  stream_.close("live", now_);
  stream_.push("spool", 0, tag_unit(maker_.key(5)), now_);
  EXPECT_FALSE(stream_.live());
  stream_.open("live", kStart + seconds(3));
  stream_.push("live", 4, tag_unit(maker_.delta(40)), now_);
  EXPECT_EQ(viewer.take(), "delta40 ");
}

TEST_F(LiveStreamTest, WhatIsLeftOfTwoIsShownWithItsConfiguration) {
  begin("a");
  push(maker_.key(0), "a");
  begin("b", kStart + seconds(1));
  stream_.close("b", now_);
  now_ += seconds(10);
  stream_.tick(now_);
  stream_.push("a", 4, tag_unit(maker_.key(400)), now_);
  Viewer viewer(stream_);
  EXPECT_EQ(viewer.opening, "header script config config key400 ");
}

TEST_F(LiveStreamTest, FramesEachTagOnceForWebSockets) {
  const flv::SharedPiece tag = frame(tag_unit(maker_.key(0, 2000)));
  EXPECT_EQ(tag->prefix.size(), 4u);
  EXPECT_EQ(std::to_integer<int>(tag->prefix[0]), 0x82);
  EXPECT_EQ(load_be<2>(&tag->prefix[2]), tag->unit->bytes.size());
}

TEST(LiveDirectoryTest, ForgetsStreamsThatNobodyNeeds) {
  LiveDirectory directory({});
  const auto cam = DeviceId::parse("cam1").value();
  EXPECT_EQ(directory.find(cam, 0), nullptr);
  TimePoint now{seconds(1)};
  directory.get(cam, 0).open("a", kStart);
  directory.get(cam, 1).open("b", kStart);
  directory.tick(now);
  ASSERT_NE(directory.find(cam, 0), nullptr);
  directory.get(cam, 0).close("a", now);
  directory.tick(now + LiveStream::kGrace);
  EXPECT_EQ(directory.find(cam, 0), nullptr);
  EXPECT_NE(directory.find(cam, 1), nullptr);
}

}  // namespace
}  // namespace camspan::hub
