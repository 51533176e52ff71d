/// What /stream answers to what it should not be asked: one row for each kind of bad request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "hub_under_devices.hpp"
#include "support/faulty_files.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using test::H2Frames;
using test::LinkDevice;

constexpr std::uint32_t kNoError = 0x0, kProtocolError = 0x1, kCancel = 0x8, kEnhanceYourCalm = 0xb;

class StreamRefusalsTest : public HubUnderDevices {
 protected:
  /// The answer is an error as devices need it: both fields, once each, the status last; the short body.
  static void expect_refusal(const LinkDevice::Answer& answer, int status, const std::string& channel,
                             const std::string& what) {
    SCOPED_TRACE(what);
    ASSERT_EQ(answer.status(), status);
    ASSERT_GE(answer.fields.size(), 4u);
    EXPECT_EQ(answer.fields[0].first, ":status");
    EXPECT_EQ(answer.fields[1].first, "x-request-id");
    EXPECT_EQ(answer.fields[answer.fields.size() - 2],
              std::pair(std::string("x-data-stream-id"), channel.empty() ? std::string("0") : channel));
    EXPECT_EQ(answer.fields.back(), std::pair(std::string("x-response-status"), std::to_string(status)));
    for (const auto& [name, value] : answer.fields)
      EXPECT_FALSE(name == "x-next-append-position" || name.starts_with("x-file")) << name;
    if (answer.body.empty()) return;  // the connection's own
    const auto body = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body.value("code", 0), status);
    EXPECT_NE(body.value("message", ""), "");
  }
};

