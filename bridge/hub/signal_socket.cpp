#include "hub/signal_socket.hpp"

#include <utility>

#include "proto/ws/frame.hpp"

namespace camspan::hub {
namespace {

// Some largest messages; a device takes what it gets within milliseconds.
constexpr std::size_t kMaxWaitingBytes = 1 << 20;
constexpr std::uint16_t kPolicy = 1008;

}  // namespace

void SignalSocket::tell(const net::signal::Message& message) {
  if (ending()) return;
  std::string text = net::signal::write(message);
  waiting_bytes_ += text.size();
  waiting_.push_back(std::move(text));
  if (waiting_bytes_ > kMaxWaitingBytes)
    lost();
  else
    wake_.notify();
}

void SignalSocket::end(std::uint16_t code, std::string reason) {
  if (ending()) return;
  code_ = code;
  reason_ = std::move(reason);
  wake_.notify();
}

void SignalSocket::lost() {
  lost_ = true;
  wake_.notify();
  // A write that waits for a peer that has gone would wait long.
  link_.abort();
}

asio::awaitable<void> SignalSocket::send(TimePoint hello_by) {
  while (!lost_) {
    if (!waiting_.empty()) {
      const std::string text = std::move(waiting_.front());
      waiting_.pop_front();
      const Bytes header = ws::frame_header(ws::Opcode::text, text.size());
      const std::array<ByteView, 2> frame{header, as_bytes(text)};
      const auto written = co_await link_.write(frame);
      waiting_bytes_ -= text.size();
      if (!written) lost();
    } else if (code_ != 0) {
      co_await link_.close(code_, reason_);
      link_.abort();
      co_return;
    } else {
      const TimePoint until = greeted ? TimePoint::max() : hello_by;
      const bool woken = co_await wake_.wait_until(until);
      if (!woken && !greeted) end(kPolicy, "no hello came");
    }
  }
}

}  // namespace camspan::hub
