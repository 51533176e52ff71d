/// Pieces of a live stream that a camera kept while it was offline, sent by the file service.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hub_under_uploads.hpp"
#include "recordings/segment_file.hpp"
#include "support/faulty_files.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::LinkDevice;

class SpoolPieceTest : public HubUnderUploads {
 protected:
  static constexpr const char* kStream = "0e984725c51c4bf49960e1c80e27aba0";
  static constexpr const char* kStreamField = "0e984725-c51c-4bf4-9960-e1c80e27aba0";
  static constexpr std::int64_t kStartMs = 1'795'249'800'000;

  static std::string name_of(std::size_t first, std::int64_t start_ms = kStartMs) {
    return "spool_" + std::string(kStream) + "_" + std::to_string(first) + "_" + std::to_string(start_ms) + ".flv";
  }
  /// The tags from `from` on as a whole FLV: metadata and configuration before those that do not begin the stream.
  std::string piece(std::size_t from, std::size_t to) const {
    return flv_header() + (from > 0 ? part(0, 3) : std::string()) + part(from, to);
  }
  /// Sends a piece and closes it. @return the answer to the close
  Answer send_piece(LinkDevice& device, const std::string& name, const std::string& bytes) {
    last_ = begin(device, name);
    EXPECT_EQ(send_part(device, last_, bytes).status(), 200);
    return close_file(device, last_);
  }

  Answer last_;
};

TEST_F(SpoolPieceTest, BecomesPartOfTheRecordingByItsNumbers) {
  start();
  const std::string flv = film();
  const std::size_t middle = tags_.size() / 2;
  LinkDevice device(address());
  const auto first = send_piece(device, name_of(0), piece(0, middle));
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(first.field("x-file-crc64ecma"), checksum_of(piece(0, middle)));
  EXPECT_NE(first.field("x-file-store-id"), "");
  // It overlaps: what is stored already is skipped.
  EXPECT_EQ(send_piece(device, name_of(middle - 10, kStartMs + 900), piece(middle - 10, tags_.size())).status(), 200);
  EXPECT_EQ(contents(recording()), contents(flv));
  EXPECT_TRUE(files().empty()) << "the recording has it";
  // Sent once more, because its answer was lost: by its id, and from the beginning.
  const auto again = resume(device, id_of(last_));
  EXPECT_EQ(static_cast<std::size_t>(position_of(again)), piece(middle - 10, tags_.size()).size());
  EXPECT_EQ(close_file(device, again).status(), 200);
  EXPECT_EQ(send_piece(device, name_of(0), piece(0, middle)).status(), 200);
  EXPECT_EQ(contents(recording()), contents(flv));
}

TEST_F(SpoolPieceTest, FollowsWhatCameLive) {
  start();
  const std::string flv = film();
  const std::size_t middle = tags_.size() / 2;
  LinkDevice device(address());
  const auto live = device.request("POST", path("send"),
                                   on_channel(open(device), {{"content-type", "video/x-flv"},
                                                             {"camspan-stream", kStreamField},
                                                             {"camspan-start", "2026-11-21T08:30:00.000Z"}}),
                                   false);
  device.data(live, piece(0, middle), true);
  EXPECT_EQ(json::parse(device.answer(live).body)["committed"], middle);
  EXPECT_EQ(send_piece(device, name_of(middle), piece(middle, tags_.size())).status(), 200);
  EXPECT_EQ(contents(recording()), contents(flv));
}

TEST_F(SpoolPieceTest, WaitsForThePieceBeforeIt) {
  start();
  const std::string flv = film();
  const std::size_t middle = tags_.size() / 2;
  LinkDevice device(address());
  const auto early = send_piece(device, name_of(middle), piece(middle, tags_.size()));
  EXPECT_EQ(early.status(), 409);
  EXPECT_EQ(early.field("camspan-problem"), "gap");
  EXPECT_EQ(json::parse(early.body)["expected"], 0);
  const std::string id = id_of(last_);
  EXPECT_EQ(send_piece(device, name_of(0), piece(0, middle)).status(), 200);
  const auto again = resume(device, id);
  EXPECT_EQ(close_file(device, again).status(), 200);
  EXPECT_EQ(contents(recording()), contents(flv));
}

TEST_F(SpoolPieceTest, WhatIsNoFlvOrBrokenIsKeptForADayAndNotRecorded) {
  start();
  LinkDevice device(address());
  const auto text = send_piece(device, name_of(0), "no FLV at all");
  EXPECT_EQ(text.status(), 415);
  EXPECT_EQ(text.field("camspan-problem"), "not-flv");
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(position_of(resume(device, id_of(last_))), 13);
}

TEST_F(SpoolPieceTest, IsNotLostWhenTheRecordingFails) {
  test::FaultyFiles& faults = faulty_disk();
  start();
  const std::string flv = film();
  LinkDevice device(address());
  const auto opened = begin(device, name_of(0));
  send_part(device, opened, flv);
  faults.room = 1000;
  EXPECT_GE(close_file(device, opened).status(), 500);
  faults.room = test::FaultyFiles::kNoLimit;
  // The hub notices by itself that storing works again.
  wait_for([&] {
    LinkDevice later(address());
    const auto again = resume(later, id_of(opened));
    return close_file(later, again).status() == 200;
  });
  EXPECT_EQ(contents(recording()), contents(flv));
}

TEST_F(SpoolPieceTest, TheStampOfASegmentIsNoTagOfTheStream) {
  start();
  const std::string flv = film();
  recordings::Stamp stamp;
  stamp.stream = kStreamField;
  stamp.start = UtcTime(std::chrono::milliseconds(kStartMs));
  const auto stamp_tag = [&stamp] { return std::string(as_text(recordings::make_stamp(stamp))); };
  const std::size_t middle = tags_.size() / 2;
  LinkDevice device(address());
  EXPECT_EQ(send_piece(device, name_of(0), flv_header() + stamp_tag() + part(0, middle)).status(), 200);
  stamp.first = middle;
  stamp.head = 2;
  const std::string second = flv_header() + part(0, 1) + stamp_tag() + part(1, 3) + part(middle, tags_.size());
  EXPECT_EQ(send_piece(device, name_of(middle), second).status(), 200);
  EXPECT_EQ(contents(recording()), contents(flv));
}

}  // namespace
}  // namespace camspan::hub
