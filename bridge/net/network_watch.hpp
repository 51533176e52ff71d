/// Tells when this machine gets an address, a link or a route: the network is back, or another one is there.
#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace camspan::net {

/// Lives on one I/O thread. Where the kernel gives no such news (rtnetlink), it stays silent.
class NetworkWatch {
 public:
  /// @param changed  called there, once for changes that come together
  NetworkWatch(const asio::any_io_executor& executor, std::function<void()> changed);
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the handler, which can be on its way when we are destroyed
};

/// All of this host, without zones.
std::set<std::string> own_addresses();

/// @param address  "192.0.2.7", "2001:db8::7", also with a zone
bool is_own_address(const std::string& address);

}  // namespace camspan::net
