#include "api/event_notifier.hpp"

namespace camspan {

net::IoThread& notify_thread() {
  static auto* const thread = new net::IoThread("camspan-notify");
  return *thread;
}

}  // namespace camspan
