/// A viewer's channel `command`. P2P thread only.
#pragma once

#include <camspan/p2p_command.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "net/p2p/p2p_link.hpp"
#include "proto/rtc/command_channel.hpp"

namespace camspan {

/// Opens the channel with the first command, and takes the one that a camera opens. No clock: whoever has it calls
/// on_timeout() at next_timeout(), which may be sooner after each ask().
class ViewerCommands {
 public:
  using Answered = std::function<void(const P2pCommandAnswer&)>;
  using Asked = std::function<P2pCommandReply(const std::string& text)>;

  /// @param link   outlives it
  /// @param asked  answers the camera; empty = it is told 501
  ViewerCommands(net::Link& link, Asked asked) : link_(link), asked_by_camera_(std::move(asked)) {}

  /// `answered` is called once, at the latest by end(); not when this is destroyed.
  void ask(const std::string& text, std::chrono::milliseconds timeout, TimePoint now, Answered answered);
  void on_channel(const rtc::ChannelOpen& open);
  void on_message(net::ChannelId channel, ByteView message);
  void on_channel_closed(net::ChannelId channel);
  /// Sends what waits.
  void send();
  void on_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const { return commands_.next_timeout(); }
  /// Nothing is answered any more. @param why  a sentence
  void end(const std::string& why);

 private:
  bool open_channel();
  void take_events();
  void answer(const rtc::CommandChannel::Asked& asked);

  net::Link& link_;
  const Asked asked_by_camera_;
  rtc::CommandChannel commands_;
  std::optional<net::ChannelId> channel_;
  std::map<std::uint32_t, Answered> asked_;
};

}  // namespace camspan
