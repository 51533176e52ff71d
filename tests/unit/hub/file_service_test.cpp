/// Files by the file service of Link Kit: in parts, over several connections, over several runs of the hub.
#include "hub/file_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hub_under_uploads.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::H2Frames;
using test::LinkDevice;
using testing::ElementsAre;
using testing::MatchesRegex;
using testing::Pair;

class FileServiceTest : public HubUnderUploads {};

TEST_F(FileServiceTest, StoresAFileInPartsAndGivesItsChecksum) {
  start();
  LinkDevice device(address());
  const std::string bytes = content(300'000);
  const auto opened = begin(device, "test1.zip");
  EXPECT_THAT(
      opened.fields,
      ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_), Pair("x-next-append-position", "0"),
                  Pair("x-file-upload-id", MatchesRegex("ULDS[1-9][0-9]{18}")),
                  Pair("x-data-stream-id", MatchesRegex("DS[1-9][0-9]{18}")), Pair("x-response-status", "200")));
  for (std::size_t at = 0; at < bytes.size(); at += 100'000) {
    const auto sent = send_part(device, opened, bytes.substr(at, 100'000));
    EXPECT_THAT(sent.fields,
                ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_),
                            Pair("x-next-append-position", std::to_string(at + 100'000)),
                            Pair("x-data-stream-id", channel_of(opened)), Pair("x-response-status", "200")));
  }
  EXPECT_EQ(file("test1.zip"), "") << "it has its name when it is closed";
  const auto closed = close_file(device, opened, {{"x-file-crc64ecma", checksum_of(bytes)}});
  EXPECT_THAT(closed.fields,
              ElementsAre(Pair(":status", "200"), Pair("x-request-id", testing::_),
                          Pair("x-file-crc64ecma", checksum_of(bytes)), Pair("x-file-store-id", MatchesRegex("[0-9]+")),
                          Pair("x-data-stream-id", channel_of(opened)), Pair("x-response-status", "200")));
  EXPECT_TRUE(file("test1.zip") == bytes);
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(send_part(device, opened, "more").status(), 404) << "the channel is over";
}

TEST_F(FileServiceTest, KeepsAnEmptyFileAndEmptyMessages) {
  start();
  LinkDevice device(address());
  const auto opened = begin(device, "empty");
  EXPECT_EQ(position_of(send_part(device, opened, "")), 0);
  const auto closed = close_file(device, opened);
  EXPECT_EQ(closed.field("x-file-crc64ecma"), "0");
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(files()[0].filename(), "empty");
}

TEST_F(FileServiceTest, OverwritesOnlyWhereItIsAsked) {
  start();
  LinkDevice device(address());
  const auto first = begin(device, "a.bin");
  send_part(device, first, "the first");
  EXPECT_EQ(close_file(device, first).status(), 200);
  const auto refused = begin(device, "a.bin");
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.field("camspan-problem"), "file-exists");
  EXPECT_EQ(open_file(device, {{"x-file-name", "a.bin"}, {"x-file-overwrite", "0"}}).status(), 409);

  const auto second = open_file(device, {{"x-file-name", "a.bin"}, {"x-file-overwrite", "1"}});
  send_part(device, second, "the second");
  EXPECT_EQ(file("a.bin"), "the first") << "until the other is whole";
  const auto closed = close_file(device, second);
  EXPECT_EQ(closed.status(), 200);
  EXPECT_EQ(file("a.bin"), "the second");
  EXPECT_EQ(resume(device, id_of(first)).status(), 404) << "its file is gone";
}

TEST_F(FileServiceTest, ANameThatWasTakenMeanwhileIsFoundAtTheEnd) {
  start();
  LinkDevice device(address());
  const auto one = begin(device, "a"), other = begin(device, "a");
  send_part(device, one, "one");
  send_part(device, other, "other");
  EXPECT_EQ(close_file(device, one).status(), 200);
  EXPECT_EQ(close_file(device, other).field("camspan-problem"), "file-exists");
  EXPECT_EQ(file("a"), "one");
  EXPECT_EQ(position_of(resume(device, id_of(other))), 5) << "nothing is lost";
}

