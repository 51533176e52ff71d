/// ICE (RFC 8445, trickle by RFC 8838) on libnice. P2P thread only.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "net/p2p/ice_settings.hpp"
#include "net/p2p/p2p_thread.hpp"
#include "proto/rtc/datagrams.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan::net {

/// One stream of one component: data channels alone, or bundled with voice.
class IceAgent {
 public:
  enum class Role : std::uint8_t { controlling, controlled };

  /// May call the agent, but not destroy it from within.
  class Observer {
   public:
    virtual ~Observer() = default;
    /// "candidate:..." of ours; "" = there are no more.
    virtual void on_ice_candidate(std::string_view line) = 0;
    virtual void on_ice_path(const PathInfo& path) = 0;
    virtual void on_ice_datagram(ByteView datagram) = 0;
    /// There was a path and it is lost: the peer no longer answers (RFC 7675).
    virtual void on_ice_lost() = 0;
  };

  IceAgent(P2pThread& thread, const IceSettings& settings, Role role, Observer& observer);
  ~IceAgent();
  IceAgent(const IceAgent&) = delete;
  IceAgent& operator=(const IceAgent&) = delete;

  /// Opens the sockets and asks the servers. Host candidates are told from within. @return Errc::unreachable when this
  /// host has no address to use
  Result<> gather();
  rtc::IceCredentials local() const;
  void set_remote(const rtc::IceCredentials& remote);
  /// @return false: it is ignored (unreadable, an mDNS name, TCP where that is off, one too many)
  bool add_remote(std::string_view line);
  /// The peer has no more candidates.
  void end_remote();
  /// @return how many of them the socket did not take
  std::size_t send(const rtc::Datagrams& datagrams);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::net
