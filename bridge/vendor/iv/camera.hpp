/// A program on the raw API as its viewers and its hub see it. P2P thread only, but for handles().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/p2p/signalling.hpp"
#include "viewer.hpp"

namespace camspan::iv {

/// One viewer for each offer. No clock and no timer of its own: on_timeout() is to be called at next_timeout(), which
/// may be sooner after any call and whenever `wake` was called.
class Camera {
 public:
  /// What it stands on; tests bring another clock and other links.
  struct Ground {
    std::function<TimePoint()> clock;
    std::function<void()> wake;
    std::function<std::unique_ptr<net::Link>(const std::vector<net::IceServer>&, net::Link::Observer&)> make_link;
  };
  /// One way for viewers to come: what its signaller tells. Lives as long as the camera.
  class Entrance : public net::SignallingEvents {
   public:
    /// Before anything comes; `signaller` outlives what is said to it.
    virtual void use(net::Signaller& signaller) = 0;
  };

  /// Further viewers are refused: no program serves as many from one device.
  static constexpr std::size_t kMaxViewers = 64;

  /// @param tick  from one call of get_cb to the next
  Camera(const Callbacks& callbacks, Nanoseconds tick, Ground ground);
  ~Camera();
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  Entrance& hub();
  Entrance& local();

  void on_timeout();
  std::optional<TimePoint> next_timeout() const;

  void set_marks(const Marks& marks);
  /// See Viewer::ask().
  void ask(const std::string& peer, ByteView text, Nanoseconds timeout, CommandDone done);
  /// Every viewer leaves; all last callbacks are made before it returns.
  void close();
  std::size_t viewers() const { return viewers_.size(); }

  const HandleTable& handles() const { return shared_.handles; }

 private:
  class Door;

  void offered(net::ViewerOffer offer, net::Signaller& from);
  void found_candidate(Viewer& viewer, std::string_view line);
  void remove_ended();
  void tell_state(net::Signaller& signaller) const;
  bool has_streams() const;

  const Callbacks callbacks_;
  const Nanoseconds tick_;
  const Ground ground_;
  Viewer::Shared shared_;
  struct Guest {
    net::Signaller* signaller;
    std::unique_ptr<Viewer> viewer;
  };
  std::map<std::string, Guest> viewers_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<net::IceServer> ice_servers_;
  TimePoint next_tick_;
};

}  // namespace camspan::iv
