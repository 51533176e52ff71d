#include "net/happy_eyeballs.hpp"

#include <sys/socket.h>
#include <algorithm>
#include <asio/socket_base.hpp>
#include <asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "net/wake_up.hpp"

namespace camspan::net {
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// RFC 8305 section 5: Connection Attempt Delay.
constexpr std::chrono::milliseconds kAttemptDelay{250};
// A dead peer is noticed in 4 * 30 s even by a side that only waits.
constexpr int kKeepaliveSeconds = 30;

struct Attempt {
  tcp::socket socket;
  std::shared_ptr<bool> ready;  // set by the handler, which can outlive us
};

class Race {
 public:
  Race(const asio::any_io_executor& executor, std::span<const hal_address> addresses, const ConnectOptions& options)
      : executor_(executor), addresses_(addresses), options_(options), wake_up_(std::make_shared<WakeUp>(executor)) {}

  asio::awaitable<tl::expected<tcp::socket, Failure>> run(Clock::time_point deadline);

 private:
  void start_next();
  std::optional<tcp::socket> take_winner();
  Failure failure(bool timed_out) const;

  asio::any_io_executor executor_;
  std::span<const hal_address> addresses_;
  const ConnectOptions& options_;
  std::shared_ptr<WakeUp> wake_up_;
  std::size_t next_ = 0;
  std::vector<Attempt> attempts_;  // under way
  int error_ = 0;                  // errno of the first attempt that failed: the address the system prefers
};

void Race::start_next() {
  const hal_address& to = addresses_[next_++];
  const hal_socket_options socket_options{options_.interface.c_str(), options_.dscp, kKeepaliveSeconds, 1};
  int fd = -1;
  if (const int error = hal()->connect_start(&to, &socket_options, &fd); error != 0) {
    if (error_ == 0) error_ = error;
    return;
  }
  Attempt attempt{tcp::socket(executor_, to.family == 6 ? tcp::v6() : tcp::v4(), fd), std::make_shared<bool>(false)};
  attempt.socket.async_wait(tcp::socket::wait_write,
                            [ready = attempt.ready, wake_up = wake_up_](const std::error_code&) {
                              *ready = true;
                              wake_up->notify();
                            });
  attempts_.push_back(std::move(attempt));
}

/// Looks at the attempts that are decided; forgets those that failed.
std::optional<tcp::socket> Race::take_winner() {
  for (auto attempt = attempts_.begin(); attempt != attempts_.end();) {
    if (!*attempt->ready) {
      ++attempt;
      continue;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(attempt->socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == 0) return std::move(attempt->socket);
    if (error_ == 0) error_ = error;
    attempt = attempts_.erase(attempt);
  }
  return std::nullopt;
}

asio::awaitable<tl::expected<tcp::socket, Failure>> Race::run(Clock::time_point deadline) {
  for (;;) {
    while (next_ < addresses_.size() && attempts_.empty()) start_next();
    if (attempts_.empty()) co_return tl::unexpected<Failure>(failure(false));
    const bool more = next_ < addresses_.size();
    const auto until = more ? std::min(deadline, Clock::now() + kAttemptDelay) : deadline;
    const std::size_t under_way = attempts_.size();
    co_await wake_up_->wait_until(until);
    if (auto winner = take_winner()) co_return std::move(*winner);
    if (Clock::now() >= deadline) co_return tl::unexpected<Failure>(failure(true));
    // The delay is over, or one has failed: no reason to wait for the next.
    const bool one_failed = attempts_.size() < under_way;
    if (more && (one_failed || Clock::now() >= until)) start_next();
  }
}

Failure Race::failure(bool timed_out) const {
  const std::string name = options_.host + ':' + std::to_string(options_.port);
  if (timed_out && error_ == 0)
    return {Errc::timed_out, name + " did not answer within " + std::to_string(options_.timeout.count()) +
                                 " ms (TCP). Check address and port, and that no firewall drops the packets."};
  switch (error_) {
    case ECONNREFUSED:
      return {Errc::unreachable, "nothing listens on " + name + ". Start the server, or check the port."};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
      return {Errc::unreachable,
              name + " cannot be reached from here (" + std::strerror(error_) + "). Check this machine's network."};
    case ENODEV:
      return {Errc::bad_setting,
              "there is no network interface \"" + options_.interface + "\" to reach " + name + " by. Check its name."};
    case EPERM:
    case EACCES:
      return {Errc::unreachable, "this machine does not let us connect to " + name + " (" + std::strerror(error_) +
                                     "). Check its firewall, and the right to bind to an interface."};
    default:
      return {Errc::unreachable, name + ": connecting failed (" + std::strerror(error_) + ")."};
  }
}

}  // namespace

asio::awaitable<tl::expected<tcp::socket, Failure>> happy_eyeballs(std::span<const hal_address> addresses,
                                                                   const ConnectOptions& options,
                                                                   Clock::time_point deadline) {
  Race race(co_await asio::this_coro::executor, addresses, options);
  co_return co_await race.run(deadline);
}

}  // namespace camspan::net
