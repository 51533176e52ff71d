#include "net/p2p/viewer_connection.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/memory_budget.hpp"
#include "net/p2p/loss_bound.hpp"
#include "proto/rtc/request_label.hpp"

namespace camspan::net {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// A page needs three: a stream, commands, voice.
constexpr std::size_t kMaxChannels = 16;
// What a connection costs beside what waits for its viewer.
constexpr std::size_t kConnectionBytes = 150 << 10;

constexpr Refusal kBadRequest{400, "bad-request"};
constexpr Refusal kNotAllowed{403, "not-allowed"};
constexpr Refusal kUnknownChannel{404, "unknown-channel"};
constexpr Refusal kMaxChannelsReached{429, "max-channels"};
constexpr Refusal kNotSupported{501, "not-supported"};

bool is_ours(std::string_view protocol) {
  return protocol.empty() || protocol.starts_with("camspan-");
}

void add(flv::LossCounts& sum, const flv::LossCounts& more) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i].units += more[i].units;
    sum[i].bytes += more[i].bytes;
  }
}

}  // namespace

ViewerConnection::ViewerConnection(Owner& owner, P2pViewerInfo viewer, TimePoint offered, const MakeLink& make_link)
    : owner_(owner), viewer_(std::move(viewer)), offered_(offered), link_(make_link(*this)) {
  reserved_ = kConnectionBytes;
  MemoryBudget::process().take(reserved_);
}

ViewerConnection::~ViewerConnection() {
  link_->close();
  MemoryBudget::process().give_back(reserved_);
}

Result<std::string> ViewerConnection::answer(const rtc::Description& offer) {
  if (const rtc::MediaSection* section = offer.data_section()) mid_ = section->mid;
  Result<std::string> answer = link_->answer(offer);
  signal_time_ = duration_cast<milliseconds>(owner_.now() - offered_);
  return answer;
}

void ViewerConnection::end(Failure why) {
  if (ended_) return;
  ended_ = std::move(why);
  link_->close();
}

void ViewerConnection::on_candidate(std::string_view line) {
  owner_.found_candidate(*this, line);
}

void ViewerConnection::on_path(const PathInfo& path) {
  log::debug("p2p", "viewer ", viewer_.id, ": ", path.local_type, " to ", path.remote_type, " by ", path.protocol);
}

void ViewerConnection::on_ended(const Failure& why) {
  if (!ended_) ended_ = why;
}

bool ViewerConnection::may(std::string_view right) const {
  return std::find(viewer_.allow.begin(), viewer_.allow.end(), right) != viewer_.allow.end();
}

void ViewerConnection::on_channel(const ChannelOpen& open) {
  if (!open.by_peer) return;
  if (pumping_) {
    opened_.push_back(open);
    return;
  }
  const bool first = !connected_;
  connected_ = true;
  if (first) owner_.connected(*this);
  if (const auto refused = take(open)) refuse(open.id, open.label, *refused);
}

/// Gives a channel its use. @return why it has none
std::optional<Refusal> ViewerConnection::take(const ChannelOpen& open) {
  if (channels_.size() >= kMaxChannels) return kMaxChannelsReached;
  if (open.label == "command") {
    if (!may("command")) return kNotAllowed;
    add_command(open.id);
    return std::nullopt;
  }
  if (rtc::parse_request_label(open.label)) return take_request(open);
  // A name of its own makes a channel of the program that embeds us.
  if (!owner_.takes_messages() || open.label.empty() || open.protocol.starts_with("camspan-")) return kBadRequest;
  if (!may("command")) return kNotAllowed;
  channels_[open.id] = {open.label, Use::message, nullptr};
  return std::nullopt;
}

std::optional<Refusal> ViewerConnection::take_request(const ChannelOpen& open) {
  const auto request = rtc::parse_request_label(open.label);
  if (!may(rtc::right_for(request->action))) return kNotAllowed;
  if (request->action != rtc::RequestAction::live) return kNotSupported;
  if (request->channel != 0) return kUnknownChannel;
  if (!is_ours(open.protocol)) return kNotSupported;
  add_stream(open);
  return std::nullopt;
}

void ViewerConnection::add_stream(const ChannelOpen& open) {
  const P2pCameraConfig& config = owner_.config();
  MediaSettings settings;
  settings.timed = open.protocol == "camspan-flv-timed";
  settings.mode = config.channel_mode;
  settings.delta_lifetime = config.delta_lifetime;
  settings.key_lifetime = config.key_lifetime;
  settings.message_bytes = memory_bound(config.message_bytes);
  settings.in_flight = duration_cast<milliseconds>(config.soft_max);
  if (delivery_.empty()) delivery_ = settings.timed ? "camspan-flv-timed" : "camspan-flv";
  // Whoever delivers pumps afterwards, so that waking is no news.
  auto media = std::make_unique<MediaChannel>(
      *link_, open.id, settings, owner_.fan_out(), [] {}, [this] { note_gone(); });
  channels_[open.id] = {open.label, Use::stream, std::move(media)};
  ++key_requests_;
  owner_.wants_key();
  pump();
}

void ViewerConnection::note_gone() {
  // Not closed here: the fan-out is among its viewers.
  if (!ended_) ended_ = Failure{Errc::timed_out, "it took nothing for too long", 0};
}

void ViewerConnection::on_message(ChannelId id, bool, ByteView message) {
  const auto channel = channels_.find(id);
  if (channel == channels_.end()) return;
  if (channel->second.use == Use::command) take_commands(message);
  if (channel->second.use == Use::message) owner_.got_message(*this, channel->second.label, message);
}

