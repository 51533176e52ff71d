/// Clients of a server that gives what one publishes to all: all count what they get.
///   ws_fanout_load WHAT PORT SERVER_PID CLIENTS BYTES RATE WINDOW SECONDS
/// WHAT: `ws` and `wss` (TLS), where one of the clients publishes messages of WebSocket streams; `hub-ws` and
/// `hub-http`, where a camera uploads FLV to camspan-hub, tags of BYTES, and viewers get it by WebSocket or HTTP
/// (CAMSPAN_BENCH_TOKEN). RATE messages a second; 0 = as many as come back, with WINDOW messages on their way at most.
/// Prints one line of JSON.
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "ws_fanout_link.hpp"

namespace {

using camspan::bench::Chunks;
using camspan::bench::Link;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kSampled = 16;  // clients whose delays are kept
constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::size_t kTagsPerPicture = 50;  // key frames of the hub's camera
constexpr Seconds kWarmUp{1.0};
constexpr Seconds kSettle{0.5};  // for what a viewer gets first
constexpr Seconds kPatience{20.0};

/// CPU seconds of all threads of a process, by the scheduler's nanoseconds.
double cpu_of(const std::string& pid) {
  double total = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
    std::ifstream file(task.path() / "schedstat");
    double ns = 0;
    file >> ns;
    total += ns / 1e9;
  }
  return total;
}

double rss_kib(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6));
  return 0;
}

std::string big_endian(std::size_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
  return text;
}

/// {"method":"write","stream":"m","data":bin} of `bytes` in all, as a client's frame masked with zeros.
std::string message_of(std::size_t bytes) {
  std::string head("\x83\xa6method\xa5write\xa6stream\xa1m\xa4");
  head += "data\xc5";
  const std::size_t bin = bytes - head.size() - 2;
  head += big_endian(bin, 2) + std::string(bin, 'x');
  return std::string("\x82\xfe") + big_endian(head.size(), 2) + std::string(4, '\0') + head;
}

std::string tag_of(std::size_t time_ms, const std::string& payload) {
  return '\x09' + big_endian(payload.size(), 3) + big_endian(time_ms & 0xffffff, 3) +
         big_endian(time_ms >> 24 & 0xff, 1) + std::string(3, '\0') + payload + big_endian(11 + payload.size(), 4);
}

std::string chunk_of(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

/// An FLV tag of `bytes` in all, in a chunk of the upload.
std::string picture_of(std::size_t number, std::size_t bytes) {
  constexpr std::size_t kAround = 15 + 9;  // of the tag, of the one NAL unit in it
  const std::size_t unit = bytes - kAround;
  std::string payload(1, number % kTagsPerPicture == 0 ? '\x17' : '\x27');
  payload += '\x01' + std::string(3, '\0') + big_endian(unit, 4) + std::string(unit, 'e');
  return chunk_of(tag_of(number, payload));
}

/// The file header and the decoder's configuration.
std::string film_head() {
  static constexpr unsigned char kConfig[] = {0x17, 0,    0, 0,    0,    1,    0x42, 0xc0, 0x1e, 0xff,
                                              0xe1, 0,    9, 0x67, 0x42, 0xc0, 0x1e, 0x95, 0xa0, 0x50,
                                              0x1e, 0x84, 1, 0,    4,    0x68, 0xce, 0x3c, 0x80};
  return chunk_of(std::string("FLV\x01\x01\0\0\0\x09\0\0\0\0", 13) +
                  tag_of(0, std::string(reinterpret_cast<const char*>(kConfig), sizeof kConfig)));
}

std::string upgrade_of(const std::string& path) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
}

struct Options {
  std::string what;
  int port;
  std::string pid;
  std::size_t clients, bytes;
  double rate;
  std::size_t window;
  Seconds seconds;

