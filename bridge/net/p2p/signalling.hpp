/// Between those who signal (I/O thread) and the sessions of a camera's viewers (P2P thread). Both directions post,
/// with copies: neither side ever waits for the other. Nothing here knows ICE, GLib or SCTP.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace camspan::net {

/// A STUN or TURN server as an RTCPeerConnection names it.
struct IceServer {
  std::string url;         ///< "stun:host:3478", "turn:host:3478?transport=udp", "turns:..."
  std::string username;    ///< "" for STUN
  std::string credential;  ///< a secret: never logged

  bool operator==(const IceServer&) const = default;
};

/// A viewer asks for a connection.
struct ViewerOffer {
  std::string session;             ///< its id, made by who signals; unique as long as any session of the camera lives
  std::string viewer;              ///< `sub` of its token, or ""
  std::vector<std::string> allow;  ///< rights: "live", "playback", "talk", "command", ...
  std::string params;              ///< request parameters, `action=live&channel=0`, without token and keys in `_`
  std::string sdp;
  bool trickle = true;  ///< false: the answer is sent on with the candidates that come within 500 ms
};

/// One ICE candidate of either side.
struct ViewerCandidate {
  std::string session;
  std::string candidate;  ///< "candidate:..." (RFC 8839 section 5.1) without "a="; "" = there are no more
  std::string mid;        ///< of the media section, or ""
  std::string ufrag;      ///< of the ICE generation, or ""
};

/// ICE restart (RFC 8445 section 9): new credentials of one side; its candidates follow.
struct ViewerRestart {
  std::string session;
  std::string ufrag;
  std::string pwd;
};

enum class SignalState : std::uint8_t {
  connecting,
  connected,
  lost,  ///< tries again by itself; running sessions go on
};

/// What the camera hears. Implemented by P2pSession; every member is called on the P2P thread.
class SignallingEvents {
 public:
  virtual ~SignallingEvents() = default;

  /// Answer with Signaller::answer() or reject(). An id that is known is offered again never.
  virtual void offered(ViewerOffer offer) = 0;
  virtual void candidate(ViewerCandidate candidate) = 0;
  /// The viewer restarts ICE, or answers our restart().
  virtual void restart(ViewerRestart restart) = 0;
  /// The viewer said it leaves (DELETE), or the hub gave it up. Sessions of a lost hub are not left.
  virtual void left(std::string session, std::string reason) = 0;
  /// ICE servers of the hub, at each connection anew: credentials are short-lived.
  virtual void ready(std::vector<IceServer> servers) = 0;
  /// @param why  of SignalState::lost; else empty
  virtual void state(SignalState state, Failure why) = 0;
  virtual void keyframe_requested(unsigned channel) = 0;
  /// This host has other addresses, and can signal (again): viewers whose path went with the old ones are to be asked
  /// for a restart.
  virtual void moved() = 0;
};

/// One stream that a camera has, as viewers see it in the list.
struct CameraChannel {
  unsigned channel = 0;
  std::string video;  ///< codec, "h264"; "" = none or not known yet
  unsigned width = 0;
  unsigned height = 0;
  double fps = 0;     ///< 0 = not known, as width and height
  std::string audio;  ///< codec, "aac"
  unsigned rate = 0;
  unsigned audio_channels = 0;

  bool operator==(const CameraChannel&) const = default;
};

/// What a camera tells of itself in `hello` (camspan-wire.md section 4).
struct CameraDescription {
  std::vector<CameraChannel> channels;
  unsigned max_viewers = 0;  ///< 0 = not said
  std::string name;          ///< "" = not said
  bool talk = false;         ///< it plays voices
  bool ptz = false;          ///< it can be moved

  bool operator==(const CameraDescription&) const = default;
};

/// How the camera speaks: to its hub, or as its own small server. Any thread; returns at once. What is said while there
/// is no connection is dropped: the viewer has lost its signalling as well.
class Signaller {
 public:
  virtual ~Signaller() = default;

  /// What viewers are to know of the camera. Before start(), and again when it changes.
  virtual void describe(CameraDescription camera) = 0;
  /// Begins to connect, or to listen. Once.
  virtual void start() = 0;
  /// Ends in good order, soon; nothing is called after the destructor has returned.
  virtual void stop() = 0;

  virtual void answer(std::string session, std::string sdp) = 0;
  /// @param status  HTTP status for the viewer, 400..599
  /// @param cause   last part of a problem type, "max-viewers"
  virtual void reject(std::string session, int status, std::string cause) = 0;
  virtual void candidate(ViewerCandidate candidate) = 0;
  virtual void restart(ViewerRestart restart) = 0;
  virtual void bye(std::string session, std::string reason) = 0;
  /// Who watches, and what comes in. Say it when it changes; it is repeated every 5 s.
  /// @param bitrate  bit/s of the media that the camera is given
  virtual void state(unsigned viewers, std::uint64_t bitrate) = 0;
};

/// Runs a task on the P2P thread, soon; any thread. P2pThread::post() bound.
using PostToP2p = std::function<void(std::function<void()>)>;

}  // namespace camspan::net