void ViewerConnection::on_writable() {
  pump();
}

void ViewerConnection::on_channel_closed(ChannelId id) {
  if (pumping_)
    closed_.push_back(id);
  else
    forget(id);
}

void ViewerConnection::forget(ChannelId id) {
  const auto channel = channels_.find(id);
  if (channel == channels_.end()) return;
  if (const auto& media = channel->second.media) {
    add(past_losses_, media->cursor().losses());
    past_frames_ += media->frames_sent();
    if (!first_key_) first_key_ = media->first_key();
  }
  channels_.erase(channel);
  forget_command(id);
}

/// Commands, then one message of each stream in turn, until nothing waits or the link is full.
void ViewerConnection::pump() {
  // The link may speak while it is spoken to: what it says then waits until we are done.
  if (pumping_ || ended_) return;
  pumping_ = true;
  send_commands();
  for (bool more = true; more && !full_;) more = pump_round();
  pumping_ = false;
  full_ = false;
  for (const ChannelId id : std::exchange(closed_, {})) forget(id);
  for (const ChannelOpen& open : std::exchange(opened_, {})) on_channel(open);
}

/// @return true if another round may send more
bool ViewerConnection::pump_round() {
  const std::optional<ChannelId> begin = std::exchange(turn_, std::nullopt);
  bool more = begin.has_value();  // those before it had none
  for (auto& [id, channel] : channels_) {
    if (!channel.media || (begin && id < *begin)) continue;
    const Result<> done = channel.media->send_one(owner_.now());
    more = more || done;
    if (done || done.error() == make_error_code(Errc::not_live)) continue;
    if (done.error() == make_error_code(Errc::queue_full)) {
      turn_ = id;
      full_ = true;
      return false;
    }
    closed_.push_back(id);
    link_->close_channel(id);
  }
  return more && closed_.empty();
}

Result<> ViewerConnection::send_message(const std::string& label, ByteView message) {
  const auto of_label = [&label](const auto& entry) {
    return entry.second.use == Use::message && entry.second.label == label;
  };
  auto channel = std::find_if(channels_.begin(), channels_.end(), of_label);
  if (channel == channels_.end()) {
    rtc::ChannelSettings settings;
    settings.label = label;
    const Result<ChannelId> id = link_->open_channel(settings);
    if (!id) return fail(id.error());
    channel = channels_.insert_or_assign(*id, Channel{label, Use::message, nullptr}).first;
  }
  return link_->send(channel->first, false, message, Delivery::reliable, milliseconds(0));
}

void ViewerConnection::measure() {
  const LinkStats link = link_->stats();
  const std::uint64_t waiting = std::min<std::uint64_t>(link.buffered_bytes, link.bytes_sent);
  std::size_t behind = link.buffered_bytes;
  for (const auto& [id, channel] : channels_)
    if (channel.media) behind += channel.media->cursor().bytes();
  rate_.update(link.bytes_sent - waiting, behind, link.rtt, owner_.now());
  const std::size_t holds = kConnectionBytes + link.buffered_bytes;
  MemoryBudget::process().take(holds);
  MemoryBudget::process().give_back(std::exchange(reserved_, holds));
}

flv::LossCounts ViewerConnection::losses() const {
  flv::LossCounts sum = past_losses_;
  for (const auto& [id, channel] : channels_)
    if (channel.media) add(sum, channel.media->cursor().losses());
  return sum;
}

P2pCameraViewerStats ViewerConnection::stats() const {
  const LinkStats link = link_->stats();
  P2pCameraViewerStats stats;
  stats.id = viewer_.id;
  stats.viewer = viewer_.viewer;
  stats.connected = connected_;
  stats.delivery = delivery_;
  stats.remote_candidate_type = link.path.remote_type;
  stats.relayed = link.path.relayed;
  stats.signal_time = signal_time_;
  stats.ice_time = link.ice;
  stats.dtls_time = link.dtls;
  stats.open_time = link.open;
  stats.rtt = link.rtt;
  stats.loss = link.loss;
  stats.loss_bitrate = loss_bound(link.loss, link.rtt);
  stats.too_lossy = stats.loss_bitrate != 0 && owner_.bitrate_in() > stats.loss_bitrate;
  stats.cwnd = link.cwnd;
  stats.buffered_bytes = link.buffered_bytes;
  stats.bytes_sent = link.bytes_sent;
  stats.key_requests = key_requests_;
  stats.estimated_bitrate = rate_.bits_per_second();
  stats.frames_sent = past_frames_;
  std::optional<TimePoint> first_key = first_key_;
  for (const auto& [id, channel] : channels_) {
    if (!channel.media) continue;
    stats.frames_sent += channel.media->frames_sent();
    stats.queue_delay = std::max(stats.queue_delay, channel.media->cursor().queue_delay(owner_.now()));
    if (!first_key) first_key = channel.media->first_key();
  }
  if (first_key) stats.first_key_time = duration_cast<milliseconds>(*first_key - offered_);
  const flv::LossCounts lost = losses();
  stats.frames_dropped_late = lost[static_cast<std::size_t>(flv::Loss::late)].units;
  stats.frames_dropped_overflow = lost[static_cast<std::size_t>(flv::Loss::overflow)].units;
  stats.frames_dropped_lifetime = lost[static_cast<std::size_t>(flv::Loss::lifetime)].units;
  return stats;
}

}  // namespace camspan::net
