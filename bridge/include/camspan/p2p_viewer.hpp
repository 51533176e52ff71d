/// P2pViewer: watches a camera that offers WHEP (a camspan-hub's /whep/<id>, or the camera's own), over WebRTC data
/// channels.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <camspan/p2p_command.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace camspan {

struct P2pViewerConfig {
  std::string url;                               ///< https://host:port/whep/<id>; http:// without TLS
  std::string token;                             ///< of the viewer, a secret; "" = none
  std::string params = "action=live&channel=0";  ///< what is asked for: the label of the channel; "" = no stream
  std::string ca_file;                           ///< PEM file or folder; "" = the system's trust
  /// The camera may leave out what is late, as it is set; else nothing that it sends is missing.
  bool timed = false;
};

struct P2pViewerStats {
  std::optional<std::chrono::milliseconds> signal;  ///< from start() to the camera's answer
  std::optional<std::chrono::milliseconds> ice;     ///< from the offer to a path
  std::optional<std::chrono::milliseconds> dtls;    ///< from the offer
  std::optional<std::chrono::milliseconds> open;    ///< from the offer to the open channel
  std::chrono::microseconds rtt{0};                 ///< 0 = not known
  std::uint64_t bytes = 0;                          ///< received
  std::uint64_t tags_lost = 0;                      ///< FLV tags that are missing in what was given on (timed)
  std::string path;                                 ///< "host/prflx udp", "" = none yet
  bool relayed = false;
  unsigned restarts = 0;  ///< times that a path was found anew, after one side had moved
};

/// Called on the P2P thread: return soon, and do not destroy the viewer from within.
struct P2pViewerEvents {
  std::function<void(ByteView bytes)> on_data;  ///< the byte stream that the camera sends (FLV), in order
  /// The camera asks, or tells, something; what is returned is its answer. Without this member it is told 501.
  std::function<P2pCommandReply(const std::string& text)> on_command;
  /// Once, and the last: Errc::closed when the camera ended the stream, else why it failed.
  std::function<void(const Failure& why)> on_ended;
};

class P2pViewer {
 public:
  /// Checks the settings; no network yet. @return the sentence names the setting and the fix
  static tl::expected<std::unique_ptr<P2pViewer>, Failure> create(P2pViewerConfig config, P2pViewerEvents events);
  /// Leaves, and tells camera and hub; returns within a second. No event begins after it.
  ~P2pViewer();
  P2pViewer(const P2pViewer&) = delete;
  P2pViewer& operator=(const P2pViewer&) = delete;

  /// Begins to connect in the background. Once.
  void start();
  P2pViewerStats stats() const;
  /// Asks the camera something, as soon as there is a connection. Any thread. Needs the right `command`.
  /// @param timeout   from then on
  /// @param answered  on the P2P thread, once; not any more when the viewer is destroyed
  void command(std::string text, std::chrono::milliseconds timeout,
               std::function<void(const P2pCommandAnswer&)> answered);

 private:
  struct Impl;
  explicit P2pViewer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan
