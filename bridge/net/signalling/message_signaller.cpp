#include "net/signalling/message_signaller.hpp"

namespace camspan::net {

void MessageSignaller::answer(std::string session, std::string sdp) {
  say(signal::Answer{std::move(session), std::move(sdp)});
}

void MessageSignaller::reject(std::string session, int status, std::string cause) {
  say(signal::Reject{std::move(session), status, std::move(cause)});
}

void MessageSignaller::candidate(ViewerCandidate candidate) {
  say(std::move(candidate));
}

void MessageSignaller::restart(ViewerRestart restart) {
  say(std::move(restart));
}

void MessageSignaller::bye(std::string session, std::string reason) {
  say(signal::Bye{std::move(session), std::move(reason)});
}

}  // namespace camspan::net
