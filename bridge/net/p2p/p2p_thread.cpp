#include "net/p2p/p2p_thread.hpp"

#include <glib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <pthread.h>
#include <atomic>
#include <csignal>
#include <exception>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/log.hpp"

namespace camspan::net {

using Task = std::function<void()>;

/// A timer that is set. Shared by the timer and the table, so that `expired` may destroy its timer.
struct P2pThread::Armed {
  P2pThread::Impl* thread;
  Task expired;
  std::multimap<TimePoint, std::shared_ptr<Armed>>::iterator at{};
  bool set = false;
};

struct P2pThread::Impl {
  explicit Impl(const char* name);
  ~Impl();

  void loop(const std::string& name) noexcept;
  bool has_tasks();
  void run_tasks() noexcept;
  void run_timers() noexcept;
  void arm();
  static void guarded(const Task& task) noexcept;

  GMainContext* context;
  GSource* source;  // dispatches tasks and timers
  // Whatever crosses to this thread crosses here, under a lock that thread sanitizers know.
  std::mutex mutex;
  std::vector<Task> tasks;
  std::atomic<bool> ended{false};
  // On the thread alone.
  std::multimap<TimePoint, std::shared_ptr<Armed>> timers;
  std::unique_ptr<Timer> trim;
  std::thread thread;
};

namespace {

constexpr std::chrono::seconds kTrimDelay{1};  // at most so often, since it walks over all of the heap

struct TaskSource {
  GSource base;
  P2pThread::Impl* impl;
};

P2pThread::Impl& impl_of(GSource* source) {
  return *reinterpret_cast<TaskSource*>(source)->impl;
}

gboolean prepare(GSource* source, gint* timeout) {
  *timeout = -1;
  return impl_of(source).has_tasks() ? TRUE : FALSE;
}

gboolean check(GSource* source) {
  return impl_of(source).has_tasks() ? TRUE : FALSE;
}

// Called when prepare() or check() said so, or at the ready time.
gboolean dispatch(GSource* source, GSourceFunc /*callback*/, gpointer /*data*/) {
  impl_of(source).run_tasks();
  impl_of(source).run_timers();
  return G_SOURCE_CONTINUE;
}

GSourceFuncs source_functions{prepare, check, dispatch, nullptr, nullptr, nullptr};

// GLib's monotonic time and steady_clock are the same clock.
gint64 glib_time(TimePoint when) {
  return std::chrono::ceil<std::chrono::microseconds>(when.time_since_epoch()).count();
}

}  // namespace

P2pThread::Impl::Impl(const char* name) : context(g_main_context_new()) {
  source = g_source_new(&source_functions, sizeof(TaskSource));
  reinterpret_cast<TaskSource*>(source)->impl = this;
  g_source_attach(source, context);
  // The program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread = std::thread([this, label = std::string(name)] { loop(label); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

P2pThread::Impl::~Impl() {
  ended = true;
  g_main_context_wakeup(context);
  thread.join();
  g_source_destroy(source);
  g_source_unref(source);
  // What tasks own may have timers of this thread, which is over.
  tasks.clear();
  g_main_context_unref(context);
}

void P2pThread::Impl::loop(const std::string& name) noexcept {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());  // the kernel's limit
  g_main_context_push_thread_default(context);
  while (!ended) g_main_context_iteration(context, TRUE);
  g_main_context_pop_thread_default(context);
}

bool P2pThread::Impl::has_tasks() {
  const std::lock_guard lock(mutex);
  return !tasks.empty();
}

void P2pThread::Impl::guarded(const Task& task) noexcept {
  try {
    task();
  } catch (const std::exception& error) {
    log::error("p2p", "a task of the P2P thread failed: ", error.what());
  }
}

void P2pThread::Impl::run_tasks() noexcept {
  std::vector<Task> batch;
  {
    const std::lock_guard lock(mutex);
    batch.swap(tasks);
  }
  for (const auto& task : batch) {
    if (ended) return;
    guarded(task);
  }
}

void P2pThread::Impl::run_timers() noexcept {
  const auto now = std::chrono::steady_clock::now();
  while (!timers.empty() && timers.begin()->first <= now && !ended) {
    const auto armed = timers.begin()->second;
    timers.erase(timers.begin());
    armed->set = false;
    guarded(armed->expired);
  }
  arm();
}

void P2pThread::Impl::arm() {
  g_source_set_ready_time(source, timers.empty() ? -1 : glib_time(timers.begin()->first));
}

P2pThread::P2pThread(const char* name) : impl_(std::make_unique<Impl>(name)) {}
P2pThread::~P2pThread() = default;

void P2pThread::post(Task task) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->tasks.push_back(std::move(task));
  }
  g_main_context_wakeup(impl_->context);
}

void P2pThread::run(Task task) {
  std::packaged_task<void()> job(std::move(task));
  auto done = job.get_future();
  post([&job] { job(); });
  done.get();
}

void P2pThread::trim_memory_soon() {
  if (impl_->trim == nullptr) {
    impl_->trim = std::make_unique<Timer>(*this, [] {
#if defined(__GLIBC__)
      malloc_trim(0);
#endif
    });
  }
  if (!impl_->trim->is_set()) impl_->trim->set_after(kTrimDelay);
}

bool P2pThread::here() const {
  return std::this_thread::get_id() == impl_->thread.get_id();
}

_GMainContext* P2pThread::context() const {
  return impl_->context;
}

std::shared_ptr<P2pThread> P2pThread::shared() {
  static std::mutex mutex;
  static std::weak_ptr<P2pThread> current;
  const std::lock_guard lock(mutex);
  auto thread = current.lock();
  if (thread == nullptr) {
    thread = std::make_shared<P2pThread>();
    current = thread;
  }
  return thread;
}

P2pThread::Timer::Timer(P2pThread& thread, Task expired)
    : armed_(std::make_shared<Armed>(Armed{thread.impl_.get(), std::move(expired)})) {}

P2pThread::Timer::~Timer() {
  cancel();
}

void P2pThread::Timer::set(TimePoint when) {
  auto& impl = *armed_->thread;
  if (armed_->set) impl.timers.erase(armed_->at);
  armed_->at = impl.timers.emplace(when, armed_);
  armed_->set = true;
  if (armed_->at == impl.timers.begin()) impl.arm();
}

void P2pThread::Timer::set_after(Nanoseconds delay) {
  set(std::chrono::steady_clock::now() + delay);
}

bool P2pThread::Timer::is_set() const {
  return armed_->set;
}

void P2pThread::Timer::cancel() {
  if (!std::exchange(armed_->set, false)) return;
  armed_->thread->timers.erase(armed_->at);
}

}  // namespace camspan::net
