#include "hub/whep_session.hpp"

#include <algorithm>
#include <utility>

#include "hub/private_file.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan::hub {
namespace {

constexpr std::size_t kIdBytes = 16;
// Candidates of some restarts; a camera that goes on says nothing any more.
constexpr std::size_t kMaxEvents = 1024;
constexpr int kRetryFull = 30;  // as for /live
constexpr int kRetryOffline = 5;

void push(WhepSession& session, std::string name, std::string data) {
  if (session.events.size() < kMaxEvents) session.events.push_back({std::move(name), std::move(data)});
  session.news.notify();
}

}  // namespace

tl::expected<std::shared_ptr<WhepSession>, Problem> WhepSessions::open(const DeviceId& device,
                                                                       const asio::any_io_executor& executor) {
  if (ended_) return tl::unexpected(retry_later(Cause::stopping, "The hub is stopping. Try again.", kRetryOffline));
  const auto known = per_device_.find(device);
  const std::size_t of_device = known == per_device_.end() ? 0 : known->second;
  if (of_device >= limits_.per_device || sessions_.size() >= limits_.total) {
    ++counters.refused;
    return tl::unexpected(retry_later(
        Cause::max_viewers, "As many people watch " + device.str() + " peer to peer as are allowed. Try again later.",
        kRetryFull));
  }
  auto session = std::make_shared<WhepSession>(random_hex(kIdBytes), device, executor);
  sessions_.emplace(session->id, session);
  ++per_device_[device];
  ++counters.offers;
  return session;
}

std::shared_ptr<WhepSession> WhepSessions::find(const DeviceId& device, const std::string& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() || found->second->device != device ? nullptr : found->second;
}

void WhepSessions::close(WhepSession& session, std::string reason) {
  if (std::exchange(session.ended, true)) return;
  if (!session.answer && !session.rejection && !session.lost)
    session.lost = retry_later(Cause::no_answer, "The camera ended the session. Try again.", kRetryOffline);
  push(session, "bye", std::move(reason));
  session.answered.notify();
  session.restarted.notify();
  if (const auto count = per_device_.find(session.device); --count->second == 0) per_device_.erase(count);
  sessions_.erase(session.id);  // may be the last that holds it
}

void WhepSessions::take(const DeviceId& device, net::signal::Message message) {
  std::visit(
      [&](auto& content) {
        if constexpr (requires { this->take(std::declval<WhepSession&>(), std::move(content)); }) {
          const auto session = find(device, content.session);
          if (session) this->take(*session, std::move(content));
        }
      },
      message);
}

void WhepSessions::take(WhepSession& session, net::signal::Answer answer) {
  if (session.answer || session.rejection) return;
  session.answer = std::move(answer.sdp);
  session.answered.notify();
}

void WhepSessions::take(WhepSession& session, net::signal::Reject reject) {
  if (session.answer || session.rejection) return;
  ++counters.refused;
  session.rejection = std::move(reject);
  session.answered.notify();
}

void WhepSessions::take(WhepSession& session, net::ViewerCandidate candidate) {
  if (candidate.candidate.empty()) {
    session.candidates_end = true;
    push(session, "candidate", "a=end-of-candidates");
  } else if (session.candidates.size() < rtc::kMaxCandidates && candidate.candidate.starts_with("candidate:")) {
    push(session, "candidate", "a=" + candidate.candidate);
    session.candidates.push_back(std::move(candidate.candidate));
  }
  session.answered.notify();
}

void WhepSessions::take(WhepSession& session, net::ViewerRestart restart) {
  session.candidates.clear();
  session.candidates_end = false;
  session.events_before += session.events.size();
  session.events.clear();
  if (!std::exchange(session.restart_awaited, false))
    push(session, "restart", "a=ice-ufrag:" + restart.ufrag + "\na=ice-pwd:" + restart.pwd);
  session.camera_restart = std::move(restart);
  session.restarted.notify();
}

void WhepSessions::take(WhepSession& session, net::signal::Bye bye) {
  close(session, std::move(bye.reason));
}

void WhepSessions::keep_only(const DeviceId& device, const std::vector<std::string>& sessions) {
  std::vector<std::shared_ptr<WhepSession>> gone;
  for (const auto& [id, session] : sessions_)
    if (session->device == device && std::find(sessions.begin(), sessions.end(), id) == sessions.end())
      gone.push_back(session);
  for (const auto& session : gone) close(*session, "camera-restarted");
}

void WhepSessions::camera_lost(const DeviceId& device) {
  for (const auto& [id, session] : sessions_) {
    if (session->device != device || session->answer || session->rejection || session->lost) continue;
    session->lost = retry_later(Cause::offline, "The hub has just lost this camera. Try again.", kRetryOffline);
    session->answered.notify();
  }
}

void WhepSessions::end_all() {
  ended_ = true;
  while (!sessions_.empty()) {
    const auto session = sessions_.begin()->second;
    if (!session->answer)
      session->lost = retry_later(Cause::stopping, "The hub is stopping. Try again.", kRetryOffline);
    close(*session, "stopping");
  }
}

}  // namespace camspan::hub
