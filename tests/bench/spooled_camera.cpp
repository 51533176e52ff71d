/// One camera with a spool, and what it costs:
///   spooled_camera URL CA_FILE SPOOL_FOLDER MODE SHARE BITS_PER_SECOND SECONDS SPOOL_BYTES
/// URL "-" = nothing is sent: what making the frames costs. SPOOL_FOLDER "-" = no spool. MODE is outage or always;
/// SHARE that of the spool, in percent. BITS_PER_SECOND is that of the film; it goes at its own pace, or as fast as it
/// is taken when MODE ends in
/// "-fast" (up to SPOOL_BYTES in the spool, where URL leads nowhere). The token comes from CAMSPAN_BENCH_TOKEN. Prints
/// one line of JSON; CPU and memory are those from the second second to the last frame.
#include <camspan/h2_push.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "cpu.hpp"
#include "film.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Film {
  std::size_t frame_bytes;
  unsigned frames;
  bool fast;
  std::uint64_t spool_bytes;  ///< enough
};

double rss_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * 4096 / (1 << 20);
}

/// What it cost from the second second on.
struct Cost {
  double cpu = 0;
  double rss_growth = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

/// What goes faster than its pace was captured before: the film ends now.
camspan::SharedUnit dated(const camspan::SharedUnit& frame, const Film& film, unsigned number) {
  // A quarter more than are wanted: how full the spool is, is known late.
  const auto frames = film.spool_bytes != 0 ? film.spool_bytes * 5 / 4 / film.frame_bytes : film.frames;
  const auto left = std::chrono::milliseconds(1000 / camspan::bench::kFramesPerSecond) *
                    static_cast<std::int64_t>(std::max<std::uint64_t>(frames, number) - number);
  auto result = std::make_shared<camspan::Unit>(*frame);
  result->captured = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) - left;
  return result;
}

/// True when the spool holds what is wanted.
bool full(camspan::H2Push* push, const Film& film) {
  return push && film.fast && film.spool_bytes != 0 && push->stats().spool_bytes >= film.spool_bytes;
}

Cost play(camspan::H2Push* push, const Film& film) {
  Cost cost;
  if (push) static_cast<void>(push->push(camspan::bench::head()));
  const auto begun = Clock::now();
  auto next = begun;
  double cpu = 0;
  double rss = 0;
  auto from = begun;
  for (unsigned number = 0; number < film.frames; ++number) {
    if (number == camspan::bench::kFramesPerSecond) {
      cpu = camspan::bench::cpu_seconds();
      rss = rss_mib();
      from = Clock::now();
    }
    camspan::SharedUnit unit = camspan::bench::frame(number, film.frame_bytes);
    if (film.fast) unit = dated(unit, film, number);
    if (push) static_cast<void>(push->push(unit));  // dropped in an outage: that is measured
    if (number >= camspan::bench::kFramesPerSecond) cost.bytes += unit->bytes.size();
    if (number % camspan::bench::kFramesPerGop == 0) {
      cost.rss_growth = std::max(cost.rss_growth, rss == 0 ? 0 : rss_mib() - rss);
      if (full(push, film)) break;
    }
    if (film.fast) continue;
    next += std::chrono::nanoseconds(std::chrono::seconds(1)) / camspan::bench::kFramesPerSecond;
    std::this_thread::sleep_until(next);
  }
  cost.cpu = camspan::bench::cpu_seconds() - cpu;
  cost.seconds = std::chrono::duration<double>(Clock::now() - from).count();
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 9) {
    std::fprintf(stderr,
                 "usage: spooled_camera URL CA_FILE SPOOL_FOLDER MODE SHARE BITS_PER_SECOND SECONDS SPOOL_BYTES\n");
    return 2;
  }
  const std::string url = argv[1];
  const std::string mode = argv[4];
  camspan::H2PushConfig config;
  config.location = url;
  config.ca_file = argv[2];
  config.content = camspan::H2PushContent::flv;
  if (const char* token = std::getenv("CAMSPAN_BENCH_TOKEN")) config.auth_token = token;
  if (std::string(argv[3]) != "-") config.spool_location = argv[3];
  if (mode.starts_with("always")) config.spool_mode = camspan::H2PushSpoolMode::always;
  config.spool_share = std::atoi(argv[5]);
  const Film film{std::strtoul(argv[6], nullptr, 10) / 8 / camspan::bench::kFramesPerSecond,
                  static_cast<unsigned>(std::strtoul(argv[7], nullptr, 10)) * camspan::bench::kFramesPerSecond,
                  mode.ends_with("-fast"), std::strtoull(argv[8], nullptr, 10)};
  if (film.spool_bytes != 0) config.spool_max_bytes = film.spool_bytes + film.spool_bytes / 4;
  std::unique_ptr<camspan::H2Push> push;
  if (url != "-") {
    // In a long outage the oldest goes: a camera is not stopped.
    config.leaky = config.spool_location.empty() ? camspan::H2PushLeaky::downstream : camspan::H2PushLeaky::no;
    auto made = camspan::H2Push::create(std::move(config), {});
    if (!made) {
      std::fprintf(stderr, "%s\n", made.error().sentence.c_str());
      return 1;
    }
    push = std::move(*made);
  }
  const Cost cost = play(push.get(), film);
  camspan::H2PushStats stats;
  if (push) stats = push->stats();
  std::printf(
      "{\"cpu\": %.4f, \"seconds\": %.3f, \"rss_growth\": %.2f, \"bytes\": %llu, \"spool_bytes\": %llu, \"acked\": "
      "%llu}\n",
      cost.cpu, cost.seconds, cost.rss_growth, static_cast<unsigned long long>(cost.bytes),
      static_cast<unsigned long long>(stats.spool_bytes), static_cast<unsigned long long>(stats.bytes_acked));
  return 0;
}
