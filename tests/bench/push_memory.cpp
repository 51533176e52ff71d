/// Uploads bytes from memory with H2Push and prints what it cost, one line of JSON:
///   push_memory URL CA_FILE BYTES PIECE_BYTES [PIECES_PER_SECOND]
/// PIECES_PER_SECOND = 0 (the default): as fast as the receiver takes them.
#include <camspan/h2_push.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "cpu.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Load {
  std::uint64_t bytes;
  std::size_t piece_bytes;
  unsigned per_second;
};

/// The same memory again and again, as a camera's encoder gives buffers of a pool.
bool send(camspan::H2Push& push, const Load& load) {
  const camspan::SharedUnit piece =
      camspan::make_unit(camspan::Bytes(load.piece_bytes, std::byte{0x5a}), camspan::UnitKind::other);
  auto next = Clock::now();
  for (std::uint64_t sent = 0; sent < load.bytes; sent += load.piece_bytes) {
    if (!push.push(piece)) return false;
    if (load.per_second == 0) continue;
    next += std::chrono::nanoseconds(1'000'000'000 / load.per_second);
    std::this_thread::sleep_until(next);
  }
  return push.drain().has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: push_memory URL CA_FILE BYTES PIECE_BYTES [PIECES_PER_SECOND]\n");
    return 2;
  }
  const Load load{std::strtoull(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10),
                  argc > 5 ? static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10)) : 0};
  camspan::H2PushConfig config;
  config.location = argv[1];
  config.ca_file = argv[2];
  config.content = camspan::H2PushContent::raw;
  config.drain_timeout = std::chrono::seconds(60);
  config.retries = 0;
  if (const char* token = std::getenv("CAMSPAN_BENCH_TOKEN")) config.auth_token = token;
  camspan::H2PushEvents events;
  events.failed = [](const camspan::Failure& failure) { std::fprintf(stderr, "%s\n", failure.sentence.c_str()); };
  auto push = camspan::H2Push::create(std::move(config), std::move(events));
  if (!push) {
    std::fprintf(stderr, "%s\n", push.error().sentence.c_str());
    return 1;
  }
  const auto begin = Clock::now();
  const bool sent = send(**push, load);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto stats = (*push)->stats();
  push->reset();
  std::printf("{\"complete\": %s, \"bytes\": %llu, \"seconds\": %.4f, \"cpu\": %.4f}\n",
              sent && stats.bytes_acked == stats.bytes_in ? "true" : "false",
              static_cast<unsigned long long>(stats.bytes_in), seconds, camspan::bench::cpu_seconds());
  return sent ? 0 : 1;
}
