/// Answers those who ask on the local network who is there. Any thread.
#pragma once

#include <memory>
#include <string>

#include "lan_probe.hpp"
#include "net/io_thread.hpp"

namespace camspan::iv {

class LanDiscovery {
 public:
  /// Where viewers find the device.
  struct Place {
    std::string address;  ///< IPv4; "" = the one that who asks can reach
    std::uint16_t port;
  };

  /// @param port  UDP, of all addresses of this host; of loopback alone where the device is there
  /// @return null when it cannot be had, which is logged
  static std::unique_ptr<LanDiscovery> start(LanName who, Place place, std::uint16_t port);
  /// Nothing is answered any more.
  ~LanDiscovery();
  LanDiscovery(const LanDiscovery&) = delete;
  LanDiscovery& operator=(const LanDiscovery&) = delete;

 private:
  class Socket;
  LanDiscovery(std::shared_ptr<net::IoThread> io, std::shared_ptr<Socket> socket);

  std::shared_ptr<net::IoThread> io_;
  std::shared_ptr<Socket> socket_;
};

}  // namespace camspan::iv
