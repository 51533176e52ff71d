/// All viewers of one camera. P2P thread only, but for what says otherwise.
#pragma once

#include <camspan/p2p_camera.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/p2p/bitrate_policy.hpp"
#include "net/p2p/key_requests.hpp"
#include "net/p2p/signalling.hpp"
#include "net/p2p/viewer_connection.hpp"
#include "proto/flv/fan_out.hpp"
#include "proto/flv/media_info.hpp"

namespace camspan::net {

/// What the camera's program hears; on the P2P thread, so nothing here may block. Any member may be empty.
struct P2pSessionEvents {
  std::function<void(SignalState, const Failure&)> state;
  /// Says yes or no by `decide`, on the P2P thread, once, now or later.
  std::function<void(const P2pViewerInfo&, std::function<void(bool)> decide)> viewer_connecting;
  std::function<void(const P2pViewerInfo&)> viewer_added;
  std::function<void(const std::string& id, const std::string& reason)> viewer_removed;
  std::function<void(const std::string& id, const Failure& why)> viewer_failed;
  std::function<void(const std::string& id, const std::string& label, ByteView message)> viewer_message;
  /// A command that the camera does not answer by itself. `done` is called on the P2P thread, once, now or later.
  std::function<void(const std::string& id, const std::string& text, ViewerConnection::CommandDone done)> command;
  std::function<void(std::uint64_t count)> need_key;
  std::function<void(const BitratePolicy::Target&)> bitrate;
  std::function<void(bool dropping, std::size_t level_bytes)> overflow;
};

/// Who is let in, one connection for each, one fan-out for all. No clock and no timer of its own: tick() is called.
class P2pSession final : public SignallingEvents, private ViewerConnection::Owner {
 public:
  using LinkFactory = std::function<std::unique_ptr<Link>(const IceSettings&, Link::Observer&)>;
  /// How often tick() should be called.
  static constexpr std::chrono::milliseconds kTick{100};

  /// @param make_link  a link for each viewer, with the ICE servers of that moment
  P2pSession(P2pCameraConfig config, IceSettings ice, LinkFactory make_link, P2pSessionEvents events,
             std::function<TimePoint()> clock);
  ~P2pSession() override;
  P2pSession(const P2pSession&) = delete;
  P2pSession& operator=(const P2pSession&) = delete;

  /// Before any viewer comes; `signaller` outlives what is said to it.
  void use(Signaller& signaller);

  /// One tag for everybody.
  void deliver(const SharedUnit& tag);
  void flush();
  void update(const P2pCameraConfig& config);
  /// Lets go of viewers that are gone, and of those that take nothing; measures.
  void tick();
  /// Nobody is connected, or about to be.
  bool idle() const { return viewers_.empty() && undecided_.empty(); }
  /// @return false if there is no such viewer
  bool disconnect(const std::string& id);
  /// Says goodbye to everybody.
  void disconnect_all();
  Result<> send_message(const std::string& id, const std::string& label, ByteView message);
  void fill(P2pCameraStats& stats) const;

  // SignallingEvents
  void offered(ViewerOffer offer) override;
  void candidate(ViewerCandidate candidate) override;
  void restart(ViewerRestart restart) override;
  void left(std::string session, std::string reason) override;
  void ready(std::vector<IceServer> servers) override;
  void state(SignalState state, Failure why) override;
  void keyframe_requested(unsigned channel) override;
  void moved() override;

 private:
  /// Waits for the program's decision.
  struct Undecided {
    ViewerOffer offer;
    rtc::Description description;
    std::vector<std::string> candidates;
    TimePoint since;
  };

  TimePoint now() const override { return clock_(); }
  const P2pCameraConfig& config() const override { return config_; }
  flv::FanOut& fan_out() override { return fan_out_; }
  bool takes_messages() const override { return static_cast<bool>(events_.viewer_message); }
  void found_candidate(const ViewerConnection& viewer, std::string_view line) override;
  void connected(const ViewerConnection& viewer) override;
  void wants_key() override;
  void got_message(const ViewerConnection& viewer, const std::string& label, ByteView message) override;
  void got_command(const ViewerConnection& viewer, const std::string& text,
                   ViewerConnection::CommandDone done) override;
  unsigned connected_viewers() const override;
  std::uint64_t bitrate_in() const override { return bitrate_in_; }

  std::optional<Refusal> refusal_of(const ViewerOffer& offer) const;
  void reject(const std::string& session, Refusal why);
  void decided(const std::string& session, bool yes);
  void accept(Undecided undecided);
  void remove_ended();
  void remove(ViewerConnection& viewer);
  void each_second();
  void measure();
  void tell_state();
  void describe();
  void tell_overflow();

  P2pCameraConfig config_;
  IceSettings ice_;
  std::vector<IceServer> own_servers_;
  const LinkFactory make_link_;
  const P2pSessionEvents events_;
  const std::function<TimePoint()> clock_;
  Signaller* signaller_ = nullptr;
  flv::FanOut fan_out_;
  flv::MediaInfo info_;
  KeyRequests keys_;
  BitratePolicy policy_;
  std::map<std::string, Undecided> undecided_;
  std::map<std::string, std::unique_ptr<ViewerConnection>> viewers_;
  TimePoint last_media_;  ///< or when this began
  TimePoint last_second_;
  TimePoint last_state_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_before_ = 0;
  std::uint64_t bitrate_in_ = 0;
  std::size_t told_viewers_ = 0;
  bool told_live_ = false;
  bool dropping_ = false;
  std::uint64_t lost_before_ = 0;
  std::uint64_t estimated_ = 0;
  P2pCameraStats past_;  ///< counters of those who are gone
  /// Decisions may come when this is gone.
  std::shared_ptr<P2pSession*> self_ = std::make_shared<P2pSession*>(this);
};

}  // namespace camspan::net
