/// How an upload that is being stored is ended from outside, while it waits for more of its body.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>

#include "core/time.hpp"
#include "hub/problem.hpp"
#include "net/wake_up.hpp"

namespace camspan::hub {

class Uploads;

/// Lives on the frame of its route, on the I/O thread; listed among the uploads that run.
class BodyGuard {
 public:
  BodyGuard(Uploads& uploads, const asio::any_io_executor& executor);
  ~BodyGuard();
  BodyGuard(const BodyGuard&) = delete;
  BodyGuard& operator=(const BodyGuard&) = delete;

  void bytes_came();
  TimePoint last_bytes() const { return last_bytes_; }

  /// Ends it for `why`, unless the body is over already.
  void end_early(Problem why);
  const std::optional<Problem>& early() const { return early_; }
  /// No more of the body is read.
  void body_over();
  /// Returns when the body is over, or to be ended early.
  asio::awaitable<void> wait();

 private:
  Uploads& uploads_;
  TimePoint last_bytes_;
  net::WakeUp wake_;
  std::optional<Problem> early_;
  bool over_ = false;
};

}  // namespace camspan::hub
