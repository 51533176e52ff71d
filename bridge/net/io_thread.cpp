#include "net/io_thread.hpp"

#include <pthread.h>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <csignal>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "core/log.hpp"
#include "net/turns.hpp"

namespace camspan::net {

struct IoThread::Impl {
  Impl(const char* name, Pace pace);
  ~Impl() {
    context.stop();
    thread.join();
  }
  void loop(const std::string& name, Pace pace) noexcept;
  void run_in_turns();

  asio::io_context context{1};  // one thread runs it
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
};

IoThread::Impl::Impl(const char* name, Pace pace) {
  // The program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread = std::thread([this, label = std::string(name), pace] { loop(label, pace); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void IoThread::Impl::run_in_turns() {
  for (Turns turns; !context.stopped();) {
    context.run_one();
    context.poll();
    std::this_thread::sleep_for(turns.end(std::chrono::steady_clock::now()));
  }
}

void IoThread::Impl::loop(const std::string& name, Pace pace) noexcept {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());  // the kernel's limit
  while (!context.stopped()) {
    try {
      if (pace == Pace::turns)
        run_in_turns();
      else
        context.run();
    } catch (const std::exception& error) {
      log::error("net", "a task of the I/O thread failed: ", error.what());
    }
  }
}

IoThread::IoThread(const char* name, Pace pace) : impl_(std::make_unique<Impl>(name, pace)) {}
IoThread::~IoThread() = default;

asio::any_io_executor IoThread::executor() const {
  return impl_->context.get_executor();
}

void IoThread::post(std::function<void()> task) {
  asio::post(impl_->context, std::move(task));
}

void IoThread::run(std::function<void()> task) {
  std::packaged_task<void()> job(std::move(task));
  auto done = job.get_future();
  asio::post(impl_->context, [&job] { job(); });
  done.get();
}

std::shared_ptr<IoThread> IoThread::shared() {
  static std::mutex mutex;
  static std::weak_ptr<IoThread> current;
  const std::lock_guard lock(mutex);
  auto thread = current.lock();
  if (thread == nullptr) {
    thread = std::make_shared<IoThread>();
    current = thread;
  }
  return thread;
}

}  // namespace camspan::net
