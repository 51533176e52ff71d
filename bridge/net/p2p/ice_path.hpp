/// The way that a connection's datagrams take. It outlives its ICE agent: libnice does not follow a change of
/// addresses, so an ICE restart (RFC 8445 section 9) is another agent, while the old one carries what it still can.
/// P2P thread only.
#pragma once

#include <functional>
#include <memory>

#include "core/time.hpp"
#include "net/p2p/ice_transport.hpp"

namespace camspan::net {

class IcePath {
 public:
  using MakeAgent = std::function<std::unique_ptr<IceTransport>(IceTransport::Observer&)>;
  /// From restart() to a path. Longer than the peer's consent (30 s, RFC 7675) would be of no use; a phone that changes
  /// networks needs some seconds for its signalling.
  static constexpr std::chrono::seconds kRestart{15};

  /// Makes the first agent. `observer` hears of candidates of the newest agent, of the path that is used, and of
  /// datagrams of both.
  IcePath(MakeAgent make, IceTransport::Observer& observer);
  ~IcePath();
  IcePath(const IcePath&) = delete;
  IcePath& operator=(const IcePath&) = delete;

  /// As IceTransport, for the newest agent.
  Result<> gather(const std::vector<IceServer>& servers);
  rtc::IceCredentials local() const;
  /// The newest agent begins to check.
  void set_remote(const rtc::IceCredentials& remote);
  /// Those that come before the credentials wait for them.
  bool add_remote(std::string_view line);
  void end_remote();
  std::size_t send(const rtc::Datagrams& datagrams);
  bool moved() const;

  /// Begins again with another agent: gather(), then set_remote(). One that was under way is given up.
  void restart(TimePoint now);
  /// A restart was begun, and the peer's credentials are not known yet.
  bool restart_asked() const;
  /// At least once a second while a restart is under way: gives it up after kRestart.
  void on_timeout(TimePoint now);

 private:
  struct Agent;
  void found_path(Agent& agent, const PathInfo& path);
  void got(Agent& agent, ByteView datagram);
  void lost(Agent& agent);
  Agent& newest() const { return next_ ? *next_ : *current_; }

  const MakeAgent make_;
  IceTransport::Observer& observer_;
  std::unique_ptr<Agent> current_;
  std::unique_ptr<Agent> next_;  ///< of a restart, until it has a path
  TimePoint give_up_{};          ///< of next_
};

}  // namespace camspan::net
