/// One stream to one viewer: what get_cb gives, on its way to a data channel. P2P thread only.
#pragma once

#include <deque>

#include "callbacks.hpp"
#include "chunk.hpp"
#include "net/p2p/p2p_link.hpp"
#include "rate_meter.hpp"
#include "watermark.hpp"

namespace camspan::iv {

/// What all send handles share. Outlives them.
struct SendSettings {
  Callbacks callbacks;
  Marks marks;
};

class SendHandle {
 public:
  /// Fetching stops here whatever the marks are, so that a program which does not look cannot use up the memory:
  /// what p2p.md section 4 allows for a stream.
  static constexpr std::size_t kHardCap = 512 << 10;
  /// One message (camspan-wire.md section 5).
  static constexpr std::size_t kMessageBytes = 16 << 10;

  SendHandle(const SendSettings& shared, void* handle, net::ChannelId channel)
      : shared_(shared), handle_(handle), channel_(channel) {}
  SendHandle(const SendHandle&) = delete;
  SendHandle& operator=(const SendHandle&) = delete;

  void* handle() const { return handle_; }
  net::ChannelId channel() const { return channel_; }

  /// Asks the program for the next bytes, unless it shall not be asked now.
  void fetch();
  /// Gives the link one message. @return its bytes, 0 = nothing waits; Errc::queue_full: again when there is space;
  /// another error: the channel is to be closed
  Result<std::size_t> feed(net::Link& link);
  /// After feed() said that the link is full: the program may use memory again that nobody frees.
  void keep();
  /// The viewer has so many more bytes.
  void acknowledge(std::size_t bytes, TimePoint now);
  /// Tells which marks are crossed.
  void update_marks();

  /// Taken from the program, and not acknowledged.
  std::size_t buffered() const { return buffered_; }
  bool paused() const { return watermark_.paused(); }
  /// True once: the program has no more and all of it is with the link, or the link does not take it.
  bool closes_now();
  iv_p2p_send_stats_s stats(std::uint32_t link_mode, TimePoint now);

 private:
  void take(const iv_cm_memory_s& memory);

  const SendSettings& shared_;
  void* const handle_;
  const net::ChannelId channel_;
  std::deque<Chunk> chunks_;
  std::size_t buffered_ = 0;
  Watermark watermark_;
  RateMeter acknowledged_;
  bool ended_ = false;
  bool broken_ = false;
  bool closing_ = false;
};

}  // namespace camspan::iv
