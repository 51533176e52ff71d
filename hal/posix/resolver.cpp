#include "posix/resolver.hpp"

#include <pthread.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>
#include <thread>

namespace camspan::posix {
namespace {

constexpr int kMaxThreads = 2;
constexpr int64_t kKeepNs = 30'000'000'000;
// A camera talks to a handful of hosts; this only bounds what a strange program can make us hold.
constexpr size_t kMaxAnswers = 64;
constexpr size_t kMaxAddresses = 32;

}  // namespace

Resolver& Resolver::instance() {
  static Resolver& resolver = *new Resolver;
  return resolver;
}

void Resolver::ask(std::string host, uint16_t port, Waiter waiter) {
  const int64_t now_ns = hal()->monotonic_ns();
  const Key key(std::move(host), port);
  std::vector<hal_address> known;
  {
    const std::lock_guard lock(mutex_);
    const auto answer = answers_.find(key);
    if (answer != answers_.end() && now_ns < answer->second.expires_ns) {
      known = answer->second.addresses;
    } else {
      const auto same = std::find_if(requests_.begin(), requests_.end(), [&](const auto& r) { return r.key == key; });
      if (same != requests_.end()) {
        same->waiters.push_back(waiter);
        return;
      }
      requests_.push_back({key, {waiter}});
      if (threads_ == kMaxThreads) return;
      ++threads_;
    }
  }
  if (!known.empty())
    call(std::span(&waiter, 1), 0, known);
  else
    start_thread();
}

void Resolver::start_thread() {
  // The program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::list<Request> abandoned;
  try {
    std::thread([this] { run(); }).detach();
  } catch (const std::system_error&) {
    const std::lock_guard lock(mutex_);
    // Another thread, if there is one, has not looked at the queue for the last time yet.
    if (--threads_ == 0) abandoned.swap(requests_);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const Request& request : abandoned) call(request.waiters, EAGAIN, {});
}

void Resolver::run() noexcept {
  pthread_setname_np(pthread_self(), "camspan-resolve");
  for (;;) {
    std::list<Request>::iterator next;
    {
      const std::lock_guard lock(mutex_);
      next = std::find_if(requests_.begin(), requests_.end(), [](const auto& r) { return !r.running; });
      if (next == requests_.end()) {
        --threads_;
        return;
      }
      next->running = true;
    }
    answer(next);
  }
}

void Resolver::answer(std::list<Request>::iterator request) noexcept {
  std::array<hal_address, kMaxAddresses> addresses;
  size_t count = 0;
  // The key of a running request does not change, so it is read without the lock.
  int status = hal()->resolve(request->key.first.c_str(), request->key.second, addresses.data(), kMaxAddresses, &count);
  if (status == 0 && count == 0) status = ENOENT;
  if (status != 0) count = 0;
  const std::span found(addresses.data(), count);
  const int64_t now_ns = hal()->monotonic_ns();

  std::list<Request> finished;
  {
    const std::lock_guard lock(mutex_);
    try {
      if (status == 0) keep(request->key, found, now_ns);
    } catch (const std::bad_alloc&) {
      // The answer is not kept, but it still goes to those who wait for it.
    }
    finished.splice(finished.end(), requests_, request);
  }
  call(finished.front().waiters, status, found);
}

void Resolver::keep(const Key& key, std::span<const hal_address> addresses, int64_t now_ns) {
  std::erase_if(answers_, [now_ns](const auto& entry) { return entry.second.expires_ns <= now_ns; });
  if (answers_.size() >= kMaxAnswers) {
    const auto by_age = [](const auto& a, const auto& b) { return a.second.expires_ns < b.second.expires_ns; };
    answers_.erase(std::min_element(answers_.begin(), answers_.end(), by_age));
  }
  answers_.insert_or_assign(key, Answer{{addresses.begin(), addresses.end()}, now_ns + kKeepNs});
}

void Resolver::call(std::span<const Waiter> waiters, int status, std::span<const hal_address> addresses) noexcept {
  for (const Waiter& waiter : waiters) waiter.done(waiter.user, status, addresses.data(), addresses.size());
}

}  // namespace camspan::posix

void hal_resolve(const char* host, uint16_t port, hal_resolved done, void* user) noexcept {
  if (host == nullptr || *host == '\0') return done(user, EINVAL, nullptr, 0);
  hal_address numeric;
  const int status = hal_address_parse(host, port, &numeric);
  if (status != EINVAL) return done(user, status, &numeric, status == 0 ? 1 : 0);
  try {
    camspan::posix::Resolver::instance().ask(host, port, {done, user});
  } catch (const std::bad_alloc&) {
    done(user, ENOMEM, nullptr, 0);
  }
}
