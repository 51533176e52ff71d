/// Viewers that joined a camera, or try to: what of their signalling is kept between the viewer's requests and the
/// camera's messages. The media go peer to peer and never come here.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "hub/device_id.hpp"
#include "hub/problem.hpp"
#include "net/signalling/signal_message.hpp"
#include "net/wake_up.hpp"

namespace camspan::hub {

/// A camera that offers can be given to: a device's /signal socket, or the camera of this process. I/O thread.
class WhepCamera {
 public:
  virtual ~WhepCamera() = default;
  /// Offer, candidate, restart or bye of a viewer; on its way when this returns.
  virtual void tell(const net::signal::Message& message) = 0;
};

/// One viewer. Lives on the I/O thread, shared by the registry and the requests that use it.
class WhepSession {
 public:
  struct Event {
    std::string name;  ///< "candidate", "restart", "bye"
    std::string data;  ///< lines of trickle-ice-sdpfrag, or a reason
  };

  WhepSession(std::string the_id, DeviceId the_device, const asio::any_io_executor& executor)
      : id(std::move(the_id)), device(std::move(the_device)), answered(executor), news(executor), restarted(executor) {}

  const std::string id;  ///< 128 random bits in hex: who knows it may go on with the session
  const DeviceId device;
  std::string viewer_ufrag;  ///< of the viewer's ICE generation
  unsigned generation = 1;   ///< of ICE; in the ETag

  std::optional<std::string> answer;
  std::optional<net::signal::Reject> rejection;
  std::optional<Problem> lost;          ///< why there will be no answer
  std::vector<std::string> candidates;  ///< of the camera, this generation
  bool candidates_end = false;
  std::vector<Event> events;      ///< for GET, from the beginning of this generation
  std::size_t events_before = 0;  ///< of earlier ones: nobody who listens anew can use them
  std::size_t viewer_candidates = 0;
  std::optional<net::ViewerRestart> camera_restart;  ///< asked for, or answered, by the camera; not yet taken
  bool restart_awaited = false;                      ///< the viewer's PATCH waits for the camera's answer
  bool ended = false;

  net::WakeUp answered;        ///< answer, rejection, lost; then candidates. For the POST
  net::WakeUp news;            ///< events, ended. For the GET
  net::WakeUp restarted;       ///< camera_restart, ended. For the PATCH
  std::uint64_t listener = 0;  ///< number of the newest GET: older ones end

  std::string etag() const { return '"' + id.substr(0, 8) + '-' + std::to_string(generation) + '"'; }
};

/// The sessions of every camera here. Lives on the I/O thread.
class WhepSessions {
 public:
  struct Limits {
    std::size_t per_device = 100;
    std::size_t total = 10000;
  };
  /// Since the start.
  struct Counters {
    std::uint64_t offers = 0;      ///< that went to a camera
    std::uint64_t refused = 0;     ///< by the camera, or over a limit
    std::uint64_t unanswered = 0;  ///< in time
  };

  explicit WhepSessions(Limits limits) : limits_(limits) {}

  /// Cause::max_viewers over a limit.
  tl::expected<std::shared_ptr<WhepSession>, Problem> open(const DeviceId& device,
                                                           const asio::any_io_executor& executor);
  /// Null when it is not there, or another camera's.
  std::shared_ptr<WhepSession> find(const DeviceId& device, const std::string& id) const;
  /// Ends what waits for it, and forgets it.
  void close(WhepSession& session, std::string reason);

  /// A message of `device`: answer, reject, candidate, restart, bye. What names no session of its own is passed over.
  void take(const DeviceId& device, net::signal::Message message);
  /// The camera is connected anew and has only these sessions of before.
  void keep_only(const DeviceId& device, const std::vector<std::string>& sessions);
  /// The camera is not reached any more: what it has not answered, it will not. Other sessions go on peer to peer.
  void camera_lost(const DeviceId& device);
  /// Ends all, because the hub stops.
  void end_all();

  std::size_t count() const { return sessions_.size(); }
  Counters counters;

 private:
  void take(WhepSession& session, net::signal::Answer answer);
  void take(WhepSession& session, net::signal::Reject reject);
  void take(WhepSession& session, net::ViewerCandidate candidate);
  void take(WhepSession& session, net::ViewerRestart restart);
  void take(WhepSession& session, net::signal::Bye bye);

  const Limits limits_;
  std::map<std::string, std::shared_ptr<WhepSession>, std::less<>> sessions_;
  std::map<DeviceId, std::size_t> per_device_;
  bool ended_ = false;
};

}  // namespace camspan::hub
