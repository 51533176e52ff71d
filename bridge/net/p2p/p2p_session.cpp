#include "net/p2p/p2p_session.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/memory_budget.hpp"
#include "net/p2p/ice_restart.hpp"
#include "proto/rtc/request_label.hpp"

namespace camspan::net {
namespace {

using std::chrono::seconds;

// Nothing came for so long: there is nothing to show. A pipeline that has just begun has this time, too.
constexpr seconds kNoVideo{5};
constexpr std::size_t kMaxEarlyCandidates = 256;
constexpr std::size_t kRoomForViewer = 150 << 10;

constexpr Refusal kBadRequest{400, "bad-request"};
constexpr Refusal kRefusedByCamera{403, "not-allowed"};
constexpr Refusal kUnknownChannel{404, "unknown-channel"};
constexpr Refusal kUnknownCommand{404, "unknown-command"};
constexpr Refusal kFailed{503, "no-connection"};
constexpr Refusal kNoVideoNow{503, "no-video"};
constexpr Refusal kMaxViewers{503, "max-viewers"};
constexpr Refusal kNoMemory{503, "no-memory"};

flv::FanOut::Limits limits_of(const P2pCameraConfig& config) {
  flv::FanOut::Limits limits;
  limits.max_bytes = memory_bound(config.max_bytes);
  limits.max_total_bytes = limits.max_bytes;
  limits.cache_bytes = memory_bound(config.gop_cache_bytes);
  limits.soft_max = config.soft_max;
  limits.max_delay = config.hard_max;
  limits.timeout = config.timeout;
  limits.sync = config.sync_method;
  limits.recover = config.recover_policy;
  return limits;
}

BitratePolicy::Bounds bounds_of(const P2pCameraConfig& config) {
  return {config.bitrate_policy, config.min_bitrate, config.start_bitrate, config.max_bitrate};
}

P2pViewerInfo viewer_of(const ViewerOffer& offer) {
  return {offer.session, offer.viewer, offer.params, offer.allow};
}

}  // namespace

P2pSession::P2pSession(P2pCameraConfig config, IceSettings ice, LinkFactory make_link, P2pSessionEvents events,
                       std::function<TimePoint()> clock)
    : config_(std::move(config)),
      ice_(std::move(ice)),
      own_servers_(ice_.servers),
      make_link_(std::move(make_link)),
      events_(std::move(events)),
      clock_(std::move(clock)),
      fan_out_(limits_of(config_), nullptr, &MemoryBudget::process()),
      keys_(config_.keyframe_interval,
            [this](std::uint64_t count) {
              if (events_.need_key) events_.need_key(count);
            }),
      policy_(bounds_of(config_)),
      last_media_(clock_()),
      last_second_(last_media_),
      last_state_(last_media_) {}

P2pSession::~P2pSession() {
  *self_ = nullptr;
}

void P2pSession::use(Signaller& signaller) {
  signaller_ = &signaller;
  describe();
}

void P2pSession::deliver(const SharedUnit& tag) {
  const TimePoint at = now();
  const flv::MediaInfo::News news = info_.take(*tag);
  if (news.video || news.audio) describe();
  if (tag->kind == UnitKind::key) keys_.key_came();
  bytes_in_ += tag->bytes.size();
  last_media_ = at;
  fan_out_.deliver(tag, at);
  for (const auto& [id, viewer] : viewers_) viewer->pump();
}

void P2pSession::flush() {
  fan_out_.flush(now());
}

void P2pSession::update(const P2pCameraConfig& config) {
  config_ = config;
  fan_out_.set_limits(limits_of(config_));
  keys_.set_interval(config_.keyframe_interval);
  policy_.set_bounds(bounds_of(config_));
  describe();
}

/// Before anything is accepted. @return empty if the viewer may come
std::optional<Refusal> P2pSession::refusal_of(const ViewerOffer& offer) const {
  if (!offer.params.empty()) {
    const auto request = rtc::parse_request_label(offer.params);
    if (!request) return kBadRequest;
    if (request->channel != 0) return kUnknownChannel;
    const auto right = rtc::right_for(request->action);
    if (std::find(offer.allow.begin(), offer.allow.end(), right) == offer.allow.end()) return kRefusedByCamera;
  }
  if (viewers_.size() + undecided_.size() >= config_.max_viewers) return kMaxViewers;
  if (!MemoryBudget::process().has_room(kRoomForViewer) || !fan_out_.has_room()) return kNoMemory;
  if (now() - last_media_ > kNoVideo) return kNoVideoNow;
  return std::nullopt;
}

void P2pSession::reject(const std::string& session, Refusal why) {
  log::info("p2p", "viewer ", session, " is refused: ", why.cause);
  ++past_.viewers_refused;
  signaller_->reject(session, why.status, why.cause);
}

void P2pSession::offered(ViewerOffer offer) {
  remove_ended();
  const std::string session = offer.session;
  if (viewers_.count(session) || undecided_.count(session)) return reject(session, kBadRequest);
  if (const auto refused = refusal_of(offer)) return reject(session, *refused);
  auto description = rtc::parse_data_offer(offer.sdp);
  if (!description) {
    ++past_.viewers_refused;
    log::info("p2p", "viewer ", session, " is refused: ", description.error().sentence);
    signaller_->reject(session, description.error().status(), std::string(description.error().cause()));
    return;
  }
  const P2pViewerInfo viewer = viewer_of(offer);
  undecided_[session] = {std::move(offer), std::move(*description), {}, now()};
  if (!events_.viewer_connecting) return decided(session, true);
  events_.viewer_connecting(viewer, [self = self_, session](bool yes) {
    if (*self) (*self)->decided(session, yes);
  });
}

void P2pSession::decided(const std::string& session, bool yes) {
  auto entry = undecided_.extract(session);
  if (entry.empty()) return;  // it left meanwhile
  if (!yes) return reject(session, kRefusedByCamera);
  accept(std::move(entry.mapped()));
}

void P2pSession::accept(Undecided undecided) {
  const std::string session = undecided.offer.session;
  ViewerConnection::Owner& owner = *this;
  const auto make_link = [this](Link::Observer& observer) { return make_link_(ice_, observer); };
  auto viewer = std::make_unique<ViewerConnection>(owner, viewer_of(undecided.offer), undecided.since, make_link);
  ViewerConnection& added = *viewer;
  viewers_[session] = std::move(viewer);
  const Result<std::string> answer = added.answer(undecided.description);
  if (!answer) {
    log::warn("p2p", "viewer ", session, " cannot be answered: ", answer.error().message());
    viewers_.erase(session);
    return reject(session, kFailed);
  }
  signaller_->answer(session, *answer);
  for (const std::string& candidate : undecided.candidates) added.add_candidate(candidate);
  tell_state();
}

void P2pSession::candidate(ViewerCandidate candidate) {
  if (const auto viewer = viewers_.find(candidate.session); viewer != viewers_.end()) {
    if (!viewer->second->ended()) viewer->second->add_candidate(candidate.candidate);
    return;
  }
  const auto waiting = undecided_.find(candidate.session);
  if (waiting != undecided_.end() && waiting->second.candidates.size() < kMaxEarlyCandidates)
    waiting->second.candidates.push_back(std::move(candidate.candidate));
}

void P2pSession::restart(ViewerRestart restart) {
  const auto viewer = viewers_.find(restart.session);
  if (viewer == viewers_.end() || viewer->second->ended()) return;
  take_restart(viewer->second->link(), restart, ice_.servers, *signaller_);
}

void P2pSession::moved() {
  for (const auto& [session, viewer] : viewers_)
    if (!viewer->ended() && viewer->link().moved()) ask_restart(viewer->link(), session, ice_.servers, *signaller_);
}

void P2pSession::left(std::string session, std::string reason) {
  undecided_.erase(session);
  const auto viewer = viewers_.find(session);
  if (viewer == viewers_.end()) return;
  viewer->second->end(Failure{Errc::closed, reason.empty() ? "left" : std::move(reason), 0});
  remove_ended();
}

void P2pSession::ready(std::vector<IceServer> servers) {
  ice_.servers = own_servers_;
  for (IceServer& server : servers)
    if (std::find(ice_.servers.begin(), ice_.servers.end(), server) == ice_.servers.end())
      ice_.servers.push_back(std::move(server));
}

void P2pSession::state(SignalState state, Failure why) {
  if (state == SignalState::connected) told_viewers_ = SIZE_MAX;  // it knows nothing yet
  if (events_.state) events_.state(state, why);
}

void P2pSession::keyframe_requested(unsigned channel) {
  if (channel == 0) wants_key();
}

void P2pSession::found_candidate(const ViewerConnection& viewer, std::string_view line) {
  signaller_->candidate({viewer.viewer().id, std::string(line), viewer.mid(), ""});
}

void P2pSession::connected(const ViewerConnection& viewer) {
  ++past_.viewers_total;
  if (events_.viewer_added) events_.viewer_added(viewer.viewer());
}

void P2pSession::wants_key() {
  keys_.request(now());
}

void P2pSession::got_message(const ViewerConnection& viewer, const std::string& label, ByteView message) {
  events_.viewer_message(viewer.viewer().id, label, message);
}

void P2pSession::got_command(const ViewerConnection& viewer, const std::string& text,
                             ViewerConnection::CommandDone done) {
  if (events_.command) return events_.command(viewer.viewer().id, text, std::move(done));
  done({{}, kUnknownCommand.status, kUnknownCommand.cause});
}

unsigned P2pSession::connected_viewers() const {
  return static_cast<unsigned>(std::count_if(viewers_.begin(), viewers_.end(), [](const auto& entry) {
    return entry.second->connected() && !entry.second->ended();
  }));
}

bool P2pSession::disconnect(const std::string& id) {
  const auto viewer = viewers_.find(id);
  if (viewer == viewers_.end()) return false;
  viewer->second->end(Failure{Errc::cancelled, "disconnected by the camera", 0});
  remove_ended();
  return true;
}

void P2pSession::disconnect_all() {
  for (const auto& [id, waiting] : undecided_) signaller_->reject(id, kNoVideoNow.status, kNoVideoNow.cause);
  undecided_.clear();
  for (const auto& [id, viewer] : viewers_) viewer->end(Failure{Errc::closed, "the camera stops", 0});
  remove_ended();
}

Result<> P2pSession::send_message(const std::string& id, const std::string& label, ByteView message) {
  const auto viewer = viewers_.find(id);
  if (viewer == viewers_.end() || viewer->second->ended()) return fail(Errc::not_found);
  return viewer->second->send_message(label, message);
}

}  // namespace camspan::net
