/// One channel of one device, live: takes the tags of uploads, gives them to every viewer. Nothing waits for a viewer.
#pragma once

#include <camspan/unit.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "proto/flv/fan_out.hpp"

namespace camspan::hub {

/// A tag on its way to viewers, with the header of the WebSocket message that carries just this tag.
flv::SharedPiece frame(SharedUnit unit);

/// Shows one upload at a time: the one whose media begin latest. Lives on the I/O thread.
class LiveStream {
 public:
  /// A device that comes back within this time with the same stream goes on before the same viewers. Two tries of an
  /// uploader fit in.
  static constexpr std::chrono::seconds kGrace{10};

  /// @param limits  the cache gets half of what one viewer may cost, whatever they say
  explicit LiveStream(flv::FanOut::Limits limits);

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
  std::vector<SharedUnit> join(flv::Viewer& viewer);
  std::size_t viewers() const { return fan_out_.viewers(); }

  /// Call about once a second: drops viewers that take nothing, ends the grace of an upload that did not come back.
  void tick(TimePoint now);
  /// Ends every viewer's stream, in order.
  void end_viewers() { fan_out_.end_viewers(); }
  /// True when nobody needs this object.
  bool idle() const { return !shown_ && uploads_.empty() && fan_out_.viewers() == 0; }

 private:
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

  std::vector<Upload> uploads_;
  std::optional<Shown> shown_;
  flv::FanOut fan_out_;
};

}  // namespace camspan::hub
