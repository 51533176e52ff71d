/// ICE (RFC 8445, trickle by RFC 8838) on libnice. P2P thread only.
#pragma once

#include <memory>

#include "net/p2p/ice_transport.hpp"
#include "net/p2p/p2p_thread.hpp"

namespace camspan::net {

/// One stream of one component: data channels alone, or bundled with voice.
class IceAgent final : public IceTransport {
 public:
  enum class Role : std::uint8_t { controlling, controlled };

  IceAgent(P2pThread& thread, const IceSettings& settings, Role role, Observer& observer);
  ~IceAgent() override;
  IceAgent(const IceAgent&) = delete;
  IceAgent& operator=(const IceAgent&) = delete;

  Result<> gather(const std::vector<IceServer>& servers) override;
  rtc::IceCredentials local() const override;
  void set_remote(const rtc::IceCredentials& remote) override;
  bool add_remote(std::string_view line) override;
  void end_remote() override;
  std::size_t send(const rtc::Datagrams& datagrams) override;
  bool moved() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::net
