#include "viewer.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "iv_err.h"
#include "proto/rtc/request_label.hpp"

namespace camspan::iv {
namespace {

using std::chrono::milliseconds;

// Of the space that SCTP has for a viewer, streams leave the rest to commands.
constexpr std::size_t kMaxInFlight = 384 << 10;
constexpr std::size_t kMaxChannels = 16;

}  // namespace

std::string request_params(std::string_view label, bool voice) {
  for (const std::string_view path : {"ipc.flv?", "voice?"})
    if (label.starts_with(path)) label.remove_prefix(path.size());
  std::string params;
  while (!label.empty()) {
    const std::size_t end = std::min(label.find('&'), label.size());
    const std::string_view pair = label.substr(0, end);
    label.remove_prefix(std::min(end + 1, label.size()));
    if (pair.empty() || pair.front() == '_' || (voice && pair == "action=voice")) continue;
    if (!params.empty()) params += '&';
    params += pair;
  }
  return params;
}

Viewer::Viewer(Shared& shared, Who who, const MakeLink& make_link)
    : shared_(shared), who_(std::move(who)), link_(make_link(*this)), last_progress_(shared.clock()) {}

Viewer::~Viewer() {
  end(Failure{Errc::closed, "the camera stops", 0});
}

Result<std::string> Viewer::answer(const rtc::Description& offer) {
  if (const rtc::MediaSection* section = offer.data_section()) mid_ = section->mid;
  return link_->answer(offer);
}

void Viewer::end(Failure why) {
  if (ended_) return;
  ended_ = std::move(why);
  link_->close();
  stop_all();
}

void Viewer::catch_up() {
  for (const auto& task : std::exchange(later_, {})) task();
}

void Viewer::on_ended(const Failure& why) {
  if (at_work_ > 0) return later_.push_back([this, why] { on_ended(why); });
  if (ended_) return;
  ended_ = why;
  stop_all();
  shared_.wake();
}

void Viewer::on_path(const net::PathInfo& path) {
  link_mode_ = path.relayed ? 2 : 1;
  log::debug("iv", "viewer ", who_.session, ": ", path.local_type, " to ", path.remote_type, " by ", path.protocol);
  publish();
}

bool Viewer::may(std::string_view right) const {
  return std::find(who_.allow.begin(), who_.allow.end(), right) != who_.allow.end();
}

// ---- channels ------------------------------------------------------------------------------------------------

void Viewer::on_channel(const net::ChannelOpen& open) {
  if (at_work_ > 0) return later_.push_back([this, open] { on_channel(open); });
  if (!open.by_peer || ended_) return;
  const AtWork at_work(*this);
  if (const auto refused = take(open)) refuse(open, *refused);
  shared_.wake();
}

/// Gives a channel its use. @return why it has none
std::optional<Viewer::Refusal> Viewer::take(const net::ChannelOpen& open) {
  if (senders_.size() + voices_.size() + command_channels_.size() >= kMaxChannels) return Refusal{429, "max-channels"};
  if (open.label == "command") {
    if (!may("command")) return Refusal{403, "not-allowed"};
    take_command_channel(open.id);
    return std::nullopt;
  }
  const auto request = rtc::parse_request_label(open.label);
  const bool voice = open.protocol == "camspan-voice" || (request && request->action == rtc::RequestAction::voice);
  return voice ? take_voice(open) : take_request(open);
}

std::optional<Viewer::Refusal> Viewer::take_voice(const net::ChannelOpen& open) {
  if (!may("talk")) return Refusal{403, "not-allowed"};
  if (!shared_.send.callbacks.takes_voice()) return Refusal{501, "not-supported"};
  const std::string params = request_params(open.label, true);
  void* const handle = shared_.send.callbacks.recv_init(params.c_str(), who_.session.c_str());
  if (handle == nullptr) return Refusal{403, "refused"};
  voices_[open.id] = handle;
  return std::nullopt;
}

std::optional<Viewer::Refusal> Viewer::take_request(const net::ChannelOpen& open) {
  // What the program gives need not be FLV: nobody could cut it into tags.
  if (open.protocol == "camspan-flv-timed") return Refusal{406, "no-timed"};
  const auto request = rtc::parse_request_label(open.label);
  if (!request) return Refusal{400, "bad-request"};
  if (!may(rtc::right_for(request->action))) return Refusal{403, "not-allowed"};
  const std::string params = request_params(open.label, false);
  void* const handle = shared_.send.callbacks.send_init(params.c_str(), who_.session.c_str());
  if (handle == nullptr) return Refusal{403, "refused"};
  senders_[open.id] = std::make_unique<SendHandle>(shared_.send, handle, open.id);
  if (senders_.size() == 1) last_progress_ = shared_.clock();
  publish();
  return std::nullopt;
}

void Viewer::take_command_channel(net::ChannelId id) {
  // With two, both sides use the lower one.
  command_channels_.insert(std::upper_bound(command_channels_.begin(), command_channels_.end(), id), id);
  send_commands();
}

void Viewer::refuse(const net::ChannelOpen& open, Refusal why) {
  log::info("iv", "viewer ", who_.session, " is refused a channel: ", why.cause);
  link_->close_channel(open.id);
  commands_.refuse(0, why.status, std::string(why.cause) + " " + open.label);
  send_commands();
}

void Viewer::on_channel_closed(net::ChannelId id) {
  if (at_work_ > 0) return later_.push_back([this, id] { on_channel_closed(id); });
  if (ended_) return;
  stop_sender(id);
  stop_voice(id);
  forget_command_channel(id);
}

void Viewer::stop_sender(net::ChannelId id) {
  const auto entry = senders_.extract(id);
  if (entry.empty()) return;
  void* const handle = entry.mapped()->handle();
  shared_.handles.remove(handle);
  for (InFlight& sent : in_flight_)
    if (sent.channel == id) sent.channel = net::ChannelId(~0u);  // the id may come again
  shared_.send.callbacks.send_stop(handle);
}

void Viewer::stop_voice(net::ChannelId id) {
  if (const auto entry = voices_.extract(id); !entry.empty()) shared_.send.callbacks.voice(entry.mapped(), nullptr, 0);
}

void Viewer::stop_all() {
  while (!senders_.empty()) stop_sender(senders_.begin()->first);
  while (!voices_.empty()) stop_voice(voices_.begin()->first);
  for (auto& [id, done] : std::exchange(asked_, {})) done({IV_ERR_AVT_CHN_NOT_EXIT});
}

// ---- streams -------------------------------------------------------------------------------------------------

void Viewer::tick() {
  if (ended_) return;
  {
    const AtWork at_work(*this);
    count_acknowledged();
    for (const auto& [id, sender] : senders_) {
      sender->update_marks();
      sender->fetch();
    }
    pump();
    for (const auto& [id, sender] : senders_) sender->keep();
    update_marks();
    publish();
  }
  if (in_flight_bytes_ > 0 && shared_.clock() - last_progress_ > kStuck)
    end(Failure{Errc::timed_out, "it took nothing for too long", 0});
}

void Viewer::update_marks() {
  const AtWork at_work(*this);
  for (const auto& [id, sender] : senders_) sender->update_marks();
}

/// SCTP knows what the viewer has of all channels together. It sends in the order in which it was given, near enough.
void Viewer::count_acknowledged() {
  const TimePoint now = shared_.clock();
  const std::size_t buffered = link_->stats().buffered_bytes;
  if (in_flight_bytes_ == 0 || buffered < in_flight_bytes_) last_progress_ = now;
  while (in_flight_bytes_ > buffered) {
    InFlight& first = in_flight_.front();
    const std::size_t bytes = std::min(first.bytes, in_flight_bytes_ - buffered);
    if (const auto sender = senders_.find(first.channel); sender != senders_.end())
      sender->second->acknowledge(bytes, now);
    in_flight_bytes_ -= bytes;
    first.bytes -= bytes;
    if (first.bytes == 0) in_flight_.pop_front();
  }
}

void Viewer::pump() {
  send_commands();
  while (!full_ && in_flight_bytes_ < kMaxInFlight && feed_streams()) {
  }
  for (const auto& [id, sender] : senders_)
    if (sender->closes_now()) link_->close_channel(id);
}

/// One message of each stream, from the one whose turn it is. @return true if another round may send more
bool Viewer::feed_streams() {
  const std::optional<net::ChannelId> begin = std::exchange(turn_, std::nullopt);
  bool more = begin.has_value();  // those before it had none
  for (const auto& [id, sender] : senders_) {
    if (begin && id < *begin) continue;
    if (full_ || in_flight_bytes_ >= kMaxInFlight) {
      turn_ = id;
      return false;
    }
    more = feed_stream(*sender) || more;
  }
  return more;
}

bool Viewer::feed_stream(SendHandle& sender) {
  const Result<std::size_t> sent = sender.feed(*link_);
  if (!sent) {
    full_ = sent.error() == Errc::queue_full;
    if (full_) turn_ = sender.channel();
    return false;
  }
  if (*sent == 0) return false;
  in_flight_bytes_ += *sent;
  in_flight_.push_back({sender.channel(), *sent});
  return true;
}

void Viewer::on_writable() {
  full_ = false;
  if (ended_ || at_work_ > 0) return;
  const AtWork at_work(*this);
  count_acknowledged();
  pump();
}

void Viewer::publish() {
  const TimePoint now = shared_.clock();
  for (const auto& [id, sender] : senders_)
    shared_.handles.set(sender->handle(), {sender->buffered(), sender->stats(link_mode_, now)});
}

}  // namespace camspan::iv
