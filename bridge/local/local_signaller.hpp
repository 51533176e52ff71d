/// A camera that serves itself: viewers join it, watch it and get its page without a hub (camspan-wire.md section 3).
#pragma once

#include <camspan/unit.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/io_thread.hpp"
#include "net/local_server.hpp"
#include "net/signalling/message_signaller.hpp"

namespace camspan {

struct LocalSignallerConfig {
  std::string device_id;
  /// Address and certificate. Its `token` gives every right; "" = none does.
  net::LocalServerSettings server{};
  std::string jwt_key_file;  ///< tokens signed by it give what they say; "" = there are none
  std::size_t max_sessions = 100;
  std::vector<net::IceServer> ice_servers{};  ///< for viewers and for the camera
};

/// Serves /whep/<id>, /live/<id>.flv, / and /healthz on the I/O thread. Viewers bring the token or a JWT of the key;
/// with neither set, only those on this machine are served. Made and destroyed on the P2P thread, or while that runs
/// nothing.
class LocalSignaller final : public net::MessageSignaller {
 public:
  /// @param events  outlives it. @return Errc::bad_setting for an id that is none, a key that cannot be read, or an
  ///         address that others reach with neither token nor key
  static tl::expected<std::unique_ptr<LocalSignaller>, Failure> make(LocalSignallerConfig config,
                                                                     net::SignallingEvents& events,
                                                                     net::PostToP2p post);
  ~LocalSignaller() override;

  /// Binds before it returns. Failure comes as SignalState::lost, with the sentence.
  void start() override;
  void stop() override;
  /// 0 = not bound.
  std::uint16_t port() const { return port_; }

  void describe(net::CameraDescription camera) override;
  void state(unsigned viewers, std::uint64_t bitrate) override;

  /// The next tag of channel 0, for /live. Any thread; shared, not copied.
  void push(SharedUnit tag);

 private:
  class Server;
  void say(net::signal::Message message) override;
  LocalSignaller(std::shared_ptr<net::IoThread> io, std::shared_ptr<Server> server);

  std::shared_ptr<net::IoThread> io_;
  std::shared_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace camspan
