#include "net/watchdog.hpp"

#include <asio/steady_timer.hpp>

namespace camspan::net {

struct Watchdog::State {
  State(const asio::any_io_executor& executor, ByteStream& watched) : timer(executor), stream(&watched) {}

  asio::steady_timer timer;
  ByteStream* stream;  // null once the watchdog is gone
  unsigned armed = 0;  // raised by arm() and disarm(): a handler on its way knows that it is out of date
  bool fired = false;
};

Watchdog::Watchdog(const asio::any_io_executor& executor, ByteStream& stream)
    : state_(std::make_shared<State>(executor, stream)) {}

Watchdog::~Watchdog() {
  disarm();
  state_->stream = nullptr;
}

void Watchdog::arm(std::chrono::milliseconds from_now) {
  const unsigned turn = ++state_->armed;
  state_->timer.expires_after(from_now);
  state_->timer.async_wait([state = state_, turn](const std::error_code& error) {
    if (error || state->stream == nullptr || state->armed != turn) return;
    state->fired = true;
    state->stream->abort();
  });
}

void Watchdog::disarm() {
  ++state_->armed;
  state_->timer.cancel();
}

bool Watchdog::fired() const {
  return state_->fired;
}

}  // namespace camspan::net
