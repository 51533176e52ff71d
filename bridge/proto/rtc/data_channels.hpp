/// The data channels of one association: who opened which, and what becomes of their streams.
#pragma once

#include <map>
#include <optional>
#include <variant>

#include "proto/rtc/sctp.hpp"

namespace camspan::rtc {

/// Turns messages and stream resets into channels. On the thread of its association.
class DataChannels {
 public:
  struct Message {
    ChannelId channel;
    bool text;
    ByteView data;  ///< as long as the SctpAssociation::Message it came in
  };
  struct Closed {
    ChannelId channel;
  };
  using Event = std::variant<ChannelOpen, Message, Closed>;

  /// @param even_ids  the ids of our channels: even for the DTLS client, odd for the server (RFC 8832 section 6)
  /// @param max_message  of the peer; 0 = any
  DataChannels(SctpAssociation& association, bool even_ids, std::size_t max_message)
      : association_(association), first_id_(even_ids ? 0 : 1), max_message_(max_message) {}

  /// The association is asked for: what opens channels goes along with its handshake (RFC 9260 section 5.1, C).
  void begin();
  /// Streams of the association, once it is up.
  void set_streams(std::uint16_t streams);

  /// Before the association is up the channel waits for it. Errors: Errc::busy (no id is free), too_large (label or
  /// protocol).
  Result<ChannelId> open(const ChannelSettings& settings);
  /// Errors: Errc::not_found, too_large, queue_full, closed.
  Result<> send(ChannelId channel, bool text, ByteView message, Delivery delivery, std::chrono::milliseconds lifetime);
  void close(ChannelId channel);

  std::optional<Event> take(const SctpAssociation::Message& message);
  std::optional<Event> take(const SctpAssociation::StreamClosed& closed);
  /// Sends what had no room, or came before the association was up.
  void flush();

  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

 private:
  struct Channel {
    ChannelSettings settings;
    Bytes control;              // OPEN or ACK that is to be sent yet
    bool acknowledged = false;  // the peer knows the channel: order may be given up
    bool announced = false;     // a ChannelOpen was given out
    bool closing = false;       // no more messages of ours
    bool reset_asked = false;
    bool reset_done = false;
    bool peer_reset = false;
  };
  using Channels = std::map<ChannelId, Channel>;

  std::optional<Event> take_control(ChannelId id, ByteView message);
  std::optional<Event> take_open(ChannelId id, ByteView message);
  std::optional<Event> forget_if_done(Channels::iterator at);
  void send_control(ChannelId id, Channel& channel);
  void reset(ChannelId id, Channel& channel);

  SctpAssociation& association_;
  ChannelId first_id_;
  std::size_t max_message_;
  bool begun_ = false;
  std::uint16_t streams_ = 0;  // 0 = not up yet
  Channels channels_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
};

}  // namespace camspan::rtc
