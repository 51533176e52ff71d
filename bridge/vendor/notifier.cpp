#include "notifier.hpp"

#include <future>
#include <memory>

namespace camspan::linkkit {
namespace {

constexpr http2_stream_cb_t kNone{};
constexpr std::chrono::milliseconds kPatience{100};
// Frames of half a MiB in 2,048-byte packets.
constexpr std::size_t kMaxWaiting = 256;

thread_local bool t_runs_callbacks = false;

}  // namespace

Notifier::Notifier(const http2_stream_cb_t* callbacks)
    : callbacks_(callbacks != nullptr ? callbacks : &kNone), thread_("camspan-linkkit") {
  thread_.post([] { t_runs_callbacks = true; });
}

bool Notifier::post(Task task) {
  if (finished_) return false;
  ++waiting_;
  thread_.post([this, task = std::move(task)] {
    task(*callbacks_);
    --waiting_;
  });
  return true;
}

void Notifier::settle() {
  if (waiting_ == 0 || on_callback_thread()) return;
  const auto done = std::make_shared<std::promise<void>>();
  auto reached = done->get_future();
  if (post([done](const http2_stream_cb_t&) { done->set_value(); })) reached.wait_for(kPatience);
}

void Notifier::wait_for_room() {
  while (waiting_ > kMaxWaiting && !finished_ && !on_callback_thread()) settle();
}

void Notifier::finish() {
  finished_ = true;
  thread_.run([] {});
}

bool Notifier::on_callback_thread() {
  return t_runs_callbacks;
}

}  // namespace camspan::linkkit