  bool hub() const { return what.starts_with("hub"); }
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), buffer_(kReadBytes) {
    // What a frame of a server has before 126 to 65,535 bytes; a chunk's head is not counted.
    frame_bytes_ = options.bytes + (options.what == "hub-http" ? 0 : 4);
    if (options.what == "wss") tls_ = SSL_CTX_new(TLS_client_method());
    if (options.hub()) begin_upload();
    poll_ = epoll_create1(0);
    double before = 0;
    for (std::size_t i = 0; i < options.clients; ++i) {
      links_.push_back(join());
      // The first one brings in code and buffers that all share.
      if (i == 0) before = rss_kib(options.pid);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(poll_, EPOLL_CTL_ADD, links_.back().descriptor(), &event);
    }
    received_.resize(options.clients);
    chunks_.resize(options.clients);
    rss_before_ = before;
    rss_each_ = rss_of_each();
    for (Link& link : links_) link.do_not_wait();
    if (options.hub()) settle();
  }

  void run() {
    const auto begin = Clock::now();
    turn_until(begin + std::chrono::duration_cast<Clock::duration>(kWarmUp), true);
    measuring_ = true;
    const double cpu = cpu_of(options_.pid);
    const std::uint64_t total = total_;
    const auto measured = Clock::now();
    turn_until(measured + std::chrono::duration_cast<Clock::duration>(options_.seconds), true);
    const double seconds = Seconds(Clock::now() - measured).count();
    const double deliveries = static_cast<double>(total_ - total) / static_cast<double>(frame_bytes_);
    const double spent = cpu_of(options_.pid) - cpu;
    measuring_ = false;
    const bool whole = drain();
    print(deliveries, seconds, spent, whole);
  }

 private:
  static std::string token() {
    const char* const token = std::getenv("CAMSPAN_BENCH_TOKEN");
    return std::string("Authorization: Bearer ") + (token != nullptr ? token : "") + "\r\n\r\n";
  }

  Link join() const {
    Link link(options_.port, tls_);
    if (options_.what == "hub-http")
      link.ask("GET /live/cam0.flv HTTP/1.1\r\nHost: bench\r\n" + token(), " 200 ");
    else if (options_.hub())
      link.ask(upgrade_of("/live/cam0.flv") + token(), " 101 ");
    else
      link.ask(upgrade_of("/appdata") + "\r\n", " 101 ");
    return link;
  }

  /// A camera with its first picture, for viewers to join.
  void begin_upload() {
    upload_.emplace(options_.port, nullptr);
    const std::string begin =
        "POST /ingest/cam0 HTTP/1.1\r\nHost: bench\r\nContent-Type: video/x-flv\r\n"
        "Transfer-Encoding: chunked\r\n" +
        token() + film_head() + picture_of(0, options_.bytes);
    upload_->send(begin.data(), begin.size());
    upload_->do_not_wait();
    wait_for_stream();
  }

  /// Viewers are refused until the hub has the first picture.
  void wait_for_stream() const {
    for (const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(kPatience);;) {
      try {
        join();
        return;
      } catch (const std::runtime_error&) {
        if (Clock::now() > end) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  /// Takes what viewers get first: all of them the same.
  void settle() {
    turn_until(Clock::now() + std::chrono::duration_cast<Clock::duration>(kSettle), false, false);
    const auto same = [&](std::uint64_t bytes) { return bytes == received_.front() && bytes > options_.bytes; };
    if (!std::all_of(received_.begin(), received_.end(), same)) throw std::runtime_error("viewers began differently");
    std::fill(received_.begin(), received_.end(), 0);
    total_ = 0;
  }

  double rss_of_each() const { return (rss_kib(options_.pid) - rss_before_) / static_cast<double>(options_.clients); }

  Link& publisher() { return upload_ ? *upload_ : links_.front(); }

  /// Messages that all clients have, on average.
  std::size_t done() const { return total_ / (frame_bytes_ * options_.clients); }

  bool may_publish(Clock::time_point now) const {
    if (out_ > 0) return true;
    if (options_.rate > 0) return now >= next_;
    return sent_at_.size() - done() < options_.window;
  }

  void publish() {
    if (upload_) upload_->discard(buffer_.data(), buffer_.size());  // acknowledgements
    const auto now = Clock::now();
    while (may_publish(now)) {
      if (out_ == 0) {
        if (sent_at_.empty()) next_ = now;
        sent_at_.push_back(now);
        next_ += std::chrono::duration_cast<Clock::duration>(Seconds(options_.rate > 0 ? 1 / options_.rate : 0));
        if (upload_)
          message_ = picture_of(sent_at_.size(), options_.bytes);
        else if (message_.empty())
          message_ = message_of(options_.bytes);
      }
      if (!send_rest()) return;
    }
  }

  /// @return false when the server takes nothing now
  bool send_rest() {
    const ssize_t count = publisher().send(message_.data() + out_, message_.size() - out_);
    if (count <= 0) return false;
    out_ = (out_ + static_cast<std::size_t>(count)) % message_.size();
    return true;
  }

  void turn_until(Clock::time_point end, bool publishing, bool until_whole = true) {
    epoll_event events[256];
    while (Clock::now() < end) {
      if (publishing) publish();
      // A fixed rate is kept by looking often: the load has a core of its own.
      const int count = epoll_wait(poll_, events, 256, options_.rate > 0 && publishing ? 0 : 1);
      for (int i = 0; i < count; ++i) take(events[i].data.u64);
      if (!publishing && until_whole && whole()) return;
    }
  }

  /// @return how many bytes of messages came
  std::size_t read(std::size_t client) {
    Link& link = links_[client];
    if (options_.what == "hub-http") return read_chunks(link, chunks_[client]);
    const ssize_t count =
        link.tls() ? link.receive(buffer_.data(), buffer_.size()) : link.discard(buffer_.data(), buffer_.size());
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  /// Looks at the heads of chunks alone: to copy the rest would cost the load more than the server.
  std::size_t read_chunks(Link& link, Chunks& chunks) {
    constexpr std::size_t kHeadBytes = 8;
    std::size_t body = 0;
    for (;;) {
      const std::size_t left = chunks.left();
      const ssize_t count = left > 0 ? link.discard(buffer_.data(), std::min(left, buffer_.size()))
                                     : link.receive(buffer_.data(), kHeadBytes);
      if (count <= 0) return body;
      const auto size = static_cast<std::size_t>(count);
      body += left > 0 ? chunks.skip(size) : chunks.count({buffer_.data(), size});
    }
  }

  void take(std::size_t client) {
    const std::uint64_t before = received_[client] / frame_bytes_;
    const std::size_t count = read(client);
    received_[client] += count;
    total_ += count;
    if (!measuring_ || client >= kSampled) return;
    const auto now = Clock::now();
    for (std::uint64_t number = before; number < received_[client] / frame_bytes_; ++number)
      delays_.push_back(Seconds(now - sent_at_[number]).count() * 1e3);
  }

  bool whole() const {
    const std::uint64_t wanted = sent_at_.size() * frame_bytes_;
    return std::all_of(received_.begin(), received_.end(), [&](std::uint64_t bytes) { return bytes == wanted; });
  }

  /// @return false when something was lost
  bool drain() {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(kPatience);
    while (out_ > 0 && Clock::now() < end) {
      send_rest();
      turn_until(Clock::now() + std::chrono::milliseconds(1), false, false);
    }
    turn_until(end, false);
    return whole();
  }

  void print(double deliveries, double seconds, double cpu, bool whole) {
    std::sort(delays_.begin(), delays_.end());
    const auto at = [&](double part) {
      return delays_.empty() ? 0.0 : delays_[static_cast<std::size_t>(part * static_cast<double>(delays_.size() - 1))];
    };
    const double gb = deliveries * static_cast<double>(options_.bytes) / 1e9;
    std::printf(
        "{\"deliveries_per_s\": %.0f, \"cpu_s_per_gb\": %.3f, \"cpu_us_per_delivery\": %.2f, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, \"rss_kib_joined\": %.2f, \"rss_kib_after\": %.2f, \"server_load\": %.2f, \"lost\": %s}\n",
        deliveries / seconds, cpu / gb, cpu / deliveries * 1e6, at(0.5), at(0.99), rss_each_, rss_of_each(),
        cpu / seconds, whole ? "false" : "true");
  }

  const Options options_;
  std::vector<char> buffer_;  // for what nobody looks at
  SSL_CTX* tls_ = nullptr;    // as long as the program
  std::optional<Link> upload_;
  std::string message_;  // that is being sent
  std::size_t frame_bytes_ = 0;
  int poll_ = -1;
  std::vector<Link> links_;
  std::vector<Chunks> chunks_;
  std::vector<std::uint64_t> received_;
  std::uint64_t total_ = 0;
  std::vector<Clock::time_point> sent_at_;
  Clock::time_point next_{};
  std::size_t out_ = 0;  // of the message that is being sent
  bool measuring_ = false;
  std::vector<double> delays_;
  double rss_before_ = 0;
  double rss_each_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 9) return 2;
  const rlimit many{20100, 20100};
  setrlimit(RLIMIT_NOFILE, &many);
  try {
    Load load({argv[1], std::atoi(argv[2]), argv[3], std::stoul(argv[4]), std::stoul(argv[5]), std::stod(argv[6]),
               std::stoul(argv[7]), Seconds(std::stod(argv[8]))});
    load.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
