// A camera without GStreamer and without a picture: P2pCamera by itself (signaller local, any port of 127.0.0.1 or of
// HOST, where viewers bring TOKEN), fed with a film of BITS a second, for tests and measurements of its memory and CPU.
//   p2p_camera film BITS [HOST TOKEN]
// Lines in:      Lines out:
//                port N             once
//                gone SENTENCE      a viewer, and why
//   stats        stats KEY=VALUE .. of the process and all viewers
#include <camspan/p2p_camera.hpp>
#include <iostream>
#include <sstream>
#include <thread>

#include "bench/film.hpp"
#include "support/process_stats.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr unsigned kManyViewers = 1000;
constexpr std::chrono::seconds kPatience{60};  // nobody is let go while a link stands still

// In one piece: viewers go on another thread than stats are told by.
void say(const std::string& line) {
  std::cout << line + '\n' << std::flush;
}

std::unique_ptr<P2pCamera> make_camera(const std::string& host, const std::string& token) {
  P2pCameraConfig config;
  config.signalling = P2pSignalling::local;
  config.device_id = "cam1";
  config.local_host = host;
  config.local_port = 0;
  config.local_token = token;
  config.max_viewers = kManyViewers;
  config.timeout = kPatience;
  P2pCameraEvents events;
  events.viewer_removed = [](const std::string& /*id*/, const std::string& why) { say("gone " + why); };
  auto camera = P2pCamera::create(config, std::move(events));
  if (!camera) throw std::runtime_error(camera.error().sentence);
  (*camera)->start();
  while ((*camera)->local_port() == 0) std::this_thread::sleep_for(milliseconds(1));
  return std::move(*camera);
}

void show(P2pCamera& camera, std::size_t frame_bytes, const std::stop_token& stop) {
  camera.push(bench::head());
  auto next = steady_clock::now();
  for (unsigned number = 0; !stop.stop_requested(); ++number) {
    camera.push(bench::frame(number, frame_bytes));
    next += milliseconds(1000 / bench::kFramesPerSecond);
    std::this_thread::sleep_until(next);
  }
}

void say_stats(const P2pCamera& camera) {
  const P2pCameraStats stats = camera.stats();
  std::uint64_t buffered = 0;
  std::uint64_t connected = 0;
  for (const auto& viewer : stats.viewers) {
    buffered += viewer.buffered_bytes;
    connected += viewer.connected ? 1 : 0;
  }
  std::ostringstream line;
  line << "stats viewers=" << stats.viewers.size() << " connected=" << connected << test::process_stats()
       << " sent=" << stats.bytes_sent << " buffered=" << buffered << " waiting=" << stats.level_bytes
       << " dropped=" << stats.bytes_dropped;
  say(line.str());
}

int run(std::size_t bits, const std::string& host, const std::string& token) {
  const auto camera = make_camera(host, token);
  say("port " + std::to_string(camera->local_port()));
  const std::jthread film(
      [&](const std::stop_token& stop) { show(*camera, bits / 8 / bench::kFramesPerSecond, stop); });
  for (std::string line; std::getline(std::cin, line);)
    if (line == "stats") say_stats(*camera);
  return 0;
}

}  // namespace
}  // namespace camspan

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) return 2;
  const bool anywhere = argc == 5;
  return camspan::run(std::strtoul(argv[2], nullptr, 10), anywhere ? argv[3] : "127.0.0.1", anywhere ? argv[4] : "");
}
