/// One viewer: its link, and what runs on the channels that it opens. P2P thread only.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/p2p/bitrate_policy.hpp"
#include "net/p2p/media_channel.hpp"
#include "net/p2p/p2p_link.hpp"
#include "proto/rtc/command_channel.hpp"

namespace camspan::net {

/// Why a request is refused: the status of HTTP, and the last part of a problem type.
struct Refusal {
  int status;
  const char* cause;
};

/// A request is a channel, and its label says what for (camspan-wire.md section 5). The connection ends by itself when
/// the link does or the viewer takes nothing: ended() then says why, and its owner destroys it outside of every call.
class ViewerConnection final : public Link::Observer {
 public:
  using CommandDone = std::function<void(const P2pCommandReply&)>;

  /// What all viewers of a camera share, and whom they tell. Outlives them.
  class Owner {
   public:
    virtual TimePoint now() const = 0;
    virtual const P2pCameraConfig& config() const = 0;
    virtual flv::FanOut& fan_out() = 0;
    virtual bool takes_messages() const = 0;
    virtual void found_candidate(const ViewerConnection& viewer, std::string_view line) = 0;
    /// The first channel is there.
    virtual void connected(const ViewerConnection& viewer) = 0;
    /// A stream begins.
    virtual void wants_key() = 0;
    virtual void got_message(const ViewerConnection& viewer, const std::string& label, ByteView message) = 0;
    /// A command for the program, which answers by `done`: on the P2P thread, once, now or later, also when the viewer
    /// is gone.
    virtual void got_command(const ViewerConnection& viewer, const std::string& text, CommandDone done) = 0;
    /// Viewers that are connected.
    virtual unsigned connected_viewers() const = 0;
    /// bit/s of the media that came in the last second.
    virtual std::uint64_t bitrate_in() const = 0;

   protected:
    ~Owner() = default;
  };
  using MakeLink = std::function<std::unique_ptr<Link>(Link::Observer& observer)>;

  ViewerConnection(Owner& owner, P2pViewerInfo viewer, TimePoint offered, const MakeLink& make_link);
  ~ViewerConnection() override;
  ViewerConnection(const ViewerConnection&) = delete;
  ViewerConnection& operator=(const ViewerConnection&) = delete;

  const P2pViewerInfo& viewer() const { return viewer_; }
  /// mid of the data section, which candidates belong to.
  const std::string& mid() const { return mid_; }
  TimePoint offered() const { return offered_; }
  bool connected() const { return connected_; }
  /// Why it is over; empty as long as it is not.
  const std::optional<Failure>& ended() const { return ended_; }

  Result<std::string> answer(const rtc::Description& offer);
  void add_candidate(std::string_view line) { link_->add_candidate(line); }
  /// Of the viewer, for restarts of its ICE.
  Link& link() { return *link_; }
  /// Hands to the link what waits and it has room for.
  void pump();
  Result<> send_message(const std::string& label, ByteView message);
  /// Ends it, once: as if the link had.
  void end(Failure why);
  /// Once a second: what its connection carries, and what it holds of the memory budget.
  void measure();
  const RateEstimate& rate() const { return rate_; }
  /// Those of streams that are over included.
  flv::LossCounts losses() const;

  P2pCameraViewerStats stats() const;

 private:
  enum class Use : std::uint8_t { stream, command, message };
  struct Channel {
    std::string label;
    Use use;
    std::unique_ptr<MediaChannel> media;  ///< of a stream
  };

  void on_candidate(std::string_view line) override;
  void on_path(const PathInfo& path) override;
  void on_channel(const ChannelOpen& open) override;
  void on_message(ChannelId id, bool text, ByteView message) override;
  void on_writable() override;
  void on_channel_closed(ChannelId id) override;
  void on_ended(const Failure& why) override;

  std::optional<Refusal> take(const ChannelOpen& open);
  std::optional<Refusal> take_request(const ChannelOpen& open);
  void add_stream(const ChannelOpen& open);
  void add_command(ChannelId id);
  void forget_command(ChannelId id);
  void refuse(ChannelId id, const std::string& label, Refusal why);
  void take_commands(ByteView message);
  void hear(const rtc::CommandChannel::Asked& asked);
  void ask_program(std::uint32_t id, const std::string& text);
  void answer(std::uint32_t id, const P2pCommandReply& reply);
  void send_commands();
  bool may(std::string_view right) const;
  bool pump_round();
  void forget(ChannelId id);
  void note_gone();

  Owner& owner_;
  const P2pViewerInfo viewer_;
  const TimePoint offered_;
  std::unique_ptr<Link> link_;
  std::string mid_;
  std::map<ChannelId, Channel> channels_;
  std::optional<ChannelId> command_;
  rtc::CommandChannel commands_;                                  ///< what is said there, also before it is
  std::shared_ptr<const void> asking_ = std::make_shared<int>();  ///< goes with `commands_`: its ids begin anew
  std::optional<ChannelId> turn_;                                 ///< whose stream comes first when there is room again
  bool pumping_ = false;
  bool full_ = false;                ///< while pumping: the link is
  std::vector<ChannelId> closed_;    ///< while pumping
  std::vector<ChannelOpen> opened_;  ///< while pumping
  bool connected_ = false;
  std::optional<Failure> ended_;
  std::optional<std::chrono::milliseconds> signal_time_;
  std::string delivery_;
  RateEstimate rate_;
  std::size_t reserved_ = 0;  ///< of the process's memory budget
  std::uint64_t key_requests_ = 0;
  // Of streams that are over.
  flv::LossCounts past_losses_{};
  std::uint64_t past_frames_ = 0;
  std::optional<TimePoint> first_key_;
};

}  // namespace camspan::net
