/// The inside of SctpAssociation, for sctp.cpp and usrsctp_stack.cpp.
#pragma once

#include <usrsctp.h>
#include <deque>

#include "proto/rtc/sctp.hpp"

namespace camspan::rtc {

struct SctpAssociation::Impl {
  explicit Impl(const SctpSettings& settings);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void take_output(ByteView packet);
  void count_chunks(ByteView packet);
  void set_options();
  template <class Value>
  void set(int level, int name, const Value& value);
  bool write_all(StreamId stream, Ppid ppid, ByteView data, Delivery delivery, std::chrono::milliseconds lifetime);
  std::optional<Event> read();
  std::optional<Event> joined(const sctp_rcvinfo& info, ByteView part, bool last);
  void take_notification(ByteView bytes);
  void take_association_change(const sctp_assoc_change& change);
  void take_stream_reset(const sctp_stream_reset_event& event, std::size_t size);
  void take_write_space();
  std::size_t buffered() const;
  SctpStats stats() const;
  std::size_t space() const;
  bool fits() const;
  void close(std::error_code reason);

  SctpSettings settings;
  void* address;
  struct socket* socket = nullptr;
  Datagrams output;
  std::deque<Event> events;  // but for messages
  Bytes partial;             // a message that comes in several reads
  bool partial_delivered = false;
  bool readable = false;      // set by usrsctp from within its calls
  bool want_space = false;    // send() said queue_full
  bool acknowledged = false;  // something came in since the last look at the space
  bool over = false;
  std::size_t refused = 0;                          // bytes of the message that had no room
  std::optional<std::chrono::milliseconds> within;  // has_room() refused it; else: send()
  std::uint32_t next_tsn = 0;
  bool tsn_known = false;
  SctpStats counted;
};

}  // namespace camspan::rtc
