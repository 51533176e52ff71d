/// A Signaller that speaks in the messages of `/signal`.
#pragma once

#include <string>

#include "net/p2p/signalling.hpp"
#include "net/signalling/signal_message.hpp"

namespace camspan::net {

class MessageSignaller : public Signaller {
 public:
  void answer(std::string session, std::string sdp) final;
  void reject(std::string session, int status, std::string cause) final;
  void candidate(ViewerCandidate candidate) final;
  void restart(ViewerRestart restart) final;
  void bye(std::string session, std::string reason) final;

 private:
  /// Any thread; returns at once.
  virtual void say(signal::Message message) = 0;
};

}  // namespace camspan::net
