/// Tells the user of an upload what happens.
#pragma once

#include <atomic>
#include <camspan/h2_push.hpp>
#include <functional>
#include <memory>
#include <string>

#include "net/io_thread.hpp"

namespace camspan {

/// Calls back on the notify thread; after silence() nothing more is called.
class Notifier {
 public:
  Notifier(net::IoThread& thread, H2PushEvents events);
  /// Calls `event` with `arguments` on the notify thread, if it is set.
  template <class... Parameters, class... Arguments>
  void operator()(std::function<void(Parameters...)> H2PushEvents::*event, Arguments... arguments) {
    if (!(box_->events.*event)) return;
    thread_.post([box = box_, event, arguments...] {
      if (!box->silent.load()) (box->events.*event)(arguments...);
    });
  }
  /// Asks for a token; `answer` is called on the notify thread.
  void ask_token(std::function<void(std::string)> answer);
  /// Asks whether the upload may go to `url`; as ask_token().
  void ask_redirect(std::string url, std::function<void(bool)> answer);
  bool can_ask_redirect() const { return static_cast<bool>(box_->events.redirect); }
  bool can_ask_token() const { return static_cast<bool>(box_->events.request_token); }
  /// Runs `task` on the notify thread, after every event before it; also when silenced.
  void after_events(std::function<void()> task) { thread_.post(std::move(task)); }
  void silence();

 private:
  struct Box {
    H2PushEvents events;
    std::atomic<bool> silent{false};
  };
  net::IoThread& thread_;
  std::shared_ptr<Box> box_;
};

}  // namespace camspan
