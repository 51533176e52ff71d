/// What fake links have in common: restarts of an ICE that is not there.
#pragma once

#include <string>
#include <vector>

#include "net/p2p/p2p_link.hpp"

namespace camspan::test {

class RestartingLink : public net::Link {
 public:
  Result<rtc::IceCredentials> restart(const std::vector<net::IceServer>& servers) override {
    if (has_no_address) return fail(Errc::unreachable);
    ++restarts;
    restart_servers = servers;
    asked = true;
    has_moved = false;
    return rtc::IceCredentials{"own" + std::to_string(restarts), "password"};
  }
  void answer_restart(const rtc::IceCredentials& remote) override {
    asked = false;
    remote_ufrag = remote.ufrag;
  }
  bool restart_asked() const override { return asked; }
  bool moved() const override { return has_moved; }

  bool has_moved = false;
  bool has_no_address = false;
  bool asked = false;
  int restarts = 0;
  std::string remote_ufrag;
  std::vector<net::IceServer> restart_servers;
};

}  // namespace camspan::test
