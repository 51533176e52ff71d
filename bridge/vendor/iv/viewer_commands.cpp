// What a viewer and the program ask each other.
#include <algorithm>

#include "core/log.hpp"
#include "iv_err.h"
#include "viewer.hpp"

namespace camspan::iv {
namespace {

// What vendor programs tell their user as "channel disconnected".
constexpr int kDisconnected = 410;

int status_of(const rtc::CommandChannel::Answered& answered) {
  if (!answered.error) return IV_ERR_NONE;
  if (answered.error == Errc::timed_out) return IV_ERR_AVT_SEND_DATA_TIMEOUT;
  if (answered.error == Errc::too_large) return IV_ERR_AVT_INPUT_PARAM_INVAILD;
  return IV_ERR_AVT_FAILED;
}

}  // namespace

void Viewer::on_message(net::ChannelId id, bool, ByteView message) {
  if (ended_) return;
  const AtWork at_work(*this);
  if (const auto voice = voices_.find(id); voice != voices_.end()) {
    if (message.empty()) return;  // NULL, 0 is the end
    // The callback's pointer is not const; the message is ours until it returns.
    auto* const bytes = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(message.data()));
    if (shared_.send.callbacks.voice(voice->second, bytes, message.size())) {
      stop_voice(id);
      link_->close_channel(id);
    }
    return;
  }
  if (std::find(command_channels_.begin(), command_channels_.end(), id) == command_channels_.end()) return;
  if (!commands_.feed(message)) log::debug("iv", "viewer ", who_.session, " sent what is no command");
  take_command_events();
  send_commands();
}

void Viewer::take_command_events() {
  while (auto event = commands_.poll()) {
    if (const auto* asked = std::get_if<rtc::CommandChannel::Asked>(&*event)) hear(*asked);
    if (auto* answered = std::get_if<rtc::CommandChannel::Answered>(&*event)) hear(std::move(*answered));
  }
}

void Viewer::hear(const rtc::CommandChannel::Asked& asked) {
  // Programs read it as a string.
  const std::string text(as_text(asked.text));
  const Chunk reply(shared_.send.callbacks.command(text.c_str(), text.size(), who_.session.c_str()));
  if (asked.id == 0) return;  // it was only told
  if (reply.rest().empty())
    commands_.refuse(asked.id, kDisconnected, "disconnected");
  else
    commands_.reply(asked.id, reply.rest());
}

void Viewer::hear(rtc::CommandChannel::Answered answered) {
  auto entry = asked_.extract(answered.id);
  if (!entry.empty()) entry.mapped()({status_of(answered), std::move(answered.reply)});
}

void Viewer::on_timeout() {
  if (ended_) return;
  const AtWork at_work(*this);
  commands_.on_timeout(shared_.clock());
  take_command_events();
}

void Viewer::ask(ByteView text, Nanoseconds timeout, CommandDone done) {
  if (ended_) return done({IV_ERR_AVT_CHN_NOT_EXIT});
  const AtWork at_work(*this);
  if (command_channels_.empty()) {
    const Result<net::ChannelId> opened = link_->open_channel({.label = "command", .protocol = "camspan-command"});
    if (!opened) return done({IV_ERR_AVT_CHN_NOT_EXIT});
    command_channels_.push_back(*opened);
  }
  const Result<std::uint32_t> id = commands_.request(text, timeout, shared_.clock());
  if (!id) return done({id.error() == Errc::too_large ? IV_ERR_AVT_INPUT_PARAM_INVAILD : IV_ERR_AVT_REQ_CHN_BUSY});
  asked_[*id] = std::move(done);
  send_commands();
  shared_.wake();
}

/// Ahead of streams; what finds no space goes when there is some.
void Viewer::send_commands() {
  if (command_channels_.empty()) return;
  const net::ChannelId id = command_channels_.front();
  while (const Bytes* message = commands_.front()) {
    const std::size_t bytes = message->size();
    if (!link_->send(id, false, *message, net::Delivery::reliable, std::chrono::milliseconds(0))) return;
    in_flight_bytes_ += bytes;
    in_flight_.push_back({id, bytes});
    commands_.pop();
  }
}

void Viewer::forget_command_channel(net::ChannelId id) {
  if (std::erase(command_channels_, id) == 0 || !command_channels_.empty()) return;
  // Another channel would begin anew: what was asked on this one is not answered any more.
  commands_ = {};
  for (auto& [request, done] : std::exchange(asked_, {})) done({IV_ERR_AVT_CHN_NOT_EXIT});
}

}  // namespace camspan::iv
