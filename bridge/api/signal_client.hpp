/// The device's end of `/signal` (camspan-wire.md section 4): how a camera is joined through its hub.
#pragma once

#include <memory>
#include <string>

#include "api/backoff.hpp"
#include "api/triple.hpp"
#include "net/io_thread.hpp"
#include "net/signalling/message_signaller.hpp"
#include "proto/http/headers.hpp"

namespace camspan {

struct SignalClientConfig {
  std::string uri;          ///< "wss://hub.example:8443/signal"; "wss://hub.example" means its /signal
  http::Headers headers{};  ///< more of the upgrade's
  Triple triple;
  std::string ca_file;  ///< "" = the system's trust
  bool tls_verify = true;
  std::string agent;          ///< "camspan/0.1.0 p2psink"
  Backoff::Limits backoff{};  ///< between tries to connect (gst-elements.md A9)
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds probe_after{0};  ///< of silence the hub is asked whether it is there; 0 = when it says
  unsigned probes = 2;                       ///< that it leaves unanswered: the connection is lost
};

/// Keeps one connection to the hub and makes it anew when it is lost: after a random time that doubles, at once when
/// the addresses of this machine have changed. Sessions that were answered outlive the hub: the next hello names them.
/// Made and destroyed on the P2P thread, or while that runs nothing; nothing is called after the destructor.
class SignalClient final : public net::MessageSignaller {
 public:
  /// @param events  outlives the client. @param post  callable from any thread, also while the client is destroyed
  /// @return Errc::bad_setting when uri or ca_file cannot be used; no network yet
  static tl::expected<std::unique_ptr<SignalClient>, Failure> make(SignalClientConfig config,
                                                                   net::SignallingEvents& events, net::PostToP2p post);
  ~SignalClient() override;

  void describe(net::CameraDescription camera) override;
  void start() override;
  void stop() override;
  void state(unsigned viewers, std::uint64_t bitrate) override;
  /// Tries again now, without waiting for the end of the delay: the network is back.
  void reconnect();

 private:
  class Line;
  SignalClient(std::shared_ptr<net::IoThread> io, std::shared_ptr<Line> line);
  void say(net::signal::Message message) override;
  void on_io(std::function<void(Line&)> task);

  std::shared_ptr<net::IoThread> io_;
  std::shared_ptr<Line> line_;
};

}  // namespace camspan
