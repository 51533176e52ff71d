/// Tells the user of an object of ours what happens.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "api/notify_thread.hpp"

namespace camspan {

/// Calls back on the notify thread; after silence() nothing more is called. `Events` is a struct of std::functions.
template <class Events>
class EventNotifier {
 public:
  explicit EventNotifier(Events events) : box_(std::make_shared<Box>()) { box_->events = std::move(events); }

  /// True if the user wants to hear of `event`.
  template <class Function>
  bool hears(Function Events::*event) const {
    return static_cast<bool>(box_->events.*event);
  }
  /// Calls `event` with `arguments` on the notify thread, if it is set.
  template <class... Parameters, class... Arguments>
  void operator()(std::function<void(Parameters...)> Events::*event, Arguments... arguments) const {
    if (!hears(event)) return;
    notify_thread().post([box = box_, event, arguments...] {
      if (!box->silent.load()) (box->events.*event)(arguments...);
    });
  }
  /// Asks the user; `answered` gets what `event` says, or `otherwise` after silence(), on the notify thread. The event
  /// is set.
  template <class Value, class... Parameters, class... Arguments>
  void ask(std::function<Value(Parameters...)> Events::*event, Value otherwise, std::function<void(Value)> answered,
           Arguments... arguments) const {
    notify_thread().post([box = box_, event, otherwise, answered = std::move(answered), arguments...] {
      answered(box->silent.load() ? otherwise : (box->events.*event)(arguments...));
    });
  }
  /// Runs `task` on the notify thread, after every event before it; also when silenced.
  void after_events(std::function<void()> task) const { notify_thread().post(std::move(task)); }
  void silence() const { box_->silent.store(true); }

 private:
  struct Box {
    Events events;
    std::atomic<bool> silent{false};
  };
  std::shared_ptr<Box> box_;
};

}  // namespace camspan
