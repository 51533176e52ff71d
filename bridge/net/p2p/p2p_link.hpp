/// One viewer's connection: ICE, DTLS, SCTP and its data channels. P2P thread only, all of it.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/p2p/ice_settings.hpp"
#include "net/p2p/p2p_thread.hpp"
#include "proto/rtc/certificate.hpp"
#include "proto/rtc/data_channel.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan::net {

using rtc::ChannelId;
using rtc::ChannelOpen;
using rtc::Delivery;

/// All of it since the link was made. Durations are unset until reached.
struct LinkStats {
  std::optional<std::chrono::milliseconds> ice;   ///< from answer()/offer() to a path
  std::optional<std::chrono::milliseconds> dtls;  ///< to the end of the handshake
  std::optional<std::chrono::milliseconds> open;  ///< to the first open channel
  std::chrono::microseconds rtt{0};               ///< smoothed by SCTP; 0 = not known
  std::size_t cwnd = 0;                           ///< bytes
  std::size_t buffered_bytes = 0;                 ///< accepted, not yet acknowledged
  std::uint64_t bytes_sent = 0;                   ///< payload of messages
  std::uint64_t bytes_received = 0;               ///< payload of messages
  double loss = 0;                                ///< part of the DATA chunks that was sent again or given up, 0..1
  std::uint64_t datagrams_refused = 0;            ///< the socket was full: lost like in the network
  std::uint64_t candidates_ignored = 0;           ///< of the peer: ".local", unreadable, or too many
  PathInfo path;
};

/// What a viewer's session needs of its connection; tests put another in the place of P2pLink.
class Link {
 public:
  /// What happens on the link. It may call the link, but not destroy it from within: post that.
  class Observer {
   public:
    virtual ~Observer() = default;
    /// A candidate of ours, "candidate:..." without "a="; "" = there are no more.
    virtual void on_candidate(std::string_view line) = 0;
    /// A path was found, or another one is used now.
    virtual void on_path(const PathInfo& path) = 0;
    /// The peer opened a channel, or took one of ours.
    virtual void on_channel(const ChannelOpen& channel) = 0;
    virtual void on_message(ChannelId channel, bool text, ByteView message) = 0;
    /// There is space again after send() said queue_full.
    virtual void on_writable() = 0;
    /// Closed by the peer, or close_channel() is done. Its id may come again for another channel.
    virtual void on_channel_closed(ChannelId channel) = 0;
    /// Once, and the last call: the peer left, the path is lost, or the peer broke a protocol. Not after close().
    virtual void on_ended(const Failure& why) = 0;
  };

  virtual ~Link() = default;

  /// Camera: takes the offer, begins to gather and to check at once, and returns the answer. Candidates known already
  /// are in it; the others, and in any case their end, come by on_candidate() later. Once. Errors: Errc::unsupported
  /// (the offer has no data section), Errc::unreachable (no socket could be opened).
  virtual Result<std::string> answer(const rtc::Description& offer) = 0;

  /// A candidate of the peer, "candidate:..." (with "a=" or without); "" = there are no more. What cannot be used is
  /// ignored and counted.
  virtual void add_candidate(std::string_view line) = 0;

  /// Looks for another path, with the addresses that the host has now, under the same DTLS, SCTP and channels. Until it
  /// is there the old one carries what it can. The peer's answer goes to answer_restart(); candidates of ours follow by
  /// on_candidate(), not from within. Where no path is found in 15 s the link ends, unless the old one still works.
  /// @return our credentials, for the peer. Errors: Errc::unreachable (no address), Errc::closed
  virtual Result<rtc::IceCredentials> restart(const std::vector<IceServer>& servers) = 0;
  /// The peer's credentials, asked for by our restart() or the reason for it.
  virtual void answer_restart(const rtc::IceCredentials& remote) = 0;
  /// restart() was called and the peer has not answered.
  virtual bool restart_asked() const = 0;
  /// The host has lost an address that the link was made on.
  virtual bool moved() const = 0;

  /// Asks the peer for a channel; on_channel() when it is there, though send() works from now on. `channel.id` is
  /// chosen here. Errors: Errc::busy (no free id), Errc::closed.
  virtual Result<ChannelId> open_channel(const rtc::ChannelSettings& channel) = 0;
  /// Takes the message whole or not at all. Errors: Errc::queue_full (on_writable() follows), Errc::too_large (for the
  /// peer), Errc::not_found (no such channel), Errc::closed.
  /// @param lifetime  of Delivery::timed: given up when it was not delivered by then
  virtual Result<> send(ChannelId channel, bool text, ByteView message, Delivery delivery,
                        std::chrono::milliseconds lifetime) = 0;
  /// Whether a message of `bytes` would arrive within about `within`: what is in flight is bounded by time, too, so
  /// that the rest waits where it can still be dropped. on_writable() follows when it says no.
  virtual bool has_room(std::size_t bytes, std::chrono::milliseconds within) = 0;
  /// Closes once everything sent on it is delivered. on_channel_closed() follows.
  virtual void close_channel(ChannelId channel) = 0;
  /// Leaves at once and tells the peer. Nothing is called afterwards.
  virtual void close() = 0;

  virtual LinkStats stats() const = 0;
};

class P2pLink final : public Link {
 public:
  /// @param thread, observer  outlive the link
  P2pLink(P2pThread& thread, std::shared_ptr<const rtc::Certificate> certificate, IceSettings settings,
          Observer& observer);
  ~P2pLink() override;
  P2pLink(const P2pLink&) = delete;
  P2pLink& operator=(const P2pLink&) = delete;

  Result<std::string> answer(const rtc::Description& offer) override;

  /// Viewer: begins to gather and returns the offer; the controlling side of ICE. Once, then take_answer() once. With
  /// IceSettings::servers_come it gathers when the answer is taken.
  Result<std::string> offer();
  /// @param servers  that came with the answer. Errors: as answer()
  Result<> take_answer(const rtc::Description& answer, const std::vector<IceServer>& servers = {});

  void add_candidate(std::string_view line) override;
  Result<rtc::IceCredentials> restart(const std::vector<IceServer>& servers) override;
  void answer_restart(const rtc::IceCredentials& remote) override;
  bool restart_asked() const override;
  bool moved() const override;
  Result<ChannelId> open_channel(const rtc::ChannelSettings& channel) override;
  Result<> send(ChannelId channel, bool text, ByteView message, Delivery delivery = Delivery::reliable,
                std::chrono::milliseconds lifetime = std::chrono::milliseconds{0}) override;
  bool has_room(std::size_t bytes, std::chrono::milliseconds within) override;
  /// Bytes accepted and not yet acknowledged by the peer, over all channels: SCTP does not know them apart.
  std::size_t buffered() const;
  void close_channel(ChannelId channel) override;
  void close() override;
  LinkStats stats() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::net
