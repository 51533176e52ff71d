#include "net/p2p/ice_path.hpp"

namespace camspan::net {
namespace {

constexpr std::size_t kMaxEarly = 64;

}  // namespace

struct IcePath::Agent final : IceTransport::Observer {
  explicit Agent(IcePath& its_path) : path(its_path), transport(path.make_(*this)) {}

  void on_ice_candidate(std::string_view line) override {
    if (this == path.next_.get() || !path.next_) path.observer_.on_ice_candidate(line);
  }
  void on_ice_path(const PathInfo& found) override { path.found_path(*this, found); }
  void on_ice_datagram(ByteView datagram) override { path.got(*this, datagram); }
  void on_ice_lost() override { path.lost(*this); }

  IcePath& path;
  bool knows_peer = false;
  std::vector<std::string> early;  // candidates of the peer, "" = there are no more; until it is known
  bool silent = false;             // nothing came since the restart began, or the path is lost
  std::unique_ptr<IceTransport> transport;
};

IcePath::IcePath(MakeAgent make, IceTransport::Observer& observer)
    : make_(std::move(make)), observer_(observer), current_(std::make_unique<Agent>(*this)) {}
IcePath::~IcePath() = default;

Result<> IcePath::gather(const std::vector<IceServer>& servers) {
  return newest().transport->gather(servers);
}

rtc::IceCredentials IcePath::local() const {
  return newest().transport->local();
}

void IcePath::set_remote(const rtc::IceCredentials& remote) {
  Agent& agent = newest();
  agent.knows_peer = true;
  agent.transport->set_remote(remote);
  for (const std::string& line : std::exchange(agent.early, {})) {
    if (line.empty())
      agent.transport->end_remote();
    else
      agent.transport->add_remote(line);
  }
}

bool IcePath::add_remote(std::string_view line) {
  Agent& agent = newest();
  if (agent.knows_peer) return agent.transport->add_remote(line);
  if (agent.early.size() >= kMaxEarly) return false;
  agent.early.emplace_back(line);
  return true;
}

void IcePath::end_remote() {
  Agent& agent = newest();
  if (agent.knows_peer)
    agent.transport->end_remote();
  else
    agent.early.emplace_back();
}

std::size_t IcePath::send(const rtc::Datagrams& datagrams) {
  return current_->transport->send(datagrams);
}

bool IcePath::moved() const {
  return newest().transport->moved();
}

void IcePath::restart(TimePoint now) {
  next_ = std::make_unique<Agent>(*this);
  current_->silent = true;
  give_up_ = now + kRestart;
}

bool IcePath::restart_asked() const {
  return next_ && !next_->knows_peer;
}

void IcePath::on_timeout(TimePoint now) {
  if (!next_ || now < give_up_) return;
  next_.reset();
  if (current_->silent) observer_.on_ice_lost();
}

void IcePath::found_path(Agent& agent, const PathInfo& path) {
  // What it still does ends after the news: it may be on its way to the observer.
  std::unique_ptr<Agent> before;
  if (&agent == next_.get()) before = std::exchange(current_, std::move(next_));
  observer_.on_ice_path(path);
}

void IcePath::got(Agent& agent, ByteView datagram) {
  agent.silent = false;
  observer_.on_ice_datagram(datagram);
}

void IcePath::lost(Agent& agent) {
  agent.silent = true;
  if (!next_) observer_.on_ice_lost();
}

}  // namespace camspan::net
