#include "api/viewer_commands.hpp"

#include <algorithm>

namespace camspan {
namespace {

constexpr int kNotSupported = 501;

P2pCommandAnswer closed(const std::string& why) {
  return {{}, make_error_code(Errc::closed), 0, why};
}

}  // namespace

bool ViewerCommands::open_channel() {
  if (channel_) return true;
  rtc::ChannelSettings settings;
  settings.label = "command";
  settings.protocol = "camspan-command";
  const auto opened = link_.open_channel(settings);
  if (opened) channel_ = *opened;
  return opened.has_value();
}

void ViewerCommands::ask(const std::string& text, std::chrono::milliseconds timeout, TimePoint now, Answered answered) {
  if (!open_channel()) return answered(closed("There is no channel for commands."));
  const auto id = commands_.request(as_bytes(text), timeout, now);
  if (!id) return answered({{}, id.error()});
  asked_[*id] = std::move(answered);
  send();
}

void ViewerCommands::on_channel(const rtc::ChannelOpen& open) {
  // With two, both sides use the lower one.
  if (open.by_peer && open.label == "command") channel_ = channel_ ? std::min(*channel_, open.id) : open.id;
  send();
}

void ViewerCommands::on_message(net::ChannelId channel, ByteView message) {
  if (channel != channel_) return;
  static_cast<void>(commands_.feed(message));  // what breaks the protocol harms nothing else
  take_events();
  send();
}

void ViewerCommands::take_events() {
  while (auto event = commands_.poll()) {
    if (const auto* asked = std::get_if<rtc::CommandChannel::Asked>(&*event)) answer(*asked);
    auto* answered = std::get_if<rtc::CommandChannel::Answered>(&*event);
    if (answered == nullptr) continue;
    if (auto entry = asked_.extract(answered->id); !entry.empty())
      entry.mapped()({std::move(answered->reply), answered->error, answered->status, std::move(answered->text)});
  }
}

void ViewerCommands::answer(const rtc::CommandChannel::Asked& asked) {
  if (!asked_by_camera_) {
    if (asked.id != 0) commands_.refuse(asked.id, kNotSupported, "not-supported");
    return;
  }
  const P2pCommandReply reply = asked_by_camera_(std::string(as_text(asked.text)));
  if (asked.id == 0) return;  // it only told
  if (reply.status == 0)
    commands_.reply(asked.id, reply.reply);
  else
    commands_.refuse(asked.id, reply.status, reply.reason);
}

void ViewerCommands::on_channel_closed(net::ChannelId channel) {
  if (channel != channel_) return;
  channel_.reset();
  end("The camera closed the channel for commands. Does the token have the right command?");
}

void ViewerCommands::end(const std::string& why) {
  commands_ = {};
  for (const auto& [id, answered] : std::exchange(asked_, {})) answered(closed(why));
}

void ViewerCommands::send() {
  while (const Bytes* message = channel_ ? commands_.front() : nullptr) {
    if (!link_.send(*channel_, false, *message, net::Delivery::reliable, std::chrono::milliseconds(0))) return;
    commands_.pop();
  }
}

void ViewerCommands::on_timeout(TimePoint now) {
  commands_.on_timeout(now);
  take_events();
}

}  // namespace camspan
