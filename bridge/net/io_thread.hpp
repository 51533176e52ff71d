/// The I/O thread: one Asio loop for everything on TCP.
#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

namespace camspan::net {

/// Starts the thread in the constructor; the destructor stops the loop, which destroys every coroutine still in it, and
/// joins. Not for use from its own thread.
class IoThread {
 public:
  /// How it waits for what comes.
  enum class Pace : std::uint8_t {
    at_once,  ///< wakes for everything: nothing is ever delayed
    turns,    ///< of many peers: while it is busy it takes what comes within a millisecond together (net/turns.hpp)
  };

  explicit IoThread(const char* name = "camspan-io", Pace pace = Pace::at_once);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  asio::any_io_executor executor() const;
  /// Runs `task` on the thread, soon. Any thread; never blocks.
  void post(std::function<void()> task);
  /// Runs `task` on the thread and waits until it has run. Not from the thread itself.
  void run(std::function<void()> task);

  /// One thread shared by all users in the process (the elements); it ends when the last user lets go.
  static std::shared_ptr<IoThread> shared();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::net
