/// How long a small buffer takes from push() to the receiver when they come at a steady pace:
///   paced CERT KEY PIECE_BYTES PIECES_PER_SECOND SECONDS
/// Sender and receiver are in this process, over TLS on loopback. Prints one line of JSON; times in microseconds.
#include <camspan/hal_tls.h>
#include <camspan/h2_push.hpp>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.hpp"
#include "net/io_thread.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/// What the receiver noted: delays of whole pieces, and how many came with one read.
struct Seen {
  std::size_t piece_bytes = 0;
  camspan::Bytes rest;
  std::vector<double> delays_us;
  std::uint64_t reads = 0;
};

void take(Seen& seen, camspan::ByteView bytes) {
  const auto now = Clock::now().time_since_epoch().count();
  ++seen.reads;
  seen.rest.insert(seen.rest.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  for (; seen.rest.size() - at >= seen.piece_bytes; at += seen.piece_bytes) {
    Clock::rep pushed = 0;
    std::memcpy(&pushed, seen.rest.data() + at, sizeof pushed);
    seen.delays_us.push_back(static_cast<double>(now - pushed) / 1e3);
  }
  seen.rest.erase(seen.rest.begin(), seen.rest.begin() + static_cast<std::ptrdiff_t>(at));
}

asio::awaitable<void> receive(camspan::net::HttpExchange& exchange, Seen& seen) {
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return;
    if (piece->empty()) break;
    take(seen, *piece);
  }
  camspan::http::Headers none;
  auto sent = co_await exchange.send_head(200, none, std::uint64_t{0});
  if (sent) sent = co_await exchange.finish();
}

camspan::SharedUnit stamped(std::size_t size) {
  camspan::Bytes bytes(size, std::byte{0x5a});
  const auto now = Clock::now().time_since_epoch().count();
  std::memcpy(bytes.data(), &now, sizeof now);
  return camspan::make_unit(std::move(bytes), camspan::UnitKind::other);
}

double at(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

bool send(const std::string& url, const char* ca_file, std::size_t piece, unsigned per_second, unsigned seconds) {
  camspan::H2PushConfig config;
  config.location = url;
  config.ca_file = ca_file;
  config.content = camspan::H2PushContent::raw;
  auto push = camspan::H2Push::create(std::move(config), {});
  if (!push) {
    std::fprintf(stderr, "%s\n", push.error().sentence.c_str());
    return false;
  }
  auto next = Clock::now();
  for (unsigned i = 0; i < per_second * seconds; ++i) {
    if (!(*push)->push(stamped(piece))) return false;
    next += std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second;
    std::this_thread::sleep_until(next);
  }
  return (*push)->drain().has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: paced CERT KEY PIECE_BYTES PIECES_PER_SECOND SECONDS\n");
    return 2;
  }
  Seen seen;
  seen.piece_bytes = std::strtoul(argv[3], nullptr, 10);
  const auto per_second = static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10));
  const auto seconds = static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10));
  hal_tls_options options{};
  options.cert_file = argv[1];
  options.key = argv[2];
  options.alpn = "h2";
  char why[512] = "";
  ssl_ctx_st* context = hal_tls_context(HAL_TLS_SERVER, &options, why, sizeof why);
  if (context == nullptr) {
    std::fprintf(stderr, "%s\n", why);
    return 1;
  }
  camspan::net::IoThread thread("receiver");
  std::unique_ptr<camspan::net::HttpServer> server;
  std::string address;
  thread.run([&] {
    auto handler = [&seen](camspan::net::HttpExchange& exchange) { return receive(exchange, seen); };
    server = std::make_unique<camspan::net::HttpServer>(thread.executor(), handler, camspan::net::HttpServerLimits{});
    if (auto bound = server->listen("127.0.0.1", 0, context)) address = *bound;
  });
  const std::string port = address.substr(address.rfind(':') + 1);
  const bool complete = send("https://localhost:" + port + "/", argv[1], seen.piece_bytes, per_second, seconds);
  thread.run([&] { server.reset(); });
  // The first second has the handshake and what waited for it.
  auto& delays = seen.delays_us;
  const bool all = delays.size() == std::size_t{per_second} * seconds;
  delays.erase(delays.begin(), delays.begin() + std::min<std::ptrdiff_t>(per_second, std::ssize(delays)));
  std::sort(delays.begin(), delays.end());
  std::printf("{\"complete\": %s, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}\n", complete && all ? "true" : "false",
              at(delays, 0.5), at(delays, 0.99), at(delays, 1));
  return complete && all ? 0 : 1;
}
