/// What the file service answers to what it should not be asked: the rows of h2-stream.md 6.2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hub_under_uploads.hpp"
#include "support/faulty_files.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::LinkDevice;

class FileServiceRefusalsTest : public HubUnderUploads {
 protected:
  static void expect_refusal(const Answer& answer, int status, const std::string& cause, const std::string& what) {
    SCOPED_TRACE(what);
    ASSERT_EQ(answer.status(), status);
    EXPECT_EQ(answer.field("camspan-problem"), cause);
    EXPECT_EQ(answer.fields.back(), std::pair(std::string("x-response-status"), std::to_string(status)));
    EXPECT_EQ(answer.fields[answer.fields.size() - 2].first, "x-data-stream-id");
    EXPECT_EQ(json::parse(answer.body, nullptr, false).value("code", 0), status);
  }
};

TEST_F(FileServiceRefusalsTest, Names) {
  start();
  LinkDevice device(address());
  for (const char* name :
       {"", ".", "..", ".a", "../a", "a/b", "/etc/passwd", "a\\b", "a b", "a-b", "%2e%2e", "_a", "a.part", "a\xc3\xa4"})
    expect_refusal(begin(device, name), 400, "bad-request", name);
  expect_refusal(begin(device, std::string(101, 'a')), 400, "bad-request", "101 bytes");
  expect_refusal(open_file(device, {}), 400, "bad-request", "neither name nor id");
  expect_refusal(open_file(device, {{"x-file-name", "a"}, {"x-file-upload-id", "ULDS1"}}), 400, "bad-request", "both");
  expect_refusal(open_file(device, {{"x-file-name", "a"}, {"x-file-name", "b"}}), 400, "bad-request", "two names");
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(begin(device, std::string(100, 'a')).status(), 200);
  EXPECT_EQ(device.answer(device.request("POST", file_path("open"), {{"x-file-name", "a"}}, true)).status(), 200)
      << "the connection has shown credentials";
  LinkDevice stranger(address());
  expect_refusal(stranger.answer(stranger.request("POST", file_path("open"), {{"x-file-name", "a"}}, true)), 401,
                 "bad-credentials", "no credentials");
}

TEST_F(FileServiceRefusalsTest, RefusedOpensLeaveNoChannels) {
  Config config;
  config.limits.channels_per_connection = 2;
  start(config);
  LinkDevice device(address());
  for (int i = 0; i < 5; ++i) expect_refusal(begin(device, ".."), 400, "bad-request", "open");
  EXPECT_EQ(begin(device, "a").status(), 200);
  EXPECT_EQ(begin(device, "b").status(), 200);
  expect_refusal(begin(device, "c"), 429, "max-channels", "a third");
}

TEST_F(FileServiceRefusalsTest, UploadIds) {
  start();
  LinkDevice device(address()), elsewhere(address()), stranger(address());
  const auto opened = begin(device, "a.bin");
  const auto other = begin(device, "b.bin");
  send_part(device, opened, "some");
  for (const char* id : {"ULDS1", "a", "../../a", "a b"}) expect_refusal(resume(device, id), 404, "unknown-upload", id);
  expect_refusal(resume(device, std::string(40, 'a')), 404, "unknown-upload", "40 bytes");
  const auto of_stranger =
      open_file(stranger, {{"x-file-upload-id", id_of(opened)}}, {"camspan.other", "camspan", "other", ""});
  expect_refusal(of_stranger, 404, "unknown-upload", "of another device");
  begin_part(device, opened, "part of it", 1000);
  expect_refusal(resume(elsewhere, id_of(opened)), 409, "uploading", "in use elsewhere");
  expect_refusal(resume(device, id_of(opened)), 409, "uploading", "in use on this connection");

  const auto wrong = device.request(
      "POST", file_path("send"),
      on_channel(channel_of(other), {{"x-file-upload-id", id_of(opened)}, {"content-length", "4"}}), false);
  device.data(wrong, "data");
  expect_refusal(device.answer(wrong), 400, "bad-request", "an id of another channel");
  expect_refusal(send_part(device, opened, "x"), 409, "uploading", "two parts at once");
  // Without the id the channel says which upload it is.
  const auto bare =
      device.request("POST", file_path("send"), on_channel(channel_of(other), {{"content-length", "4"}}), false);
  device.data(bare, "data");
  EXPECT_EQ(position_of(device.answer(bare)), 4);
  EXPECT_EQ(close_file(device, other).status(), 200);
}

