/// The P2P thread: one GMainContext for ICE, DTLS, SCTP and the sessions on them. A datagram never leaves it.
#pragma once

#include <functional>
#include <memory>

#include "core/time.hpp"

struct _GMainContext;

namespace camspan::net {

/// Starts the thread in the constructor; the destructor ends it after the task that runs, and joins. Tasks that did not
/// run are destroyed unrun, by the caller of the destructor. Not for destruction from its own thread.
class P2pThread {
 public:
  class Timer;
  struct Impl;
  struct Armed;  ///< a timer's inside

  explicit P2pThread(const char* name = "camspan-p2p");
  ~P2pThread();
  P2pThread(const P2pThread&) = delete;
  P2pThread& operator=(const P2pThread&) = delete;

  /// Runs `task` on the thread, soon, in the order of posting. Any thread; never blocks.
  void post(std::function<void()> task);
  /// Runs `task` on the thread and waits until it has run; what it throws is thrown here. Not from the thread itself.
  void run(std::function<void()> task);
  /// The caller is on the thread.
  bool here() const;
  /// Gives what was freed back to the system, a second from now: the C library would keep it for good once queues or
  /// many viewers have needed it. On the thread.
  void trim_memory_soon();
  /// For libnice. Owned by this object.
  _GMainContext* context() const;

  /// One thread shared by all users in the process (the elements); it ends when the last user lets go, which must not
  /// be on the thread itself.
  static std::shared_ptr<P2pThread> shared();

 private:
  std::unique_ptr<Impl> impl_;
};

/// Runs a function at a time, on the thread. Made, used and destroyed on the thread (or after it has ended).
class P2pThread::Timer {
 public:
  Timer(P2pThread& thread, std::function<void()> expired);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Once, at `when` (at once when that is past); replaces what was set before. `expired` may set it anew and may
  /// destroy the timer.
  void set(TimePoint when);
  void set_after(Nanoseconds delay);
  void cancel();
  bool is_set() const;

 private:
  std::shared_ptr<Armed> armed_;
};

}  // namespace camspan::net
