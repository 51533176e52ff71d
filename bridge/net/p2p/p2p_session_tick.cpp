/// The part of P2pSession that time drives: who is gone, what is measured, what is told.
#include <algorithm>

#include "core/memory_budget.hpp"
#include "net/p2p/p2p_session.hpp"

namespace camspan::net {
namespace {

using std::chrono::duration;
using std::chrono::seconds;

// ICE gives up by itself much earlier; a peer that finds a path and then says nothing does not.
constexpr seconds kConnecting{20};
constexpr seconds kDeciding{30};
constexpr seconds kSayState{5};
constexpr seconds kSecond{1};

constexpr Refusal kNoDecision{503, "no-decision"};

std::uint64_t of(const flv::LossCounts& counts, flv::Loss cause) {
  return counts[static_cast<std::size_t>(cause)].units;
}

}  // namespace

void P2pSession::tick() {
  const TimePoint at = now();
  keys_.tick(at);
  fan_out_.tick(at);
  for (const auto& [id, viewer] : viewers_)
    if (!viewer->connected() && at - viewer->offered() > kConnecting)
      viewer->end(Failure{Errc::timed_out, "no connection came about", 0});
  remove_ended();
  if (at - last_second_ >= kSecond) each_second();
}

void P2pSession::remove_ended() {
  for (auto entry = viewers_.begin(); entry != viewers_.end();) {
    if (!entry->second->ended()) {
      ++entry;
      continue;
    }
    // Whoever hears of it may ask who is left.
    const std::unique_ptr<ViewerConnection> viewer = std::move(entry->second);
    entry = viewers_.erase(entry);
    remove(*viewer);
  }
}

void P2pSession::remove(ViewerConnection& viewer) {
  const P2pCameraViewerStats last = viewer.stats();
  past_.bytes_sent += last.bytes_sent;
  past_.frames_sent += last.frames_sent;
  const Failure& why = *viewer.ended();
  signaller_->bye(last.id, why.sentence);
  if (viewer.connected()) {
    if (events_.viewer_removed) events_.viewer_removed(last.id, why.sentence);
  } else {
    ++past_.viewers_failed;
    if (events_.viewer_failed) events_.viewer_failed(last.id, why);
  }
  tell_state();
}

void P2pSession::each_second() {
  const TimePoint at = now();
  const double passed = duration<double>(at - std::exchange(last_second_, at)).count();
  const std::uint64_t came = bytes_in_ - std::exchange(bytes_before_, bytes_in_);
  bitrate_in_ = static_cast<std::uint64_t>(static_cast<double>(came) * 8 / passed);
  std::vector<std::string> late;
  for (const auto& [id, waiting] : undecided_)
    if (at - waiting.since > kDeciding) late.push_back(id);
  for (const std::string& id : late) {
    undecided_.erase(id);
    reject(id, kNoDecision);
  }
  measure();
  tell_overflow();
  tell_state();
}

void P2pSession::measure() {
  std::vector<std::uint64_t> limited;
  std::uint64_t lowest = 0;
  for (const auto& [id, viewer] : viewers_) {
    viewer->measure();
    const RateEstimate& rate = viewer->rate();
    if (rate.limited()) limited.push_back(rate.bits_per_second());
    if (const auto bits = rate.bits_per_second(); bits != 0) lowest = lowest == 0 ? bits : std::min(lowest, bits);
  }
  estimated_ = lowest;
  const auto target = policy_.update(limited, viewers_.size(), now());
  if (target && events_.bitrate) events_.bitrate(*target);
}

/// What lists of cameras say of this one.
void P2pSession::describe() {
  CameraChannel channel;
  if (const auto& video = info_.video()) {
    channel.video = video->codec;
    channel.width = video->width;
    channel.height = video->height;
    channel.fps = video->fps;
  }
  if (const auto& audio = info_.audio()) {
    channel.audio = audio->codec;
    channel.rate = audio->rate;
    channel.audio_channels = audio->channels;
  }
  CameraDescription camera;
  camera.channels.push_back(std::move(channel));
  camera.max_viewers = config_.max_viewers;
  camera.name = config_.name;
  camera.ptz = config_.ptz;
  signaller_->describe(std::move(camera));
}

/// To the hub: when something changed, and now and then.
void P2pSession::tell_state() {
  const bool live = bitrate_in_ > 0;
  if (viewers_.size() == told_viewers_ && live == told_live_ && now() - last_state_ < kSayState) return;
  told_viewers_ = viewers_.size();
  told_live_ = live;
  last_state_ = now();
  signaller_->state(static_cast<unsigned>(told_viewers_), bitrate_in_);
}

void P2pSession::tell_overflow() {
  std::uint64_t lost = 0;
  for (const flv::LossCount& count : fan_out_.losses()) lost += count.units;
  const bool drops = lost > std::exchange(lost_before_, lost);
  if (drops != std::exchange(dropping_, drops) && events_.overflow) events_.overflow(drops, fan_out_.level_bytes());
}

void P2pSession::fill(P2pCameraStats& stats) const {
  stats = past_;
  for (const auto& [id, viewer] : viewers_) {
    stats.viewers.push_back(viewer->stats());
    stats.bytes_sent += stats.viewers.back().bytes_sent;
    stats.frames_sent += stats.viewers.back().frames_sent;
  }
  const flv::LossCounts lost = fan_out_.losses();
  stats.frames_dropped_late = of(lost, flv::Loss::late);
  stats.frames_dropped_overflow = of(lost, flv::Loss::overflow);
  stats.frames_dropped_lifetime = of(lost, flv::Loss::lifetime);
  for (const flv::LossCount& count : lost) stats.bytes_dropped += count.bytes;
  stats.bytes_in = bytes_in_;
  stats.key_requests = keys_.count();
  stats.gop_cache_bytes = fan_out_.cached_bytes();
  stats.level_bytes = fan_out_.level_bytes();
  stats.budget_used = MemoryBudget::process().used();
  stats.bitrate_in = bitrate_in_;
  stats.estimated_bitrate = estimated_;
  stats.target_bitrate = policy_.target();
}

}  // namespace camspan::net
