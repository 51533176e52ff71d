#include "net/lookup.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/this_coro.hpp>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/wake_up.hpp"

namespace camspan::net {
namespace {

/// Shared by the coroutine that waits and the HAL's lookup thread, which may answer long after the coroutine and its
/// event loop are gone. The pipe wakes the loop: unlike its executor it can be used when nobody listens any more.
struct Answer {
  Answer() = default;
  ~Answer() {
    if (read_end >= 0) close(read_end);
    if (write_end >= 0) close(write_end);
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  /// @return 0 or errno
  int open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
    read_end = ends[0];
    write_end = ends[1];
    return 0;
  }

  std::vector<hal_address> addresses;
  int status = 0;
  std::atomic<bool> done{false};  // set after the two above
  int read_end = -1;
  int write_end = -1;
};

void on_resolved(void* user, int status, const hal_address* addresses, size_t count) noexcept {
  const std::unique_ptr<std::shared_ptr<Answer>> answer(static_cast<std::shared_ptr<Answer>*>(user));
  Answer& into = **answer;
  into.status = status;
  try {
    into.addresses.assign(addresses, addresses + count);
  } catch (const std::bad_alloc&) {
    into.status = ENOMEM;
  }
  into.done.store(true, std::memory_order_release);
  // Fails only when the reader has gone.
  [[maybe_unused]] const auto ignored = ::write(into.write_end, "", 1);
}

Failure lookup_failure(const ConnectOptions& options, int status) {
  switch (status) {
    case ENOENT:
      return {Errc::name_not_found, options.host + ": there is no host of this name. Check the spelling."};
    case EAGAIN:
      return {Errc::name_unresolved, options.host +
                                         ": the name server did not answer. Check this machine's network "
                                         "and its DNS setting."};
    case ENODEV:
      return {Errc::bad_setting, options.host +
                                     ": this machine has no network interface of the zone named after "
                                     "the %. Check its name."};
    case EINVAL:
      return {Errc::bad_setting, "\"" + options.host + "\" can be no host name. Check the address."};
    default:
      return {Errc::name_unresolved, options.host + ": looking up the name failed (" + std::strerror(status) + ")."};
  }
}

Failure lookup_timed_out(const ConnectOptions& options) {
  return {Errc::timed_out, options.host + ": the name server did not answer within " +
                               std::to_string(options.timeout.count()) +
                               " ms. Check this machine's network and its DNS setting."};
}

}  // namespace

asio::awaitable<tl::expected<std::vector<hal_address>, Failure>> look_up(
    const ConnectOptions& options, std::chrono::steady_clock::time_point deadline) {
  auto answer = std::make_shared<Answer>();
  if (const int error = answer->open(); error != 0) co_return tl::unexpected<Failure>(lookup_failure(options, error));
  hal_resolve(options.host.c_str(), options.port, on_resolved, new std::shared_ptr<Answer>(answer));
  if (!answer->done.load(std::memory_order_acquire)) {
    const auto executor = co_await asio::this_coro::executor;
    const auto wake_up = std::make_shared<WakeUp>(executor);
    asio::posix::stream_descriptor pipe(executor, std::exchange(answer->read_end, -1));
    pipe.async_wait(asio::posix::stream_descriptor::wait_read,
                    [wake_up](const std::error_code&) { wake_up->notify(); });
    co_await wake_up->wait_until(deadline);
    if (!answer->done.load(std::memory_order_acquire)) co_return tl::unexpected<Failure>(lookup_timed_out(options));
  }
  if (answer->status != 0) co_return tl::unexpected<Failure>(lookup_failure(options, answer->status));
  co_return std::move(answer->addresses);
}

}  // namespace camspan::net
