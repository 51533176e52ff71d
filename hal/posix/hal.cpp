/// The table itself, and the entries too small for a file of their own: clock, random, log.
#include "posix/posix.hpp"

#include <sys/random.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace camspan::posix {
namespace {

int tls_context(void*, int) noexcept {
  return 0;
}

int64_t clock_ns(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t monotonic_ns() noexcept {
  return clock_ns(CLOCK_MONOTONIC);
}
int64_t utc_ns() noexcept {
  return clock_ns(CLOCK_REALTIME);
}

int random(void* out, size_t size) noexcept {
  auto* to = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t got = getrandom(to, size, 0);
    if (got < 0 && errno != EINTR) return errno;
    if (got < 0) continue;
    to += got;
    size -= static_cast<size_t>(got);
  }
  return 0;
}

const char* level_name(int level) noexcept {
  static constexpr std::array kNames{"ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
  return kNames[static_cast<size_t>(std::clamp(level, 0, static_cast<int>(kNames.size()) - 1))];
}

void log(int level, const char* category, const char* message) noexcept {
  const int64_t now = hal()->utc_ns();
  const time_t seconds = static_cast<time_t>(now / 1'000'000'000);
  tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date{};
  strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);

  // A longer line is cut: up to PIPE_BUF (4096 on Linux) a write is not mixed with those of other threads.
  std::array<char, 4096> line{};
  const int wanted = snprintf(line.data(), line.size() - 1, "%s.%03dZ %s %s %s", date.data(),
                              static_cast<int>(now / 1'000'000 % 1000), level_name(level), category, message);
  if (wanted < 0) return;
  const auto end = line.begin() + std::min(wanted, static_cast<int>(line.size()) - 2);
  // Text from a peer must not be able to begin a line of its own, or to steer a terminal.
  std::replace_if(
      line.begin(), end, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, ' ');
  *end = '\n';
  // Nowhere left to report a failure to.
  [[maybe_unused]] const ssize_t sent = write(STDERR_FILENO, line.data(), static_cast<size_t>(end - line.begin()) + 1);
}

constexpr hal_ops kDefault{
    .resolve = resolve,
    .connect_start = connect_start,
    .listen = listen,
    .tls_context = tls_context,
    .file_open = file_open,
    .file_write = file_write,
    .file_read = file_read,
    .file_sync = file_sync,
    .disk_sync = disk_sync,
    .file_truncate = file_truncate,
    .file_size = file_size,
    .file_close = file_close,
    .file_rename = file_rename,
    .file_remove = file_remove,
    .folder_create = folder_create,
    .folder_sync = folder_sync,
    .space_free = space_free,
    .monotonic_ns = monotonic_ns,
    .utc_ns = utc_ns,
    .random = random,
    .identity = identity,
    .log = log,
};

constinit hal_ops in_use = kDefault;

template <class Entry>
void take(Entry& to, Entry from) noexcept {
  if (from != nullptr) to = from;
}

}  // namespace

void put_why(const char* sentence, char* why, size_t why_size) noexcept {
  if (why != nullptr && why_size > 0) snprintf(why, why_size, "%s", sentence);
}

}  // namespace camspan::posix

const hal_ops* hal_default(void) noexcept {
  return &camspan::posix::kDefault;
}

void hal_register(const hal_ops* ops) noexcept {
  using camspan::posix::take;
  hal_ops table = camspan::posix::kDefault;
  if (ops != nullptr) {
    take(table.resolve, ops->resolve);
    take(table.connect_start, ops->connect_start);
    take(table.listen, ops->listen);
    take(table.tls_context, ops->tls_context);
    take(table.file_open, ops->file_open);
    take(table.file_write, ops->file_write);
    take(table.file_read, ops->file_read);
    take(table.file_sync, ops->file_sync);
    take(table.disk_sync, ops->disk_sync);
    take(table.file_truncate, ops->file_truncate);
    take(table.file_size, ops->file_size);
    take(table.file_close, ops->file_close);
    take(table.file_rename, ops->file_rename);
    take(table.file_remove, ops->file_remove);
    take(table.folder_create, ops->folder_create);
    take(table.folder_sync, ops->folder_sync);
    take(table.space_free, ops->space_free);
    take(table.monotonic_ns, ops->monotonic_ns);
    take(table.utc_ns, ops->utc_ns);
    take(table.random, ops->random);
    take(table.identity, ops->identity);
    take(table.log, ops->log);
  }
  camspan::posix::in_use = table;
}

const hal_ops* hal(void) noexcept {
  return &camspan::posix::in_use;
}
