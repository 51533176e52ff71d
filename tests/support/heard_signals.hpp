/// What a camera hears by signalling, for a test to wait for. Stands in for the sessions and their thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>

#include "net/p2p/signalling.hpp"

namespace camspan::test {

class HeardSignals final : public net::SignallingEvents {
 public:
  struct Left {
    std::string session, reason;
  };
  struct Ready {
    std::vector<net::IceServer> servers;
  };
  struct State {
    net::SignalState state;
    Failure why;
  };
  struct Keyframe {
    unsigned channel;
  };
  struct Moved {};
  using Event =
      std::variant<net::ViewerOffer, net::ViewerCandidate, net::ViewerRestart, Left, Ready, State, Keyframe, Moved>;

  HeardSignals() : thread_([this] { run(); }) {}
  ~HeardSignals() override {
    post({});
    thread_.join();
  }

  /// To the thread that stands for the P2P thread.
  void post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }
  net::PostToP2p poster() {
    return [this](std::function<void()> task) { post(std::move(task)); };
  }
  /// Runs `task` there and waits.
  void run_there(const std::function<void()>& task) {
    bool done = false;
    post([&] {
      task();
      const std::lock_guard lock(mutex_);
      done = true;
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done; });
  }

  /// The next event of that kind; others before it are passed over. Throws after 20 s.
  template <class Wanted>
  Wanted next() {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
      while (!events_.empty()) {
        Event event = std::move(events_.front());
        events_.pop_front();
        if (auto* wanted = std::get_if<Wanted>(&event)) return std::move(*wanted);
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) throw std::runtime_error("nothing was heard");
    }
  }
  /// Waits for that state.
  State next_state(net::SignalState wanted) {
    for (;;) {
      State state = next<State>();
      if (state.state == wanted) return state;
    }
  }

  void offered(net::ViewerOffer offer) override { note(std::move(offer)); }
  void candidate(net::ViewerCandidate candidate) override { note(std::move(candidate)); }
  void restart(net::ViewerRestart restart) override { note(std::move(restart)); }
  void left(std::string session, std::string reason) override { note(Left{std::move(session), std::move(reason)}); }
  void ready(std::vector<net::IceServer> servers) override { note(Ready{std::move(servers)}); }
  void state(net::SignalState state, Failure why) override { note(State{state, std::move(why)}); }
  void keyframe_requested(unsigned channel) override { note(Keyframe{channel}); }
  void moved() override { note(Moved{}); }

 private:
  void note(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::deque<Event> events_;
  std::thread thread_;
};

}  // namespace camspan::test
