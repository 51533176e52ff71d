#include "hub/status_board.hpp"

#include <gtest/gtest.h>

namespace camspan::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateMeterTest, AveragesOverFiveSeconds) {
  RateMeter meter;
  const TimePoint start{seconds(1000)};
  for (int i = 0; i < 50; ++i) meter.add(1000, start + milliseconds(100 * i));
  EXPECT_EQ(meter.bits_per_second(start + milliseconds(4900)), 80'000u);
  EXPECT_EQ(meter.bits_per_second(start + seconds(7)), 32'000u);
  EXPECT_EQ(meter.bits_per_second(start + seconds(10)), 0u);
}

class StatusBoardTest : public testing::Test {
 protected:
  StatusBoardTest() {
    board_.on_device = [this](const DeviceId&) { ++devices_told_; };
    board_.on_recording = [this](const DeviceId&) { ++recordings_told_; };
  }

  UtcTime utc_{seconds(1'800'000'000)};
  TimePoint now_{seconds(1000)};
  StatusBoard board_{[this] { return utc_; }};
  int devices_told_ = 0;
  int recordings_told_ = 0;
  DeviceId cam_ = DeviceId::parse("cam1").value();
};

TEST_F(StatusBoardTest, OnlineIsAnUploadAndLiveIsMedia) {
  EXPECT_FALSE(board_.of(cam_).online());
  board_.upload_began(cam_);
  EXPECT_TRUE(board_.of(cam_).online());
  EXPECT_FALSE(board_.of(cam_).live());
  utc_ += seconds(1);
  board_.media_began(cam_);
  EXPECT_TRUE(board_.of(cam_).live());
  EXPECT_EQ(board_.of(cam_).since, utc_);
  EXPECT_EQ(devices_told_, 2);
}

TEST_F(StatusBoardTest, SecondUploadChangesNothingForViewers) {
  board_.upload_began(cam_);
  board_.media_began(cam_);
  board_.upload_began(cam_);
  board_.media_began(cam_);
  const int told = devices_told_;
  const auto since = board_.of(cam_).since;
  utc_ += seconds(5);
  board_.upload_ended(cam_, true);
  EXPECT_TRUE(board_.of(cam_).live());
  EXPECT_EQ(devices_told_, told);
  EXPECT_EQ(board_.of(cam_).since, since);
  board_.upload_ended(cam_, true);
  EXPECT_FALSE(board_.of(cam_).online());
  EXPECT_FALSE(board_.of(cam_).live());
  EXPECT_EQ(board_.of(cam_).last_seen, utc_);
  EXPECT_EQ(devices_told_, told + 1);
}

TEST_F(StatusBoardTest, CountsViewersOfEachAndOfAll) {
  const auto other = DeviceId::parse("cam2").value();
  board_.viewer_came(cam_);
  board_.viewer_came(cam_);
  board_.viewer_came(other);
  EXPECT_EQ(board_.of(cam_).viewers, 2u);
  EXPECT_EQ(board_.viewers(), 3u);
  board_.viewer_left(cam_);
  EXPECT_EQ(board_.of(cam_).viewers, 1u);
  EXPECT_EQ(board_.viewers(), 2u);
}

TEST_F(StatusBoardTest, TellsTheRateAtMostEveryFiveSeconds) {
  board_.upload_began(cam_);
  devices_told_ = 0;
  for (int i = 0; i < 10; ++i) {
    board_.bytes_came(cam_, static_cast<std::size_t>(10'000 + i), now_);
    board_.tick(now_);
    now_ += seconds(1);
  }
  EXPECT_EQ(devices_told_, 2);
  EXPECT_GT(board_.of(cam_).bitrate, 60'000u);
}

TEST_F(StatusBoardTest, TellsThatRecordingGrowsAtMostEveryFiveSeconds) {
  for (int i = 0; i < 10; ++i) {
    board_.set_recorded(cam_, RecordedRange{utc_, utc_ + seconds(i), 100u * static_cast<unsigned>(i)}, now_);
    board_.tick(now_);
    now_ += seconds(1);
  }
  EXPECT_EQ(recordings_told_, 2);
  board_.set_recorded(cam_, std::nullopt, now_);
  board_.tick(now_);
  EXPECT_EQ(recordings_told_, 3);
}

TEST_F(StatusBoardTest, ForgettingADeviceKeepsTheCountOfWhatStillRuns) {
  board_.upload_began(cam_);
  board_.viewer_came(cam_);
  board_.set_video(cam_, {"h264", 1, 1, 1});
  board_.forget(cam_);
  EXPECT_FALSE(board_.of(cam_).video);
  board_.upload_ended(cam_, false);
  board_.viewer_left(cam_);
  EXPECT_EQ(board_.of(cam_).uploads, 0u);
  EXPECT_EQ(board_.of(cam_).viewers, 0u);
}

}  // namespace
}  // namespace camspan::hub
