#include "proto/rtc/device_command.hpp"

#include <gtest/gtest.h>

namespace camspan::rtc {
namespace {

template <class Command>
Command read(const std::string& text) {
  const auto command = parse_device_command(text);
  if (!command || !std::holds_alternative<Command>(*command)) {
    ADD_FAILURE() << text;
    return {};
  }
  return std::get<Command>(*command);
}

const std::string kInner = "action=inner_define&channel=0&cmd=";

TEST(DeviceCommandTest, ReadsWhatTheVendorsViewersAsk) {
  EXPECT_FALSE(read<DeviceStatus>(kInner + "get_device_st&type=live&quality=standard").voice);
  EXPECT_TRUE(read<DeviceStatus>(kInner + "get_device_st&type=voice").voice);
  EXPECT_EQ(read<DeviceStatus>("action=inner_define&channel=3&cmd=get_device_st").channel, 3u);
  read<ViewerStats>(kInner + "get_stats");
  read<NvrList>(kInner + "get_nvr_list");
  const auto index = read<RecordIndex>(kInner + "get_record_index&start_time=100&end_time=200");
  EXPECT_EQ(index.start_s, 100u);
  EXPECT_EQ(index.end_s, 200u);
  const auto month = read<MonthRecord>(kInner + "get_month_record&time=202611");
  EXPECT_EQ(month.year, 2026u);
  EXPECT_EQ(month.month, 11u);
  EXPECT_TRUE(read<FileList>(kInner + "get_file_list&start_time=1&end_time=2&file_type=1").pictures);
  EXPECT_FALSE(read<FileList>(kInner + "get_file_list&start_time=1&end_time=2&file_type=0").pictures);
}

TEST(DeviceCommandTest, ReadsLeniently) {
  EXPECT_EQ(read<MonthRecord>(kInner + "get_month_record&time=202611}").month, 11u);
  read<DeviceStatus>("ipc.flv?" + kInner + "get_device_st");
}

TEST(DeviceCommandTest, LeavesTheRestToTheProgram) {
  read<UserCommand>("action=user_define&channel=0&cmd=ptz_left");
  read<UserCommand>("anything");
  read<UserCommand>("");
  read<UserCommand>(std::string("\0\1", 2));
  EXPECT_EQ(read<OtherInner>(kInner + "playback_pause").cmd, "playback_pause");
}

TEST(DeviceCommandTest, RefusesTimesThatCannotBe) {
  for (const char* wrong : {"get_record_index", "get_record_index&start_time=9&end_time=8", "get_month_record",
                            "get_month_record&time=202613", "get_month_record&time=202600", "get_month_record&time=x",
                            "get_month_record&time=99999999999999999999", "get_file_list&start_time=1"})
    EXPECT_FALSE(parse_device_command(kInner + wrong)) << wrong;
}

}  // namespace
}  // namespace camspan::rtc