TEST_F(FileServiceTest, APartThatIsResetKeepsWhatCame) {
  start();
  LinkDevice device(address());
  const std::string bytes = content(500'000);
  const auto opened = begin(device, "a.bin");
  send_part(device, opened, bytes.substr(0, 100'000));
  const auto broken = begin_part(device, opened, bytes.substr(100'000, 50'000), 400'000);
  device.send(H2Frames().reset(broken, 8));
  // What follows on the channel does not know how far it came.
  wait_for([&] { return send_part(device, opened, "x").field("camspan-problem") == "incomplete"; });
  EXPECT_EQ(close_file(device, opened).field("camspan-problem"), "incomplete");
  const auto again = resume(device, id_of(opened));
  ASSERT_EQ(position_of(again), 150'000);
  EXPECT_EQ(id_of(again), id_of(opened));
  EXPECT_EQ(position_of(send_part(device, again, bytes.substr(150'000))), 500'000);
  EXPECT_EQ(close_file(device, again).field("x-file-crc64ecma"), checksum_of(bytes));
  EXPECT_TRUE(file("a.bin") == bytes);
}

TEST_F(FileServiceTest, GoesOnAfterAConnectionIsLost) {
  start();
  const std::string bytes = content(1'000'000);
  std::string id;
  {
    LinkDevice device(address());
    const auto opened = begin(device, "a.bin");
    id = id_of(opened);
    begin_part(device, opened, bytes.substr(0, 700'000), bytes.size());
    device.disconnect();
    device.wait_for_end();
  }
  LinkDevice device(address());
  Answer again;
  wait_for([&] { return (again = resume(device, id)).status() == 200; });
  const int position = position_of(again);
  ASSERT_EQ(position, 700'000);
  send_part(device, again, bytes.substr(static_cast<std::size_t>(position)));
  EXPECT_EQ(close_file(device, again).field("x-file-crc64ecma"), checksum_of(bytes));
  EXPECT_TRUE(file("a.bin") == bytes);
}

TEST_F(FileServiceTest, GoesOnInAnotherRunOfTheHub) {
  start();
  const std::string bytes = content(400'000);
  std::string id;
  {
    LinkDevice device(address());
    const auto opened = begin(device, "a.bin");
    id = id_of(opened);
    send_part(device, opened, bytes.substr(0, 200'000));
    begin_part(device, opened, bytes.substr(200'000, 50'000), 200'000);
    wait_for([this] {
      const auto all = files();
      return all.size() == 1;
    });
    stop();
  }
  // As a kill leaves it: bytes of which nobody knows whether they are whole, and parts of which nobody knows at all.
  const auto folder = folder_.path() / "data" / "files" / kDevice;
  std::ofstream(folder / (id + ".part"), std::ios::app | std::ios::binary) << std::string(1000, 'x');
  std::ofstream(folder / "b.bin.01020304.part") << "left behind";
  restart();
  LinkDevice device(address());
  const auto again = resume(device, id);
  const int position = position_of(again);
  ASSERT_GE(position, 200'000);
  ASSERT_LE(position, 250'000);
  send_part(device, again, bytes.substr(static_cast<std::size_t>(position)));
  EXPECT_EQ(close_file(device, again).field("x-file-crc64ecma"), checksum_of(bytes));
  EXPECT_TRUE(file("a.bin") == bytes);
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(FileServiceTest, FindsAFileThatGotItsNameJustBeforeAKill) {
  start();
  LinkDevice before(address());
  const auto opened = begin(before, "a.bin");
  send_part(before, opened, "whole");
  stop();
  const auto folder = folder_.path() / "data" / "files" / kDevice;
  std::filesystem::rename(folder / (id_of(opened) + ".part"), folder / "a.bin");
  restart();
  LinkDevice device(address());
  const auto again = resume(device, id_of(opened));
  EXPECT_EQ(position_of(again), 5);
  EXPECT_EQ(close_file(device, again).field("x-file-crc64ecma"), checksum_of("whole"));
  EXPECT_EQ(file("a.bin"), "whole");
}

TEST_F(FileServiceTest, AClosedFileCanGrow) {
  start();
  LinkDevice device(address());
  const auto opened = begin(device, "log.txt");
  send_part(device, opened, "first half, ");
  const auto half = close_file(device, opened);
  EXPECT_EQ(file("log.txt"), "first half, ");
  const auto again = resume(device, id_of(opened));
  EXPECT_EQ(position_of(again), 12);
  send_part(device, again, "second half");
  const auto whole = close_file(device, again);
  EXPECT_EQ(whole.field("x-file-crc64ecma"), checksum_of("first half, second half"));
  EXPECT_EQ(whole.field("x-file-store-id"), half.field("x-file-store-id"));
  EXPECT_EQ(file("log.txt"), "first half, second half");
  // Asked again, it says the same again: the answer may have been lost.
  const auto asked = resume(device, id_of(opened));
  EXPECT_EQ(close_file(device, asked).fields.at(2), whole.fields.at(2));
  std::ofstream(folder_.path() / "data" / "files" / kDevice / "log.txt") << "by another hand";
  EXPECT_EQ(resume(device, id_of(opened)).status(), 404);
  EXPECT_EQ(file("log.txt"), "by another hand");
}

TEST_F(FileServiceTest, AWrongChecksumStoresNothingAndBeginsAnew) {
  start();
  LinkDevice device(address());
  const auto opened = begin(device, "a.bin");
  send_part(device, opened, "these bytes");
  EXPECT_EQ(close_file(device, opened, {{"x-file-crc64ecma", "x"}}).status(), 400);
  const auto again = resume(device, id_of(opened));
  EXPECT_EQ(position_of(again), 11);
  const auto wrong = close_file(device, again, {{"x-file-crc64ecma", checksum_of("other bytes")}});
  EXPECT_EQ(wrong.status(), 400);
  EXPECT_EQ(wrong.field("camspan-problem"), "wrong-checksum");
  EXPECT_EQ(file("a.bin"), "");
  const auto third = resume(device, id_of(opened));
  EXPECT_EQ(position_of(third), 0);
  send_part(device, third, "other bytes");
  EXPECT_EQ(close_file(device, third, {{"x-file-crc64ecma", checksum_of("other bytes")}}).status(), 200);
  EXPECT_EQ(file("a.bin"), "other bytes");
}

TEST_F(FileServiceTest, AQuerySaysHowFarTheFileIs) {
  start();
  LinkDevice device(address());
  const auto opened = begin(device, "a.bin");
  send_part(device, opened, "these bytes");
  const auto query = device.request("GET", file_path("send"), on_channel(channel_of(opened)), true);
  EXPECT_EQ(position_of(device.head(query)), 11);
  EXPECT_EQ(close_file(device, opened).status(), 200);
  EXPECT_TRUE(device.has_ended(query));
}

TEST_F(FileServiceTest, WhatNobodyGoesOnWithIsForgotten) {
  Config config;
  config.limits.upload_keep = std::chrono::milliseconds(1);
  start(config);
  {
    LinkDevice device(address());
    const auto opened = begin(device, "a.bin");
    send_part(device, opened, "these bytes");
    const auto closed = begin(device, "b.bin");
    close_file(device, closed);
    device.disconnect();
    device.wait_for_end();
    LinkDevice other(address());
    wait_for([&] { return resume(other, id_of(opened)).status() == 404; });
    EXPECT_EQ(resume(other, id_of(closed)).status(), 404);
  }
  EXPECT_EQ(files().size(), 2u);
  restart(config);
  wait_for([this] { return files().size() == 1; });
  EXPECT_EQ(files()[0].filename(), "b.bin") << "a file that was closed stays";
}

}  // namespace
}  // namespace camspan::hub
