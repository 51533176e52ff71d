/// One device's /signal, while it is connected.
#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <deque>
#include <string>

#include "hub/whep_session.hpp"
#include "net/wake_up.hpp"
#include "net/ws_link.hpp"

namespace camspan::hub {

/// Lives on the frame of its route, on the I/O thread.
class SignalSocket final : public WhepCamera {
 public:
  SignalSocket(DeviceId the_device, net::WsLink& link, const asio::any_io_executor& executor)
      : device(std::move(the_device)), link_(link), wake_(executor) {}

  /// A device that takes nothing is given up when too much waits for it.
  void tell(const net::signal::Message& message) override;
  /// Closes with `code` (RFC 6455 section 7.4) when what waits is sent.
  void end(std::uint16_t code, std::string reason);
  /// The peer is gone.
  void lost();
  /// Sends what waits until the end. @param hello_by  closes if `greeted` is not set by then
  asio::awaitable<void> send(TimePoint hello_by);
  asio::awaitable<Result<net::WsLink::Message>> read() { return link_.read(); }
  bool ending() const { return code_ != 0 || lost_; }

  const DeviceId device;
  bool greeted = false;  ///< said hello; it is listed

 private:
  net::WsLink& link_;
  net::WakeUp wake_;
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint16_t code_ = 0;  // to close with; 0 = not ended
  std::string reason_;
  bool lost_ = false;
};

}  // namespace camspan::hub
