/// One channel of one device, live: takes the tags of uploads, gives them to every viewer. Nothing waits for a viewer.
#pragma once

#include <array>
#include <camspan/unit.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "proto/flv/gop_cache.hpp"

namespace camspan::hub {

/// A tag on its way to viewers. The header of the WebSocket message that carries just this tag is made once for all.
struct LiveTag {
  SharedUnit unit;
  std::array<std::byte, 10> frame{};  ///< 10 bytes is the longest header of an unmasked frame (RFC 6455 section 5.2)
  std::uint8_t frame_size = 0;

  ByteView frame_header() const { return ByteView(frame).first(frame_size); }
};
LiveTag frame(SharedUnit unit);

class LiveStream;

/// One viewer's cursor: a bounded queue of references. When the viewer is over a bound, what waits is dropped up to the
/// next key frame and counted; decoder configuration is never dropped. Lives on the I/O thread, owned by its route;
/// leaves its stream when destroyed.
class LiveViewer {
 public:
  struct Limits {
    std::size_t max_bytes = 4 << 20;
    std::chrono::milliseconds max_delay{4000};  ///< time that the oldest tag has waited
    std::chrono::milliseconds timeout{10000};   ///< a write that takes longer: the viewer is gone
  };

  /// @param wake   something can be taken, or the stream has ended
  /// @param abort  the viewer took nothing for too long: end its connection
  LiveViewer(Limits limits, std::function<void()> wake, std::function<void()> abort);
  ~LiveViewer();
  LiveViewer(const LiveViewer&) = delete;
  LiveViewer& operator=(const LiveViewer&) = delete;

  /// Tags to send now, in order: at least one if there is any, more as long as they are at most `max_bytes` together.
  std::vector<LiveTag> take(std::size_t max_bytes);
  bool empty() const { return queue_.empty(); }
  /// True when nothing comes any more and all was taken.
  bool finished() const { return ended_ && queue_.empty(); }
  /// A write began / ended: only during one can the viewer be too slow.
  void writing(TimePoint since) { writing_since_ = since; }
  void written() { writing_since_.reset(); }

  std::uint64_t skipped() const { return skipped_; }  ///< tags that it did not get because it was slow
  bool dropped() const { return dropped_; }           ///< it took nothing for too long

 private:
  friend class LiveStream;
  struct Waiting {
    LiveTag tag;
    TimePoint since;
  };

  void push(const LiveTag& tag, bool video, TimePoint now);
  void skip(bool video, TimePoint now);
  std::deque<Waiting>::iterator resume_point();
  void end();
  bool over_bound(const LiveTag& tag, TimePoint now) const;

  const Limits limits_;
  const std::function<void()> wake_;
  const std::function<void()> abort_;
  LiveStream* stream_ = nullptr;
  std::deque<Waiting> queue_;
  std::size_t bytes_ = 0;
  std::uint64_t skipped_ = 0;
  std::optional<TimePoint> writing_since_;
  bool wait_for_key_ = false;
  bool ended_ = false;
  bool dropped_ = false;
};

/// Shows one upload at a time: the one whose media begin latest. Lives on the I/O thread.
class LiveStream {
 public:
  /// A device that comes back within this time with the same stream goes on before the same viewers. Two tries of an
  /// uploader fit in.
  static constexpr std::chrono::seconds kGrace{10};

  explicit LiveStream(LiveViewer::Limits limits);

  /// An upload begins whose first tag was captured at `start`.
  void open(const std::string& stream, UtcTime start);
  /// A tag that only repeats the head of a stream that goes on.
  void push_head(const std::string& stream, const SharedUnit& tag, TimePoint now);
  /// The tag numbered `number`. One that was shown before is passed over.
  void push(const std::string& stream, std::uint64_t number, const SharedUnit& tag, TimePoint now);
  void close(const std::string& stream, TimePoint now);

  /// True while an upload runs and something of it can be shown.
  bool live() const { return shown_ && shown_->open && shown_->begun; }
  /// Adds a viewer. @return what it is sent first: file header, metadata, configuration, and all since the last key
  /// frame. The rest comes by its queue.
  std::vector<SharedUnit> join(LiveViewer& viewer);
  std::size_t viewers() const { return viewers_.size(); }
  const LiveViewer::Limits& limits() const { return limits_; }

  /// Call about once a second: drops viewers that take nothing, ends the grace of an upload that did not come back.
  void tick(TimePoint now);
  /// Ends every viewer's stream, in order.
  void end_viewers();
  /// True when nobody needs this object.
  bool idle() const { return !shown_ && uploads_.empty() && viewers_.empty(); }

 private:
  friend class LiveViewer;
  struct Upload {
    std::string stream;
    UtcTime start;
    flv::Head head;  ///< in force now: shown first if this upload becomes the one that is shown
  };
  struct Shown {
    std::string stream;
    UtcTime start;
    std::uint64_t next = 0;  ///< tags below were shown
    bool begun = false;      ///< a tag was shown
    bool open = true;        ///< its upload runs
    TimePoint closed_at{};
  };

  Upload* find(const std::string& stream);
  void choose();
  void show(const Upload& upload);
  void deliver(const SharedUnit& tag, TimePoint now);
  void leave(LiveViewer& viewer);

  const LiveViewer::Limits limits_;
  std::vector<Upload> uploads_;
  std::optional<Shown> shown_;
  flv::GopCache cache_;
  std::vector<LiveViewer*> viewers_;
};

}  // namespace camspan::hub
