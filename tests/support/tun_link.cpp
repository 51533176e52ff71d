/// Joins two network namespaces by a link that is slow, full or loses: a TUN device in each, and this program between
/// them. For kernels without sch_netem; needs root.
///   tun_link NAMESPACE ADDRESS NAMESPACE ADDRESS [NAME VALUE]...
/// Says "ready", then reads lines of NAME VALUE pairs that hold from then on, and ends with its input. Names: `delay`
/// one way, ms; `loss` each way, percent; `rate` kbit/s from the first to the second, 0 = without bound; `queue` bytes
/// that wait for it. From the second to the first there is no bound: what goes there are acknowledgements.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

constexpr int kMtu = 1500;
constexpr int kBatch = 64;                // packets of one direction before the other has its turn
constexpr unsigned long kSlackNs = 1000;  // of timers; the system's 50 us would be seen in the delay

[[noreturn]] void give_up(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class File {
 public:
  explicit File(int number, const std::string& what) : number_(number) {
    if (number_ < 0) give_up(what);
  }
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

void set_address(const File& socket, ifreq& request, unsigned long which, const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) throw std::runtime_error(text + " is no IPv4 address");
  std::memcpy(&request.ifr_addr, &address, sizeof(address));
  if (ioctl(socket.get(), which, &request) != 0) give_up("address " + text);
}

/// A TUN device in that namespace, with an address and the other end's.
File open_tun(const std::string& name_space, const std::string& address, const std::string& other) {
  const File home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "own namespace");
  const File there(open(("/run/netns/" + name_space).c_str(), O_RDONLY | O_CLOEXEC), name_space);
  if (setns(there.get(), CLONE_NEWNET) != 0) give_up(name_space);
  File tun(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
  ifreq request{};
  std::strncpy(request.ifr_name, "link0", IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(tun.get(), TUNSETIFF, &request) != 0) give_up("TUN device");
  const File socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  set_address(socket, request, SIOCSIFADDR, address);
  set_address(socket, request, SIOCSIFDSTADDR, other);
  request.ifr_mtu = kMtu;
  if (ioctl(socket.get(), SIOCSIFMTU, &request) != 0) give_up("MTU");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT;
  if (ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) give_up("up");
  if (setns(home.get(), CLONE_NEWNET) != 0) give_up("own namespace");
  return tun;
}

/// What is written to a TUN device waits on the processor that wrote it: from two it would come out of order, which looks
/// like loss.
void stay_on_one_processor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
  if (sched_setaffinity(0, sizeof(one), &one) != 0) give_up("processor");
}

/// One way of the link. In order: what comes later arrives later.
class Way {
 public:
  Clock::duration delay{};
  double loss = 0;               // 0..1
  double rate = 0;               // bytes/s; 0 = without bound
  std::size_t queue = 64 << 10;  // bytes

  Way(const File& from, const File& to, std::uint32_t seed) : from_(from.get()), to_(to.get()), random_(seed) {}

  int from() const { return from_; }
  Clock::time_point next() const { return waiting_.empty() ? Clock::time_point::max() : waiting_.front().at; }

  void take(Clock::time_point now) {
    std::array<char, 65536> packet{};
    for (int i = 0; i < kBatch; ++i) {
      const ssize_t size = read(from_, packet.data(), packet.size());
      if (size <= 0) return;
      add(std::string(packet.data(), static_cast<std::size_t>(size)), now);
    }
  }
  void give(Clock::time_point now) {
    for (; !waiting_.empty() && waiting_.front().at <= now; waiting_.pop_front()) {
      const std::string& packet = waiting_.front().bytes;
      // What the other end does not take is lost, as on a real one.
      if (write(to_, packet.data(), packet.size()) < 0 && errno != EAGAIN && errno != EIO) give_up("write");
    }
  }

 private:
  struct Packet {
    Clock::time_point at;
    std::string bytes;
  };

  void add(std::string packet, Clock::time_point now) {
    auto at = now;
    if (rate > 0) {
      const auto begin = std::max(busy_until_, now);
      const double queued = duration<double>(begin - now).count() * rate;
      if (queued + static_cast<double>(packet.size()) > static_cast<double>(queue)) return;
      const duration<double> takes(static_cast<double>(packet.size()) / rate);
      at = busy_until_ = begin + duration_cast<Clock::duration>(takes);
    }
    if (loss > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < loss) return;
    at += delay;
    if (!waiting_.empty()) at = std::max(at, waiting_.back().at);  // the delay has just become shorter
    waiting_.push_back({at, std::move(packet)});
  }

  const int from_;
  const int to_;
  std::mt19937 random_;
  Clock::time_point busy_until_{};
  std::deque<Packet> waiting_;
};

class TunLink {
 public:
  explicit TunLink(const std::vector<std::string>& words)
      : first_(open_tun(words[0], words[1], words[3])), second_(open_tun(words[2], words[3], words[1])) {}

  void set(const std::string& name, double value) {
    for (Way* way : {&there_, &back_}) {
      if (name == "delay") way->delay = duration_cast<Clock::duration>(duration<double, std::milli>(value));
      if (name == "loss") way->loss = value / 100;
    }
    if (name == "rate") there_.rate = value * 1000 / 8;
    if (name == "queue") there_.queue = static_cast<std::size_t>(value);
  }

  /// Until the input ends.
  void run() {
    std::cout << "ready" << std::endl;
    for (;;) {
      std::array<pollfd, 3> files{
          pollfd{there_.from(), POLLIN, 0}, {back_.from(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
      const auto wait =
          std::min<nanoseconds>(std::min(there_.next(), back_.next()) - Clock::now(), std::chrono::hours(1));
      const auto left = std::max<nanoseconds>(wait, nanoseconds(0));
      const auto seconds = duration_cast<std::chrono::seconds>(left);
      const timespec time{seconds.count(), (left - seconds).count()};
      if (ppoll(files.data(), files.size(), &time, nullptr) < 0 && errno != EINTR) give_up("poll");
      if (files[2].revents != 0 && !listen()) return;
      for (Way* way : {&there_, &back_}) {
        way->take(Clock::now());
        way->give(Clock::now());
      }
    }
  }

 private:
  bool listen() {
    std::array<char, 4096> text{};
    const ssize_t size = read(STDIN_FILENO, text.data(), text.size());
    if (size <= 0) return false;
    std::istringstream words(std::string(text.data(), static_cast<std::size_t>(size)));
    std::string name;
    for (double value = 0; words >> name >> value;) set(name, value);
    return true;
  }

  File first_;
  File second_;
  Way there_{first_, second_, 1};
  Way back_{second_, first_, 2};
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4 || words.size() % 2 != 0) {
    std::cerr << "usage: tun_link NAMESPACE ADDRESS NAMESPACE ADDRESS [delay|loss|rate|queue VALUE]...\n";
    return 2;
  }
  try {
    prctl(PR_SET_TIMERSLACK, kSlackNs);
    stay_on_one_processor();
    TunLink link(words);
    for (std::size_t i = 4; i < words.size(); i += 2) link.set(words[i], std::stod(words[i + 1]));
    link.run();
  } catch (const std::exception& error) {
    std::cerr << "tun_link: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
