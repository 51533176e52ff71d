/// Many cameras that upload live FLV to a hub, each by a connection of its own:
///   cameras URL_WITHOUT_ID CA_FILE COUNT BITS_PER_SECOND SECONDS
/// They are cam0, cam1, ...; the token comes from CAMSPAN_BENCH_TOKEN. Prints one line of JSON.
#include <camspan/h2_push.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/flv/tag.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kFramesPerSecond = 25;
constexpr unsigned kFramesPerGop = 50;

camspan::Bytes bytes_of(std::initializer_list<int> values) {
  camspan::Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

camspan::SharedUnit whole(camspan::Bytes bytes) {
  return camspan::make_unit(std::move(bytes), camspan::UnitKind::other);
}

/// The file header and an AVC sequence header of 1280x720.
camspan::SharedUnit head() {
  camspan::Bytes head = camspan::flv::file_header(false, true);
  const camspan::Bytes config =
      bytes_of({0x17, 0,    0,    0,    0,    1,    0x42, 0xc0, 0x1f, 0xff, 0xe1, 0,    9,    0x67, 0x42,
                0xc0, 0x1f, 0x95, 0xa0, 0x14, 0x01, 0x6e, 0x40, 1,    0,    4,    0x68, 0xce, 0x3c, 0x80});
  const camspan::Bytes tag = camspan::flv::make_tag(camspan::flv::TagType::video, 0, config);
  head.insert(head.end(), tag.begin(), tag.end());
  return whole(std::move(head));
}

camspan::SharedUnit frame(unsigned number, std::size_t size) {
  const bool key = number % kFramesPerGop == 0;
  camspan::Bytes data = bytes_of({key ? 0x17 : 0x27, 1, 0, 0, 0});
  const std::size_t nal = size - 9;
  for (const unsigned shift : {24u, 16u, 8u, 0u}) data.push_back(static_cast<std::byte>(nal >> shift));
  data.push_back(static_cast<std::byte>(key ? 0x65 : 0x41));
  data.resize(size, std::byte{0x5a});
  return whole(camspan::flv::make_tag(camspan::flv::TagType::video, number * 1000 / kFramesPerSecond, data));
}

std::unique_ptr<camspan::H2Push> camera(const std::string& url, const std::string& ca_file) {
  camspan::H2PushConfig config;
  config.location = url;
  config.ca_file = ca_file;
  config.content = camspan::H2PushContent::flv;
  if (const char* token = std::getenv("CAMSPAN_BENCH_TOKEN")) config.auth_token = token;
  camspan::H2PushEvents events;
  events.failed = [](const camspan::Failure& failure) { std::fprintf(stderr, "%s\n", failure.sentence.c_str()); };
  auto push = camspan::H2Push::create(std::move(config), std::move(events));
  if (!push) {
    std::fprintf(stderr, "%s\n", push.error().sentence.c_str());
    return nullptr;
  }
  return std::move(*push);
}

/// Frames at their times; the cameras one after the other within a frame, as cameras are not in step.
bool send(std::vector<std::unique_ptr<camspan::H2Push>>& cameras, std::size_t frame_bytes, unsigned seconds) {
  const auto step = std::chrono::nanoseconds(std::chrono::seconds(1)) / kFramesPerSecond / cameras.size();
  auto next = Clock::now();
  for (unsigned number = 0; number < seconds * kFramesPerSecond; ++number) {
    const camspan::SharedUnit unit = frame(number, frame_bytes);
    for (const auto& push : cameras) {
      if (!push->push(unit)) return false;
      next += step;
      std::this_thread::sleep_until(next);
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: cameras URL_WITHOUT_ID CA_FILE COUNT BITS_PER_SECOND SECONDS\n");
    return 2;
  }
  const std::size_t count = std::strtoul(argv[3], nullptr, 10);
  const std::size_t frame_bytes = std::strtoul(argv[4], nullptr, 10) / 8 / kFramesPerSecond;
  const auto seconds = static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10));
  std::vector<std::unique_ptr<camspan::H2Push>> cameras;
  for (std::size_t i = 0; i < count; ++i) {
    cameras.push_back(camera(argv[1] + std::string("cam") + std::to_string(i), argv[2]));
    if (!cameras.back() || !cameras.back()->push(head())) return 1;
  }
  bool complete = send(cameras, frame_bytes, seconds);
  std::uint64_t acked = 0;
  for (const auto& push : cameras) {
    complete = push->drain().has_value() && complete;
    const auto stats = push->stats();
    complete = complete && stats.bytes_acked == stats.bytes_in - camspan::flv::file_header(false, true).size();
    acked += stats.bytes_acked;
  }
  std::printf("{\"complete\": %s, \"bytes\": %llu}\n", complete ? "true" : "false",
              static_cast<unsigned long long>(acked));
  return complete ? 0 : 1;
}
