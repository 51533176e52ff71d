/// Runs the callbacks of one handle.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "http2_stream_types.h"
#include "net/io_thread.hpp"

namespace camspan::linkkit {

/// A thread of its own, so that a callback may take its time: nobody else's waits behind it, and no lock is held.
class Notifier {
 public:
  using Task = std::function<void(const http2_stream_cb_t& callbacks)>;

  /// @param callbacks  stay the user's; NULL = none
  explicit Notifier(const http2_stream_cb_t* callbacks);

  /// Runs `task` after all that came before. Any thread; never blocks. @return false after finish()
  bool post(Task task);
  /// Waits until what was posted so far has run, or a callback takes longer than 100 ms: a program mostly finds done
  /// what came before a call's return, and one whose callback waits for that call is not locked up.
  void settle();
  /// Waits while far too many callbacks wait to run: whoever causes them goes at their pace.
  void wait_for_room();
  /// Runs what was posted so far, and nothing afterwards. Not from a callback.
  void finish();

  /// True on the thread of any handle's callbacks.
  static bool on_callback_thread();
  const http2_stream_cb_t& callbacks() const { return *callbacks_; }

 private:
  const http2_stream_cb_t* callbacks_;
  std::atomic<bool> finished_{false};
  std::atomic<std::size_t> waiting_{0};
  net::IoThread thread_;
};

}  // namespace camspan::linkkit