TEST_F(StreamRefusalsTest, Opens) {
  start();
  const auto with = [&](const std::string& name, const std::string& value) {
    auto fields = credentials();
    for (auto& [key, content] : fields)
      if (key == name) content = value;
    return fields;
  };
  const auto without = [&](const std::string& name) {
    auto fields = credentials();
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    return fields;
  };
  const auto signed_at = [&](std::int64_t ms, const std::string& text = "") {
    auto names = own_names();
    names.timestamp = text.empty() ? std::to_string(ms) : text;
    return credentials(names);
  };
  const link::Names stranger{"pk.nobody", "pk", "nobody", ""};
  const std::vector<std::pair<std::string, LinkDevice::Fields>> rows{
      {"no credentials", {{"x-sdk-version", "230"}}},
      {"no name of the scheme", without("x-auth-name")},
      {"another scheme", with("x-auth-name", "username")},
      {"no client id", without("x-auth-param-client-id")},
      {"no sign method", without("x-auth-param-signmethod")},
      {"no product key", without("x-auth-param-product-key")},
      {"no device name", without("x-auth-param-device-name")},
      {"no sign", without("x-auth-param-sign")},
      {"an unknown device", credentials(stranger)},
      {"another secret", credentials(own_names(), "another")},
      {"an unknown sign method", with("x-auth-param-signmethod", "hmacsha512")},
      {"a sign that is no hex", with("x-auth-param-sign", std::string(40, 'x'))},
      {"a sign that is too short", with("x-auth-param-sign", std::string(39, 'a'))},
      {"a sign of another method", with("x-auth-param-signmethod", "hmacmd5")},
      {"a sign for another device", with("x-auth-param-device-name", "cam-02")},
      {"a timestamp that was not signed", with("x-auth-param-timestamp", "1")},
      {"a clock 16 minutes late", signed_at(now_ms() - 16 * 60'000)},
      {"a clock 16 minutes early", signed_at(now_ms() + 16 * 60'000)},
      {"a timestamp that is no number", signed_at(0, "today")},
      {"a timestamp below zero", signed_at(0, "-9223372036854775808")},
  };
  std::string one_body;
  for (const auto& [what, fields] : rows) {
    LinkDevice device(address());
    if (what == "a timestamp that was not signed") {
      auto dated = credentials();
      dated.emplace_back("x-auth-param-timestamp", std::to_string(now_ms()));
      expect_refusal(ask(device, "open", dated), 401, "", what);
      continue;
    }
    const auto answer = ask(device, "open", fields);
    expect_refusal(answer, 401, "", what);
    if (one_body.empty()) one_body = answer.body;
    EXPECT_EQ(answer.body, one_body) << "nobody learns which devices there are";
  }
  LinkDevice device(address());
  EXPECT_EQ(ask(device, "open", signed_at(now_ms() - 14 * 60'000)).status(), 200);
}

TEST_F(StreamRefusalsTest, FiveBadOpensEndTheConnection) {
  start();
  LinkDevice device(address());
  for (int i = 0; i < 5; ++i) expect_refusal(ask(device, "open", {}), 401, "", "open " + std::to_string(i));
  EXPECT_EQ(device.go_away(), kEnhanceYourCalm);
  EXPECT_TRUE(device.wait_for_end());
}

TEST_F(StreamRefusalsTest, Paths) {
  start();
  LinkDevice device(address());
  open(device);
  const auto status_of = [&](const std::string& path) {
    return device.answer(device.request("POST", path, credentials(), true));
  };
  for (const char* path : {"/stream", "/stream/", "/stream/open", "/stream/open/", "/stream/register/a",
                           "/stream/unregister/a", "/message/pub_with_resp/sys/pk/dn/thing/video/create"})
    EXPECT_EQ(status_of(path).status(), 404) << path;
  for (const char* path : {"/stream/register/a", "/stream/open/"}) expect_refusal(status_of(path), 404, "", path);
  for (const char* path :
       {"/stream/open/..", "/stream/open/a/../b", "/stream/open/%61", "/stream/open/a%2fb", "/stream/../stream/open/a"})
    expect_refusal(status_of(path), 400, "", path);
  const auto put = device.answer(device.request("PUT", path("open"), credentials(), true));
  expect_refusal(put, 405, "", "PUT");

  const std::string longest = "/stream/open/" + std::string(256 - 13, 'a');
  EXPECT_EQ(status_of(longest).status(), 200);
  const auto over = device.request("POST", longest + "a", credentials(), true);
  EXPECT_EQ(device.reset_of(over), kProtocolError);
  expect_refusal(device.answer(over), 400, "", "257 bytes");
  const auto page = device.request("GET", "/healthz?" + std::string(8192, 'a'), {}, true);
  EXPECT_EQ(device.reset_of(page), kProtocolError);
  EXPECT_EQ(device.answer(page).status(), 400);
  const auto health = device.request("GET", "/healthz?" + std::string(8000, 'a'), {}, true);
  EXPECT_EQ(device.answer(health).status(), 200);
}

TEST_F(StreamRefusalsTest, MalformedHeads) {
  start();
  LinkDevice device(address());
  std::uint32_t id = 1;
  const auto refused = [&](const H2Frames::Fields& fields, const std::string& what) {
    device.send(H2Frames().headers(id, fields, true));
    EXPECT_EQ(device.reset_of(id), kProtocolError) << what;
    expect_refusal(device.answer(id), 400, "", what);
    id += 2;
  };
  const std::string opening = path("open");
  const std::pair<std::string_view, std::string_view> method{":method", "POST"}, scheme{":scheme", "https"},
      target{":path", opening};
  refused({scheme, target}, "no :method");
  refused({method, method, scheme, target}, "two :method");
  refused({method, scheme}, "no :path");
  refused({method, scheme, target, target}, "two :path");
  refused({method, target}, "no :scheme");
  refused({method, scheme, scheme, target}, "two :scheme");
  refused({method, scheme, target, {":unknown", "x"}}, "an unknown pseudo-header field");
  refused({method, scheme, target, {"X-Auth-Name", "devicename"}}, "an upper-case name");
  refused({method, scheme, {":path", "stream/open/a"}}, "a path without its slash");
  refused({method, scheme, {":path", "/stream/open/a\x01"}}, "a control byte");
  refused({method, scheme, target, {"content-length", "x"}}, "a length that is no number");
  refused({method, scheme, target, {"content-length", "-1"}}, "a length below zero");
  refused({method, scheme, target, {"content-length", "18446744073709551616"}}, "a length over 64 bits");
  refused({method, scheme, target, {"content-length", "1"}, {"content-length", "2"}}, "two lengths");
}

TEST_F(StreamRefusalsTest, HeadsThatAreTooLarge) {
  start();
  LinkDevice device(address());
  LinkDevice::Fields many;
  for (int i = 0; i < 129; ++i) many.emplace_back("x-user-" + std::to_string(i), "1");
  expect_refusal(ask(device, "open", many), 431, "", "129 fields");
  // 15 KiB of bytes; each field counts 32 more.
  const LinkDevice::Fields large(60, {"x-user", std::string(250, 'a')});
  expect_refusal(ask(device, "open", large), 431, "", "over 16 KiB");
  EXPECT_EQ(device.go_away(), kEnhanceYourCalm) << "twice is no mistake";
  EXPECT_TRUE(device.wait_for_end());
}

TEST_F(StreamRefusalsTest, Channels) {
  start();
  LinkDevice device(address()), neighbour(address()), stranger(address());
  const std::string channel = open(device);
  const std::string of_neighbour = open(neighbour);
  const std::string of_stranger = stranger.open(kIdentify, {"camspan.other", "camspan", "other", ""}, kSecret);
  ASSERT_NE(of_stranger, "");
  for (const std::string step : {"send", "close"}) {
    expect_refusal(ask(device, step, {}), 404, "", step + " without a channel");
    expect_refusal(ask(device, step, on_channel("DS1")), 404, "DS1", step + " on an unknown one");
    expect_refusal(ask(device, step, on_channel(of_neighbour)), 404, of_neighbour, step + " of another connection");
    expect_refusal(ask(device, step, on_channel(of_stranger)), 404, of_stranger, step + " of another device");
    const auto elsewhere = device.request("POST", "/stream/" + step + "/another/service", on_channel(channel), true);
    expect_refusal(device.answer(elsewhere), 404, channel, step + " on another service");
    expect_refusal(ask(device, step, on_channel("a b")), 404, "", step + " on what is no channel");
  }
  EXPECT_EQ(ask(device, "close", on_channel(channel)).status(), 200);
  expect_refusal(ask(device, "close", on_channel(channel)), 404, channel, "a second close");
}

TEST_F(StreamRefusalsTest, Bodies) {
  Config config;
  config.limits.upload_max = 1000;
  start(config);
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto send = [&](const LinkDevice::Fields& fields, const std::string& body, bool end) {
    const auto id = device.request("POST", path("send"), on_channel(channel, fields), false);
    if (!body.empty()) device.data(id, body, end);
    return id;
  };
  const auto twice = send({{"content-length", "4"}, {"content-length", "4"}}, "data", false);
  expect_refusal(device.answer(twice), 400, channel, "the same length twice");
  const auto huge = send({{"content-length", "9223372036854775808"}}, "", false);
  expect_refusal(device.answer(huge), 400, channel, "over 2^63-1");
  const auto large = send({{"content-length", "1001"}}, "data", false);
  expect_refusal(device.answer(large), 413, channel, "a dump over the limit");
  const auto endless = send({}, std::string(1001, 'x'), false);
  expect_refusal(device.answer(endless), 411, channel, "over the limit without a length");
  const auto excess = send({{"content-length", "4"}}, "five!", false);
  EXPECT_EQ(device.reset_of(excess), kProtocolError);
  expect_refusal(device.answer(excess), 400, "", "more than the length");
  const auto little = send({{"content-length", "4"}}, "one", true);
  EXPECT_EQ(device.reset_of(little), kProtocolError);
  expect_refusal(device.answer(little), 400, "", "less than the length");
  const auto no_flv = send({{"content-length", "4"}, {"content-type", "video/x-flv"}}, "data", false);
  expect_refusal(device.answer(no_flv), 415, channel, "no FLV");
  EXPECT_EQ(device.reset_of(no_flv), kNoError);
  const auto bad = send({{"content-length", "4"}, {"camspan-stream", "no uuid"}}, "data", false);
  expect_refusal(device.answer(bad), 400, channel, "a bad name of a stream");
  const auto broken = send({{"content-length", "900"}}, "part", false);
  device.send(H2Frames().reset(broken, kCancel));
  wait_for([this] { return files().empty(); });

  const auto empty = send({{"content-length", "0"}}, "", false);
  EXPECT_EQ(device.answer(empty).status(), 200) << "an empty message";
  const auto good = send({}, std::string(1000, 'x'), true);
  EXPECT_EQ(device.answer(good).status(), 200) << "no length, but an end";
  // Live FLV has no limit and needs no length.
  const auto film_id = send({{"content-type", "video/x-flv"}}, film(), true);
  EXPECT_EQ(device.answer(film_id).status(), 200);
  EXPECT_EQ(files().size(), 1u) << "nothing of what was refused is kept";
}

TEST_F(StreamRefusalsTest, BodiesThatBringNothing) {
  Config config;
  config.limits.upload_idle = std::chrono::milliseconds(100);
  start(config);
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto dump = device.request("POST", path("send"), on_channel(channel, {{"content-length", "9"}}), false);
  device.data(dump, "data");
  const auto live = device.request("POST", path("send"), on_channel(channel, {{"content-length", "99999"}}), false);
  device.data(live, film().substr(0, 5000));
  for (const auto id : {dump, live}) {
    expect_refusal(device.answer(id), 408, channel, "idle");
    EXPECT_EQ(device.reset_of(id), kCancel);
  }
  wait_for([this] { return files().empty(); });
}

/// The descriptor in this process whose peer is `client`'s end.
int other_end(int client) {
  sockaddr_in own{}, peer{};
  socklen_t size = sizeof own;
  getsockname(client, reinterpret_cast<sockaddr*>(&own), &size);
  for (int fd = 0; fd < 1024; ++fd) {
    size = sizeof peer;
    if (fd != client && getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET &&
        peer.sin_port == own.sin_port)
      return fd;
  }
  return -1;
}

TEST_F(StreamRefusalsTest, AConnectionIsNotReadOverSixMiBAheadOfTheDisk) {
  constexpr std::size_t kBody = 15 << 20;  // less than the window that a stream has
  test::FaultyFiles& disk = faulty_disk();
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  const auto dump =
      device.request("POST", path("send"), on_channel(channel, {{"content-length", std::to_string(kBody)}}), false);
  disk.stalled = true;
  const int hub = other_end(device.descriptor());
  ASSERT_GE(hub, 0);
  std::string bytes;
  for (std::size_t at = 0; at < kBody; at += 16384)
    bytes += as_text(H2Frames().data(dump, std::string(16384, static_cast<char>(at >> 14)), false).bytes());
  std::size_t sent = 0;
  const auto send_some = [&](int patience_ms) {
    pollfd writable{device.descriptor(), POLLOUT, 0};
    if (sent == bytes.size() || poll(&writable, 1, patience_ms) <= 0) return false;
    const auto count = ::send(device.descriptor(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT);
    sent += count > 0 ? static_cast<std::size_t>(count) : 0;
    return true;
  };
  const auto taken = [&] {
    int in_kernel = 0, on_the_way = 0;
    ioctl(device.descriptor(), SIOCOUTQ, &on_the_way);
    ioctl(hub, SIOCINQ, &in_kernel);
    return static_cast<std::int64_t>(sent) - on_the_way - in_kernel;
  };
  wait_for([&] {
    send_some(0);
    return taken() >= 6 << 20;
  });
  // It takes what it has room for, and stops.
  while (send_some(300)) {
  }
  poll(nullptr, 0, 300);
  EXPECT_LT(taken(), 7 << 20);
  disk.stalled = false;
  while (sent < bytes.size()) send_some(10'000);
  EXPECT_EQ(device.answer(dump).status(), 200);
  EXPECT_EQ(stored("files/" + std::string(kDevice) + "/" + channel).size(), kBody);
}

TEST_F(StreamRefusalsTest, TooManyChannelsAndConnections) {
  Config config;
  config.limits.channels_per_connection = 3;
  config.limits.connections_per_device = 2;
  start(config);
  LinkDevice device(address()), second(address()), third(address());
  const std::string channel = open(device);
  open(device);
  open(device);
  expect_refusal(ask(device, "open", credentials()), 429, "", "a fourth channel");
  EXPECT_EQ(ask(device, "close", on_channel(channel)).status(), 200);
  open(device);
  open(second);
  const auto full = ask(third, "open", credentials());
  expect_refusal(full, 429, "", "a third connection");
  EXPECT_EQ(full.field("retry-after"), "10");
  // Another device is not concerned, and a connection that ends makes room.
  EXPECT_NE(third.open(kIdentify, {"camspan.other", "camspan", "other", ""}, kSecret), "");
  second.disconnect();
  second.wait_for_end();
  wait_for([&] { return ask(third, "open", credentials()).status() == 200; });
}

TEST_F(StreamRefusalsTest, ADeviceThatWasRemovedHasNoChannelsAnyMore) {
  start();
  LinkDevice device(address());
  const std::string channel = open(device);
  remove_device();
  expect_refusal(ask(device, "send", on_channel(channel, {{"content-length", "0"}})), 404, channel, "a send");
  expect_refusal(ask(device, "open", {}), 401, "", "an open without credentials");
  expect_refusal(ask(device, "open", credentials()), 401, "", "an open");
}

}  // namespace
}  // namespace camspan::hub