TEST_F(FileServiceRefusalsTest, Sizes) {
  Config config;
  config.limits.upload_max = 1000;
  start(config);
  LinkDevice device(address());
  const auto opened = begin(device, "a.bin");
  EXPECT_EQ(position_of(send_part(device, opened, std::string(600, 'a'))), 600);
  expect_refusal(device.answer(begin_part(device, opened, "", 401)), 413, "too-large", "over the limit");
  EXPECT_EQ(position_of(send_part(device, opened, std::string(400, 'b'))), 1000) << "nothing was taken of that";
  EXPECT_EQ(close_file(device, opened).status(), 200);

  const auto endless = begin(device, "b.bin");
  const auto part = device.request("POST", file_path("send"), on_channel(channel_of(endless)), false);
  device.data(part, std::string(1001, 'x'));
  expect_refusal(device.answer(part), 411, "length-required", "over the limit without a length");
  const auto ended = begin(device, "c.bin");
  const auto whole = device.request("POST", file_path("send"), on_channel(channel_of(ended)), false);
  device.data(whole, std::string(1000, 'x'), true);
  EXPECT_EQ(position_of(device.answer(whole)), 1000) << "no length, but an end";
  const auto short_of = begin(device, "d.bin");
  const auto little = begin_part(device, short_of, "", 10);
  device.data(little, "four", true);
  EXPECT_EQ(device.answer(little).status(), 400);
  Answer again;
  wait_for([&] { return (again = resume(device, id_of(short_of))).status() == 200 || again.status() != 409; });
  LinkDevice later(address());
  EXPECT_EQ(device.answer(device.request("POST", file_path("close"), on_channel(channel_of(short_of)), true)).status(),
            409);
}

TEST_F(FileServiceRefusalsTest, TooManyThatAreNotClosed) {
  Config config;
  config.limits.uploads_per_device = 2;
  start(config);
  LinkDevice device(address());
  const auto first = begin(device, "a");
  begin(device, "b");
  const auto third = begin(device, "c");
  expect_refusal(third, 429, "max-uploads", "a third");
  EXPECT_EQ(third.field("retry-after"), "5");
  EXPECT_EQ(close_file(device, first).status(), 200);
  EXPECT_EQ(begin(device, "c").status(), 200);
}

TEST_F(FileServiceRefusalsTest, APartThatBringsNothing) {
  Config config;
  config.limits.upload_idle = std::chrono::milliseconds(100);
  start(config);
  LinkDevice device(address());
  const auto opened = begin(device, "a.bin");
  const auto part = begin_part(device, opened, "some", 1000);
  expect_refusal(device.answer(part), 408, "idle", "idle");
  EXPECT_EQ(device.reset_of(part), 8u) << "CANCEL";
  EXPECT_EQ(close_file(device, opened).status(), 409);
  EXPECT_EQ(position_of(resume(device, id_of(opened))), 4) << "what came is kept";
}

TEST_F(FileServiceRefusalsTest, AFullDiskAndADiskThatFails) {
  test::FaultyFiles& faults = faulty_disk();
  start();
  LinkDevice device(address());
  const std::string bytes = content(100'000);
  const auto opened = begin(device, "a.bin");
  send_part(device, opened, bytes.substr(0, 10'000));
  faults.room = 5'000;
  expect_refusal(send_part(device, opened, bytes.substr(10'000)), 507, "disk-full", "a full disk");
  faults.room = test::FaultyFiles::kNoLimit;
  close_file(device, opened);
  const auto again = resume(device, id_of(opened));
  ASSERT_EQ(position_of(again), 10'000) << "the connection and the upload are kept";
  faults.sync_error = EIO;
  expect_refusal(send_part(device, again, bytes.substr(10'000)), 500, "storage-failed", "a sync that fails");
  faults.sync_error = 0;
  close_file(device, again);
  const auto third = resume(device, id_of(opened));
  send_part(device, third, bytes.substr(static_cast<std::size_t>(position_of(third))));
  EXPECT_EQ(close_file(device, third).field("x-file-crc64ecma"), checksum_of(bytes));
  EXPECT_TRUE(file("a.bin") == bytes);
  faults.open_error = ENOSPC;
  expect_refusal(begin(device, "b.bin"), 507, "disk-full", "no room for another");
}

TEST_F(FileServiceRefusalsTest, ADumpOnAFullDisk) {
  test::FaultyFiles& faults = faulty_disk();
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  faults.room = 5'000;
  const auto sending = device.request("POST", path("send"), on_channel(channel, {{"content-length", "9000"}}), false);
  device.data(sending, std::string(9000, 'x'));
  expect_refusal(device.answer(sending), 507, "disk-full", "a full disk");
  faults.room = test::FaultyFiles::kNoLimit;
  wait_for([this] { return files().empty(); });
  EXPECT_EQ(ask(device, "close", on_channel(channel)).status(), 200) << "the connection is kept";
}

}  // namespace
}  // namespace camspan::hub
