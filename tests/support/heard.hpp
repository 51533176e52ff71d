/// What an upload tells its owner.
#pragma once

#include <camspan/h2_push.hpp>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace camspan::test {

/// Collects events; wait() for one with a deadline.
class Heard {
 public:
  H2PushEvents events() {
    H2PushEvents result;
    result.state = [this](ConnectionState state) {
      if (state == ConnectionState::idle) note("idle", "");
      if (state == ConnectionState::connected) note("connected", "");
    };
    result.lost = [this](const Failure& failure) { note("lost", failure.sentence); };
    result.progress = [this](bool, int attempt, ConnectStep step) {
      if (step == ConnectStep::begun) note("begun", std::to_string(attempt));
      if (step == ConnectStep::failed) note("not connected", std::to_string(attempt));
    };
    result.failed = [this](const Failure& failure) { note("failed", failure.sentence, failure.code); };
    result.acked = [this](std::uint64_t bytes, auto) { note("acked", std::to_string(bytes)); };
    result.spool = [this](std::uint64_t bytes, auto) {
      note(bytes == 0 ? "spool-empty" : "spool", std::to_string(bytes));
    };
    result.spool_failed = [this](const Failure& failure) { note("spool-failed", failure.sentence, failure.code); };
    result.need_key = [this] { note("need-key", ""); };
    result.overflow = [this](bool on) { note(on ? "overflow" : "overflow-over", ""); };
    return result;
  }
  bool wait(const std::string& name, int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_[name] >= times; });
  }
  int count(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return count_[name];
  }
  std::string last(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return last_[name];
  }
  std::error_code code() {
    const std::lock_guard lock(mutex_);
    return code_;
  }

 private:
  void note(const std::string& name, std::string text, std::error_code code = {}) {
    const std::lock_guard lock(mutex_);
    ++count_[name];
    last_[name] = std::move(text);
    if (code) code_ = code;
    changed_.notify_all();  // under the lock: who waits may destroy this object as soon as it has it
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> count_;
  std::map<std::string, std::string> last_;
  std::error_code code_;
};

}  // namespace camspan::test
