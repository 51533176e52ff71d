/// One viewer of a program on the raw API: a channel is a call of an init callback. P2P thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handle_table.hpp"
#include "net/p2p/p2p_link.hpp"
#include "proto/rtc/command_channel.hpp"
#include "send_handle.hpp"

namespace camspan::iv {

/// What became of iv_avt_p2p_send_command(). `status`: IV_ERR_*
struct CommandResult {
  int status;
  Bytes reply{};
};
using CommandDone = std::function<void(CommandResult)>;

/// The parameters that the init callbacks get of a channel's label: without a leading `ipc.flv?` or `voice?` and
/// without keys in `_`; for voice also without `action=voice`.
std::string request_params(std::string_view label, bool voice);

class Viewer final : public net::Link::Observer {
 public:
  /// What all viewers share, and whom they tell. Outlives them.
  struct Shared {
    SendSettings send;
    HandleTable handles;
    std::function<TimePoint()> clock;
    std::function<void(Viewer&, std::string_view candidate)> found_candidate;
    /// Something is to be done at next_timeout(), which may be sooner now.
    std::function<void()> wake;
  };
  struct Who {
    std::string session;  ///< `peer` of the callbacks
    std::vector<std::string> allow;
  };
  using MakeLink = std::function<std::unique_ptr<net::Link>(net::Link::Observer& observer)>;

  /// A viewer that takes nothing of what waits for it for so long is left; nobody else notices.
  static constexpr std::chrono::seconds kStuck{120};

  Viewer(Shared& shared, Who who, const MakeLink& make_link);
  ~Viewer() override;
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  const std::string& session() const { return who_.session; }
  /// mid of the data section, which candidates belong to.
  const std::string& mid() const { return mid_; }
  /// Why it is over; empty as long as it is not. Its owner then destroys it, outside of every call.
  const std::optional<Failure>& ended() const { return ended_; }
  bool has_streams() const { return !senders_.empty(); }

  Result<std::string> answer(const rtc::Description& offer);
  void add_candidate(std::string_view line) { link_->add_candidate(line); }
  /// For restarts of its ICE.
  net::Link& link() { return *link_; }
  /// One call of get_cb for each stream, and all that follows from it.
  void tick();
  /// The marks are others now.
  void update_marks();
  /// Commands that nobody answers.
  void on_timeout();
  std::optional<TimePoint> next_timeout() const { return commands_.next_timeout(); }
  /// `done` is called once, on the P2P thread, at the latest when the viewer is gone.
  void ask(ByteView text, Nanoseconds timeout, CommandDone done);
  /// Leaves: the last callbacks of all handles are made before it returns.
  void end(Failure why);

 private:
  struct Refusal {
    int status;
    const char* cause;
  };
  /// While one lives the viewer is at work, and what the link says that changes its channels waits: it may speak while
  /// it is spoken to.
  class AtWork {
   public:
    explicit AtWork(Viewer& viewer) : viewer_(viewer) { ++viewer_.at_work_; }
    ~AtWork() {
      if (--viewer_.at_work_ == 0) viewer_.catch_up();
    }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;

   private:
    Viewer& viewer_;
  };
  /// Bytes on their way, in the order in which the link took them.
  struct InFlight {
    net::ChannelId channel;
    std::size_t bytes;
  };

  void on_candidate(std::string_view line) override { shared_.found_candidate(*this, line); }
  void on_path(const net::PathInfo& path) override;
  void on_channel(const net::ChannelOpen& open) override;
  void on_message(net::ChannelId id, bool text, ByteView message) override;
  void on_writable() override;
  void on_channel_closed(net::ChannelId id) override;
  void on_ended(const Failure& why) override;

  void catch_up();
  bool may(std::string_view right) const;
  std::optional<Refusal> take(const net::ChannelOpen& open);
  std::optional<Refusal> take_voice(const net::ChannelOpen& open);
  std::optional<Refusal> take_request(const net::ChannelOpen& open);
  void take_command_channel(net::ChannelId id);
  void refuse(const net::ChannelOpen& open, Refusal why);
  void pump();
  bool feed_streams();
  bool feed_stream(SendHandle& sender);
  void send_commands();
  void count_acknowledged();
  void publish();
  void hear(const rtc::CommandChannel::Asked& asked);
  void hear(rtc::CommandChannel::Answered answered);
  void take_command_events();
  void forget_command_channel(net::ChannelId id);
  void stop_sender(net::ChannelId id);
  void stop_voice(net::ChannelId id);
  void stop_all();

  Shared& shared_;
  const Who who_;
  std::unique_ptr<net::Link> link_;
  std::string mid_;
  std::map<net::ChannelId, std::unique_ptr<SendHandle>> senders_;
  std::map<net::ChannelId, void*> voices_;
  std::vector<net::ChannelId> command_channels_;  ///< lowest first: that one is used
  rtc::CommandChannel commands_;
  std::map<std::uint32_t, CommandDone> asked_;
  std::deque<InFlight> in_flight_;
  std::size_t in_flight_bytes_ = 0;
  TimePoint last_progress_;
  std::uint32_t link_mode_ = 0;
  std::optional<net::ChannelId> turn_;  ///< whose stream comes first when there is space again
  bool full_ = false;                   ///< the link is, until on_writable()
  int at_work_ = 0;
  std::vector<std::function<void()>> later_;
  std::optional<Failure> ended_;
};

}  // namespace camspan::iv
