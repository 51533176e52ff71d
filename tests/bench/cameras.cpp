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

#include "film.hpp"

namespace {

using Clock = std::chrono::steady_clock;

using camspan::bench::frame;
using camspan::bench::head;
using camspan::bench::kFramesPerSecond;

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
