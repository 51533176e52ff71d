/// SCTP (RFC 9260) over DTLS (RFC 8261) on usrsctp, which runs without threads here.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <variant>

#include "core/time.hpp"
#include "proto/rtc/data_channel.hpp"
#include "proto/rtc/datagrams.hpp"
#include "proto/rtc/dtls.hpp"

namespace camspan::rtc {

using StreamId = std::uint16_t;
enum class Ppid : std::uint32_t { dcep = 50, text = 51, binary = 53, empty_text = 56, empty_binary = 57 };  // RFC 8831

/// Streams each way. Each takes memory for every viewer, and bounds the ids of channels: 16 for each side's own.
inline constexpr std::uint16_t kSctpStreams = 32;

/// Bytes of a packet below which usrsctp takes no bound: 512 and the common header.
inline constexpr std::size_t kLeastSctpPacket = 524;

struct SctpSettings {
  std::uint16_t remote_port = 5000;
  std::size_t send_space = 512 << 10;     ///< accepted and not acknowledged; what a stalled viewer costs (p2p.md 4)
  std::size_t receive_space = 128 << 10;  ///< what the peer may have on the way to us
  std::size_t max_message = 64 << 10;     ///< of the peer; a longer one ends the association
  std::size_t max_packet = kMaxDatagram - kDtlsOverhead;  ///< bytes of one of ours; from kLeastSctpPacket
};

struct SctpStats {
  std::chrono::milliseconds rtt{0};  ///< smoothed
  std::size_t cwnd = 0;
  std::uint64_t chunks_sent = 0;  ///< DATA, each counted once
  std::uint64_t chunks_sent_again = 0;
};

/// One association. usrsctp's state is one for the process, so all of them live on one thread. After connect(), feed(),
/// send(), reset() and sctp_advance(), poll() until it gives nullopt; packets to send lie in output().
class SctpAssociation {
 public:
  struct Up {
    std::uint16_t streams;  ///< that we may send on: the peer may take fewer than we asked for
  };
  struct Message {
    StreamId stream;
    Ppid ppid;
    ByteView data;  ///< valid until the next call of any association
  };
  struct StreamClosed {
    StreamId stream;
    bool by_peer;  ///< the peer sends no more on it; else: our reset() was done, or refused
  };
  struct Writable {};
  struct Closed {
    std::error_code reason;  ///< Errc::closed (the peer left), connection_lost (it does not answer), too_large
  };
  using Event = std::variant<Up, Message, StreamClosed, Writable, Closed>;

  explicit SctpAssociation(const SctpSettings& settings);
  /// Tells the peer by an ABORT, unless the association is over: it lies in no output() any more, so abort() first.
  ~SctpAssociation();
  SctpAssociation(const SctpAssociation&) = delete;
  SctpAssociation& operator=(const SctpAssociation&) = delete;

  /// Both sides do it, in any order.
  Result<> connect();
  void feed(ByteView packet);
  /// Takes the message whole or not at all. @return Errc::queue_full (Writable follows), too_large (for send_space),
  /// closed
  Result<> send(StreamId stream, Ppid ppid, ByteView data, Delivery delivery, std::chrono::milliseconds lifetime);
  /// Whether `bytes` more would arrive within about that time, by what the path has carried in its last round trips.
  /// Writable follows when it says no.
  bool has_room(std::size_t bytes, std::chrono::milliseconds within);
  /// Closes our direction of the stream, once what was sent on it is delivered.
  Result<> reset(StreamId stream);
  /// Ends at once: the ABORT lies in output().
  void abort();

  std::optional<Event> poll();
  Datagrams& output();
  /// Bytes accepted and not yet acknowledged.
  std::size_t buffered() const;
  SctpStats stats() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// How often sctp_advance() is to be called while there is an association.
inline constexpr std::chrono::milliseconds kSctpTick{10};
/// Moves usrsctp's clock to `now` and runs the timers of all associations.
void sctp_advance(TimePoint now);

}  // namespace camspan::rtc
