/// What runs on one path: DTLS, SCTP in it, data channels in that. The only place that knows the order.
#pragma once

#include "proto/rtc/certificate.hpp"
#include "proto/rtc/data_channels.hpp"
#include "proto/rtc/dtls.hpp"
#include "proto/rtc/sctp.hpp"

namespace camspan::rtc {

struct PeerSettings {
  Dtls::Role role = Dtls::Role::client;
  Fingerprint remote;                       ///< of the peer's description
  std::size_t max_message = 0;              ///< of the peer's description: what it takes; 0 = any
  std::size_t max_datagram = kMaxDatagram;  ///< bytes that output() keeps to; from kLeastSctpPacket + kDtlsOverhead
  SctpSettings sctp{};                      ///< but for its max_packet
};

/// No socket, no thread, no clock. After each call but poll(): poll() until it gives nullopt, then send what output()
/// has, and clear() it. Associations share usrsctp's clock, so all peers live on one thread, and all are polled after
/// one of them had on_timeout().
class Peer {
 public:
  struct Secured {};    ///< the peer is who its fingerprint says
  struct Connected {};  ///< messages can go
  struct Writable {};
  struct Ended {
    std::error_code reason;  ///< Errc::closed, tls_untrusted, tls_failed, timed_out, connection_lost, too_large
  };
  using Event =
      std::variant<Secured, Connected, ChannelOpen, DataChannels::Message, DataChannels::Closed, Writable, Ended>;

  Peer(std::shared_ptr<const Certificate> certificate, const PeerSettings& settings);

  /// There is a path: the DTLS client begins.
  void start();
  /// One datagram; what is neither DTLS nor meant for us is dropped.
  void feed(ByteView datagram);
  std::optional<TimePoint> next_timeout(TimePoint now) const;
  void on_timeout(TimePoint now);

  /// As in DataChannels.
  Result<ChannelId> open_channel(const ChannelSettings& settings);
  Result<> send(ChannelId channel, bool text, ByteView message, Delivery delivery, std::chrono::milliseconds lifetime);
  bool has_room(std::size_t bytes, std::chrono::milliseconds within) {
    return !running() || association_.has_room(bytes, within);
  }
  void close_channel(ChannelId channel) { channels_.close(channel); }
  /// Tells the peer, by what lies in output() then.
  void close();

  std::optional<Event> poll();
  /// Encrypts what SCTP wants to send. Datagrams for the path; clear() them when they are sent.
  Datagrams& output();

  std::size_t buffered() const { return association_.buffered(); }
  SctpStats sctp_stats() const { return association_.stats(); }
  std::uint64_t bytes_sent() const { return channels_.bytes_sent(); }
  std::uint64_t bytes_received() const { return channels_.bytes_received(); }

 private:
  void take(const Result<>& result);
  bool running() const { return !over_ && !ended_; }
  void encrypt();
  std::optional<Event> translate(const SctpAssociation::Event& event);

  Dtls dtls_;
  SctpAssociation association_;
  DataChannels channels_;
  Dtls::Received feed_association_;
  bool started_ = false;
  bool secured_ = false;
  bool secured_told_ = false;
  bool heard_ = false;  // something authentic since the last on_timeout()
  TimePoint last_heard_;
  bool over_ = false;                     // Ended was told, or close() called
  std::optional<std::error_code> ended_;  // to be told after what has come before
};

}  // namespace camspan::rtc
