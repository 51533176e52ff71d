/// Clients of a server that gives what one of them writes to all: one publishes, all count what they get.
///   ws_fanout_load PORT SERVER_PID CLIENTS BYTES RATE WINDOW SECONDS
/// RATE messages a second; 0 = as many as come back, with WINDOW messages on their way at most. Prints one line of
/// JSON.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kSampled = 16;  // clients whose delays are kept
constexpr Seconds kWarmUp{1.0};
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

int dial(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("cannot connect");
  const std::string request =
      "GET /appdata HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (send(fd, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size()))
    throw std::runtime_error("cannot ask");
  std::string head;
  for (char one = 0; !head.ends_with("\r\n\r\n"); head += one)
    if (recv(fd, &one, 1, 0) != 1) throw std::runtime_error("no answer");
  if (head.find(" 101 ") == std::string::npos) throw std::runtime_error("refused: " + head);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// {"method":"write","stream":"m","data":bin} of `bytes` in all, as a client's frame masked with zeros.
std::string message_of(std::size_t bytes, std::size_t& payload) {
  std::string head("\x83\xa6method\xa5write\xa6stream\xa1m\xa4");
  head += "data\xc5";
  const std::size_t bin = bytes - head.size() - 2;
  head += static_cast<char>(bin >> 8);
  head += static_cast<char>(bin & 0xff);
  head += std::string(bin, 'x');
  payload = head.size();
  std::string frame("\x82\xfe");
  frame += static_cast<char>(payload >> 8);
  frame += static_cast<char>(payload & 0xff);
  return frame + std::string(4, '\0') + head;
}

struct Options {
  int port;
  std::string pid;
  std::size_t clients, bytes;
  double rate;
  std::size_t window;
  Seconds seconds;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), message_(message_of(options.bytes, payload_)) {
    frame_bytes_ = payload_ + 4;
    poll_ = epoll_create1(0);
    double before = 0;
    for (std::size_t i = 0; i < options.clients; ++i) {
      fds_.push_back(dial(options.port));
      // The first one brings in code and buffers that all share.
      if (i == 0) before = rss_kib(options.pid);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(poll_, EPOLL_CTL_ADD, fds_.back(), &event);
    }
    received_.resize(options.clients);
    rss_each_ = (rss_kib(options.pid) - before) / static_cast<double>(options.clients);
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
  /// Messages that all clients have, on average.
  std::size_t done() const { return total_ / (frame_bytes_ * options_.clients); }

  bool may_publish(Clock::time_point now) const {
    if (out_ > 0) return true;
    if (options_.rate > 0) return now >= next_;
    return sent_at_.size() - done() < options_.window;
  }

  void publish() {
    const auto now = Clock::now();
    while (may_publish(now)) {
      if (out_ == 0) {
        if (sent_at_.empty()) next_ = now;
        sent_at_.push_back(now);
        next_ += std::chrono::duration_cast<Clock::duration>(Seconds(options_.rate > 0 ? 1 / options_.rate : 0));
      }
      const ssize_t count = send(fds_[0], message_.data() + out_, message_.size() - out_, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) return;
      out_ = (out_ + static_cast<std::size_t>(count)) % message_.size();
    }
  }

  void turn_until(Clock::time_point end, bool publishing) {
    epoll_event events[256];
    while (Clock::now() < end) {
      if (publishing) publish();
      // A fixed rate is kept by looking often: the load has a core of its own.
      const int count = epoll_wait(poll_, events, 256, options_.rate > 0 && publishing ? 0 : 1);
      for (int i = 0; i < count; ++i) take(events[i].data.u64);
      if (!publishing && whole()) return;
    }
  }

  void take(std::size_t client) {
    static char unused[1 << 20];
    const ssize_t count = recv(fds_[client], unused, sizeof unused, MSG_DONTWAIT | MSG_TRUNC);
    if (count <= 0) return;
    const std::uint64_t before = received_[client] / frame_bytes_;
    received_[client] += static_cast<std::uint64_t>(count);
    total_ += static_cast<std::uint64_t>(count);
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
    while (out_ > 0) {
      const ssize_t count = send(fds_[0], message_.data() + out_, message_.size() - out_, MSG_NOSIGNAL);
      if (count <= 0) return false;
      out_ = (out_ + static_cast<std::size_t>(count)) % message_.size();
    }
    turn_until(Clock::now() + std::chrono::duration_cast<Clock::duration>(kPatience), false);
    return whole();
  }

  void print(double deliveries, double seconds, double cpu, bool whole) {
    std::sort(delays_.begin(), delays_.end());
    const auto at = [&](double part) {
      return delays_.empty() ? 0.0 : delays_[static_cast<std::size_t>(part * static_cast<double>(delays_.size() - 1))];
    };
    const double gb = deliveries * static_cast<double>(payload_) / 1e9;
    std::printf(
        "{\"deliveries_per_s\": %.0f, \"cpu_s_per_gb\": %.3f, \"cpu_us_per_delivery\": %.2f, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, \"rss_kib_per_client\": %.2f, \"server_load\": %.2f, \"lost\": %s}\n",
        deliveries / seconds, cpu / gb, cpu / deliveries * 1e6, at(0.5), at(0.99), rss_each_, cpu / seconds,
        whole ? "false" : "true");
  }

  const Options options_;
  std::size_t payload_ = 0;
  const std::string message_;
  std::size_t frame_bytes_ = 0;
  int poll_ = -1;
  std::vector<int> fds_;
  std::vector<std::uint64_t> received_;
  std::uint64_t total_ = 0;
  std::vector<Clock::time_point> sent_at_;
  Clock::time_point next_{};
  std::size_t out_ = 0;  // of the message that is being sent
  bool measuring_ = false;
  std::vector<double> delays_;
  double rss_each_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 8) return 2;
  const rlimit many{20100, 20100};
  setrlimit(RLIMIT_NOFILE, &many);
  try {
    Load load({std::atoi(argv[1]), argv[2], std::stoul(argv[3]), std::stoul(argv[4]), std::stod(argv[5]),
               std::stoul(argv[6]), Seconds(std::stod(argv[7]))});
    load.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
