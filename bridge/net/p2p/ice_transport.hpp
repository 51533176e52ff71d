/// One ICE agent as its connection sees it; tests put another in the place of IceAgent. P2P thread only.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <string_view>
#include <vector>

#include "net/p2p/ice_settings.hpp"
#include "proto/rtc/datagrams.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan::net {

class IceTransport {
 public:
  /// May call the agent, but not destroy it from within.
  class Observer {
   public:
    virtual ~Observer() = default;
    /// "candidate:..." of ours; "" = there are no more.
    virtual void on_ice_candidate(std::string_view line) = 0;
    virtual void on_ice_path(const PathInfo& path) = 0;
    virtual void on_ice_datagram(ByteView datagram) = 0;
    /// There was a path and it is lost. A peer that falls silent is noticed above, by what it authenticates.
    virtual void on_ice_lost() = 0;
  };

  virtual ~IceTransport() = default;

  /// Opens the sockets and asks the servers. Host candidates are told from within. @return Errc::unreachable when this
  /// host has no address to use
  virtual Result<> gather(const std::vector<IceServer>& servers) = 0;
  virtual rtc::IceCredentials local() const = 0;
  virtual void set_remote(const rtc::IceCredentials& remote) = 0;
  /// @return false: it is ignored (unreadable, an mDNS name, TCP where that is off, one too many)
  virtual bool add_remote(std::string_view line) = 0;
  /// The peer has no more candidates.
  virtual void end_remote() = 0;
  /// @return how many of them the socket did not take
  virtual std::size_t send(const rtc::Datagrams& datagrams) = 0;
  /// An address that it gathered on is no longer one of this host, or there was none.
  virtual bool moved() const = 0;
};

}  // namespace camspan::net
