#include "camera.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "iv_err.h"
#include "net/p2p/ice_restart.hpp"

namespace camspan::iv {

namespace {

// bit/s. What the program will give is not known before somebody watches; 0 would tell viewers that there is nothing.
constexpr std::uint64_t kReadyToShow = 1;

}  // namespace

class Camera::Door final : public Camera::Entrance {
 public:
  Door(Camera& camera, bool hub) : camera_(camera), hub_(hub) {}

  void use(net::Signaller& signaller) override { signaller_ = &signaller; }

  void offered(net::ViewerOffer offer) override { camera_.offered(std::move(offer), *signaller_); }

  void candidate(net::ViewerCandidate candidate) override {
    if (Viewer* viewer = find(candidate.session)) viewer->add_candidate(candidate.candidate);
  }

  void restart(net::ViewerRestart restart) override {
    if (Viewer* viewer = find(restart.session))
      net::take_restart(viewer->link(), restart, camera_.ice_servers_, *signaller_);
  }

  void moved() override {
    camera_.callbacks_.tell(IV_AVT_EVENT_P2P_PEER_ADDR_CHANGED);
    for (const auto& [session, guest] : camera_.viewers_) {
      net::Link& link = guest.viewer->link();
      if (guest.signaller == signaller_ && !guest.viewer->ended() && link.moved())
        net::ask_restart(link, session, camera_.ice_servers_, *signaller_);
    }
  }

  void left(std::string session, std::string reason) override {
    Viewer* const viewer = find(session);
    if (viewer == nullptr) return;
    viewer->end(Failure{Errc::closed, reason.empty() ? "left" : std::move(reason), 0});
    camera_.remove_ended();
  }

  void ready(std::vector<net::IceServer> servers) override {
    if (hub_) camera_.ice_servers_ = std::move(servers);
  }

  void state(net::SignalState state, Failure why) override {
    if (state == net::SignalState::connecting) return;
    if (state == net::SignalState::connected) {
      connected_ = true;
      camera_.tell_state(*signaller_);
      camera_.callbacks_.tell(hub_ ? IV_AVT_EVENT_P2P_PEER_READY : IV_AVT_EVENT_P2P_LOCAL_NET_READY);
      return;
    }
    log::warn("iv", why.sentence);
    camera_.callbacks_.tell(std::exchange(connected_, false) ? IV_AVT_EVENT_P2P_PEER_ERROR
                                                             : IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL);
  }

  /// Nobody tells the program: get_cb gives what it likes.
  void keyframe_requested(unsigned) override {}

 private:
  Viewer* find(const std::string& session) {
    const auto guest = camera_.viewers_.find(session);
    return guest == camera_.viewers_.end() || guest->second.viewer->ended() ? nullptr : guest->second.viewer.get();
  }

  Camera& camera_;
  net::Signaller* signaller_ = nullptr;
  const bool hub_;
  bool connected_ = false;
};

Camera::Camera(const Callbacks& callbacks, Nanoseconds tick, Ground ground)
    : callbacks_(callbacks), tick_(tick), ground_(std::move(ground)), next_tick_(ground_.clock()) {
  shared_.send.callbacks = callbacks_;
  shared_.clock = ground_.clock;
  shared_.wake = ground_.wake;
  shared_.found_candidate = [this](Viewer& viewer, std::string_view line) { found_candidate(viewer, line); };
}

Camera::~Camera() {
  close();
}

Camera::Entrance& Camera::hub() {
  return *doors_.emplace_back(std::make_unique<Door>(*this, true));
}

Camera::Entrance& Camera::local() {
  return *doors_.emplace_back(std::make_unique<Door>(*this, false));
}

void Camera::tell_state(net::Signaller& signaller) const {
  signaller.state(static_cast<unsigned>(viewers_.size()), kReadyToShow);
}

void Camera::offered(net::ViewerOffer offer, net::Signaller& from) {
  remove_ended();
  const std::string session = offer.session;
  if (viewers_.contains(session)) return from.reject(session, 400, "bad-request");
  if (viewers_.size() >= kMaxViewers) return from.reject(session, 503, "max-viewers");
  const auto description = rtc::parse_data_offer(offer.sdp);
  if (!description) {
    log::info("iv", "viewer ", session, " is refused: ", description.error().sentence);
    return from.reject(session, description.error().status(), std::string(description.error().cause()));
  }
  const auto make_link = [this](net::Link::Observer& observer) { return ground_.make_link(ice_servers_, observer); };
  // It is among the viewers before its link finds candidates.
  Guest& guest = viewers_[session];
  guest.signaller = &from;
  guest.viewer = std::make_unique<Viewer>(shared_, Viewer::Who{session, std::move(offer.allow)}, make_link);
  const Result<std::string> answer = guest.viewer->answer(*description);
  if (!answer) {
    log::warn("iv", "viewer ", session, " cannot be answered: ", answer.error().message());
    viewers_.erase(session);
    return from.reject(session, 503, "no-connection");
  }
  from.answer(session, *answer);
  tell_state(from);
}

void Camera::found_candidate(Viewer& viewer, std::string_view line) {
  const auto guest = viewers_.find(viewer.session());
  if (guest == viewers_.end()) return;
  guest->second.signaller->candidate({viewer.session(), std::string(line), viewer.mid(), ""});
}

void Camera::remove_ended() {
  for (auto guest = viewers_.begin(); guest != viewers_.end();) {
    if (const auto& why = guest->second.viewer->ended()) {
      log::info("iv", "viewer ", guest->first, " is gone: ", why->sentence);
      net::Signaller& signaller = *guest->second.signaller;
      signaller.bye(guest->first, why->sentence);
      guest = viewers_.erase(guest);
      tell_state(signaller);
    } else {
      ++guest;
    }
  }
}

bool Camera::has_streams() const {
  return std::any_of(viewers_.begin(), viewers_.end(),
                     [](const auto& guest) { return guest.second.viewer->has_streams(); });
}

void Camera::on_timeout() {
  const TimePoint now = ground_.clock();
  const bool tick = has_streams() && next_tick_ <= now;
  for (const auto& [session, guest] : viewers_) {
    guest.viewer->on_timeout();
    if (tick) guest.viewer->tick();
  }
  // Late is late: no callback is called twice to catch up.
  if (tick) next_tick_ = next_tick_ + tick_ > now ? next_tick_ + tick_ : now + tick_;
  remove_ended();
}

std::optional<TimePoint> Camera::next_timeout() const {
  std::optional<TimePoint> next;
  const auto sooner = [&next](TimePoint when) { next = next ? std::min(*next, when) : when; };
  for (const auto& [session, guest] : viewers_) {
    if (guest.viewer->ended()) return ground_.clock();
    if (const auto due = guest.viewer->next_timeout()) sooner(*due);
  }
  if (has_streams()) sooner(std::max(next_tick_, ground_.clock()));
  return next;
}

void Camera::set_marks(const Marks& marks) {
  shared_.send.marks = marks;
  for (const auto& [session, guest] : viewers_) guest.viewer->update_marks();
}

void Camera::ask(const std::string& peer, ByteView text, Nanoseconds timeout, CommandDone done) {
  const auto guest = viewers_.find(peer);
  if (guest == viewers_.end()) return done({IV_ERR_AVT_CHN_NOT_EXIT});
  guest->second.viewer->ask(text, timeout, std::move(done));
}

void Camera::close() {
  for (const auto& [session, guest] : viewers_) guest.viewer->end(Failure{Errc::closed, "the camera stops", 0});
  remove_ended();
}

}  // namespace camspan::iv
