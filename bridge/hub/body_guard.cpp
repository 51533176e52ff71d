#include "hub/body_guard.hpp"

#include <utility>

#include "hub/clock.hpp"
#include "hub/uploads.hpp"

namespace camspan::hub {

BodyGuard::BodyGuard(Uploads& uploads, const asio::any_io_executor& executor)
    : uploads_(uploads), last_bytes_(steady_now()), wake_(executor) {
  uploads_.join(*this);
}

BodyGuard::~BodyGuard() {
  uploads_.leave(*this);
}

void BodyGuard::bytes_came() {
  last_bytes_ = steady_now();
}

void BodyGuard::end_early(Problem why) {
  if (early_ || over_) return;
  early_ = std::move(why);
  wake_.notify();
}

void BodyGuard::body_over() {
  over_ = true;
  wake_.notify();
}

asio::awaitable<void> BodyGuard::wait() {
  while (!over_ && !early_) co_await wake_.wait();
}

}  // namespace camspan::hub
