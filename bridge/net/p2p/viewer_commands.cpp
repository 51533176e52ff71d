/// The part of ViewerConnection that commands go through: what the camera answers by itself, and what its program does.
#include <algorithm>

#include "core/log.hpp"
#include "net/p2p/viewer_connection.hpp"
#include "net/p2p/viewer_stats.hpp"
#include "proto/rtc/device_command.hpp"

namespace camspan::net {
namespace {

// Refusals that are kept for a viewer without a channel `command`; most never open one.
constexpr std::size_t kMaxEarlyNoteBytes = 4096;

constexpr Refusal kBadCommand{400, "bad-request"};
constexpr Refusal kUnknownCommand{404, "unknown-command"};

using Answer = std::optional<std::string>;

/// What the camera says by itself. Status values are strings in the vendor's programs.
struct Answers {
  bool may_watch;
  unsigned viewers;
  unsigned max_viewers;
  const std::function<P2pCameraViewerStats()>& stats;

  const char* status_of(const rtc::DeviceStatus& asked) const {
    if (asked.channel != 0) return "404";
    if (asked.voice) return "406";
    return may_watch ? "0" : "1";
  }
  /// Whoever asks is connected: one more stream of his is not one viewer more.
  Answer operator()(const rtc::DeviceStatus& asked) const {
    return R"([{"status":")" + std::string(status_of(asked)) + R"(","appConnectNum":")" + std::to_string(viewers) +
           R"(","maxConnectNum":")" + std::to_string(max_viewers) + R"("}])";
  }
  Answer operator()(const rtc::ViewerStats&) const { return viewer_stats_json(stats()); }
  Answer operator()(const rtc::NvrList&) const { return "[]"; }
  // Nothing is recorded here.
  Answer operator()(const rtc::RecordIndex&) const { return R"({"video_list":[]})"; }
  Answer operator()(const rtc::MonthRecord&) const { return R"({"video_list":"0"})"; }
  Answer operator()(const rtc::FileList&) const { return R"({"file_list":[]})"; }
  Answer operator()(const rtc::UserCommand&) const { return std::nullopt; }
  Answer operator()(const rtc::OtherInner&) const { return std::nullopt; }
};

}  // namespace

void ViewerConnection::add_command(ChannelId id) {
  channels_[id] = {"command", Use::command, nullptr};
  // With two, both sides use the lower one.
  command_ = command_ ? std::min(*command_, id) : id;
  pump();
}

void ViewerConnection::forget_command(ChannelId id) {
  if (command_ != id) return;
  command_.reset();
  for (const auto& [other, used] : channels_)
    if (used.use == Use::command && !command_) command_ = other;
  if (command_) return;
  commands_ = {};
  asking_ = std::make_shared<int>();
}

void ViewerConnection::refuse(ChannelId id, const std::string& label, Refusal why) {
  log::info("p2p", "viewer ", viewer_.id, " is refused a channel: ", why.cause);
  link_->close_channel(id);
  if (!command_ && commands_.waiting_bytes() + label.size() > kMaxEarlyNoteBytes) return;
  commands_.refuse(0, why.status, std::string(why.cause) + " " + label);
  pump();
}

void ViewerConnection::take_commands(ByteView message) {
  if (!commands_.feed(message)) log::debug("p2p", "viewer ", viewer_.id, " sent what is no command");
  while (const auto event = commands_.poll())
    if (const auto* asked = std::get_if<rtc::CommandChannel::Asked>(&*event)) hear(*asked);
  pump();
}

void ViewerConnection::hear(const rtc::CommandChannel::Asked& asked) {
  const std::string text(as_text(asked.text));
  const auto command = rtc::parse_device_command(text);
  if (!command) return commands_.refuse(asked.id, kBadCommand.status, kBadCommand.cause);
  if (std::holds_alternative<rtc::UserCommand>(*command)) return ask_program(asked.id, text);
  if (asked.id == 0) return;  // it only tells
  const std::function<P2pCameraViewerStats()> own_stats = [this] { return stats(); };
  const Answers answers{may("live"), owner_.connected_viewers(), owner_.config().max_viewers, own_stats};
  const Answer answer = std::visit(answers, *command);
  if (answer)
    commands_.reply(asked.id, as_bytes(*answer));
  else
    commands_.refuse(asked.id, kUnknownCommand.status, kUnknownCommand.cause);
}

void ViewerConnection::ask_program(std::uint32_t id, const std::string& text) {
  const std::weak_ptr<const void> asking = asking_;
  owner_.got_command(*this, text, [this, asking, id](const P2pCommandReply& reply) {
    if (asking.lock()) answer(id, reply);
  });
}

void ViewerConnection::answer(std::uint32_t id, const P2pCommandReply& reply) {
  if (id == 0) return;  // it only told
  if (reply.status == 0)
    commands_.reply(id, reply.reply);
  else
    commands_.refuse(id, reply.status, reply.reason);
  pump();
}

/// Ahead of streams; what finds no room goes when there is some.
void ViewerConnection::send_commands() {
  if (!command_) return;
  while (const Bytes* message = commands_.front()) {
    if (!link_->send(*command_, false, *message, Delivery::reliable, std::chrono::milliseconds(0))) return;
    commands_.pop();
  }
}

}  // namespace camspan::net
