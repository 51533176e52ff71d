/// One live stream to many viewers: a cache of the current GOP for those who come, and a bounded queue of references
/// for each who is there. No socket, no thread, no lock, no clock.
#pragma once

#include <array>
#include <camspan/catch_up.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "core/memory_budget.hpp"
#include "core/time.hpp"
#include "proto/flv/gop_cache.hpp"

namespace camspan::flv {

/// A unit on its way to viewers, and what goes before it on the wire, made once for all of them.
struct Piece {
  SharedUnit unit;
  Bytes prefix;
};
using SharedPiece = std::shared_ptr<const Piece>;

using camspan::RecoverPolicy;
using camspan::SyncMethod;

/// Why a viewer did not get a unit. Each that is dropped is counted under one of them.
enum class Loss : std::uint8_t {
  late,      ///< over the soft bound, where only key frames go
  overflow,  ///< over a hard bound, and what could not be shown without it
  lifetime,  ///< too old when its turn came: whoever sends says so
};

struct LossCount {
  std::uint64_t units = 0;
  std::uint64_t bytes = 0;
};
using LossCounts = std::array<LossCount, 3>;  ///< by Loss

/// Why a viewer has to go.
enum class Removal : std::uint8_t {
  none,
  slow,     ///< over a hard bound, and RecoverPolicy::none
  timeout,  ///< it took nothing for too long
};

class FanOut;

/// One viewer's cursor: a bounded queue of references, drained by whoever sends. Lives on its FanOut's thread; leaves
/// when destroyed.
class Viewer {
 public:
  /// @param wake   something can be taken, or the stream has ended; must not destroy viewers
  /// @param abort  the viewer has to go (removal() says why): end its connection; must not destroy viewers
  Viewer(std::function<void()> wake, std::function<void()> abort);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  /// The next piece, null if there is none.
  const SharedPiece* peek() const { return queue_.empty() ? nullptr : &queue_.front().piece; }
  /// Takes it out. Not when there is none.
  SharedPiece take();
  /// Pieces to send now, in order: at least one if there is any, more as long as they are at most `max_bytes` together.
  std::vector<SharedPiece> take(std::size_t max_bytes);
  /// Counts a piece that was taken, or peeked at and taken, and not sent.
  void lost(Loss cause, const Unit& unit);
  bool empty() const { return queue_.empty(); }
  /// True when nothing comes any more and all was taken.
  bool finished() const { return ended_ && queue_.empty(); }
  /// A write began / ended: only during one can the viewer take nothing for too long.
  void writing(TimePoint since) { writing_since_ = since; }
  void written() { writing_since_.reset(); }

  std::size_t bytes() const { return bytes_; }                ///< that wait
  std::chrono::nanoseconds queue_delay(TimePoint now) const;  ///< of the piece that waits longest
  std::uint64_t taken() const { return taken_; }              ///< pieces
  const LossCounts& losses() const { return losses_; }
  /// It was begun or interrupted, and goes on at the next key frame.
  bool waits_for_key() const { return wait_for_key_; }
  std::uint64_t skipped() const;  ///< units that it did not get, whatever the cause
  Removal removal() const { return removal_; }

 private:
  friend class FanOut;
  struct Waiting {
    SharedPiece piece;
    TimePoint since;
  };
  using Place = std::deque<Waiting>::iterator;

  void push(const SharedPiece& piece, bool video, std::size_t max_bytes, TimePoint now);
  bool over_hard_bound(const Unit& unit, std::size_t max_bytes, TimePoint now) const;
  bool over_soft_bound(TimePoint now) const;
  void recover(bool video, TimePoint now);
  Place newest_key();
  Place first_key_since(TimePoint since);
  void drop_before(Place resume, Loss cause, TimePoint now);
  void resize(std::size_t bytes);
  void end();

  const std::function<void()> wake_;
  const std::function<void()> abort_;
  FanOut* fan_out_ = nullptr;
  std::deque<Waiting> queue_;
  std::size_t bytes_ = 0;
  std::uint64_t taken_ = 0;
  LossCounts losses_{};
  std::optional<TimePoint> writing_since_;
  bool wait_for_key_ = false;
  std::optional<Loss> waits_because_;  ///< empty: it has not begun, so that it misses nothing
  bool ended_ = false;
  Removal removal_ = Removal::none;
};

/// Gives each unit to every viewer; nothing waits for one. Units may be FLV tags, or anything with a kind: what is
/// video then has the track of FLV video (TagType::video), and is a key where decoding can start.
class FanOut {
 public:
  struct Limits {
    std::size_t max_bytes = 4 << 20;                              ///< that wait for one viewer
    std::size_t max_total_bytes = SIZE_MAX;                       ///< that wait for all of them, counted for each
    std::size_t cache_bytes = 2 << 20;                            ///< of the current GOP
    std::chrono::nanoseconds soft_max{std::chrono::hours(24)};    ///< over it: key frames only
    std::chrono::nanoseconds max_delay{std::chrono::seconds(4)};  ///< that the oldest has waited: over it `recover`
    std::chrono::nanoseconds timeout{std::chrono::seconds(10)};   ///< a write that takes longer: the viewer is gone
    SyncMethod sync = SyncMethod::latest_keyframe;
    RecoverPolicy recover = RecoverPolicy::keyframe;
  };
  /// What goes before a unit on the wire; `number` counts units from 0.
  using Framing = std::function<Bytes(const Unit& unit, std::uint64_t number)>;

  /// What a viewer is sent first; the rest comes by its queue.
  struct Opening {
    std::vector<SharedUnit> head;   ///< FLV file header, metadata and configuration
    std::vector<SharedUnit> units;  ///< all since the last key frame, if it starts there
    std::uint64_t first = 0;        ///< number of the first of `units`
  };

  /// @param budget  that these queues count in, too; null = none. It must outlive this object.
  FanOut(Limits limits, Framing framing, MemoryBudget* budget = nullptr);
  ~FanOut();
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  void deliver(const SharedUnit& unit, TimePoint now);
  /// Adds a viewer.
  Opening join(Viewer& viewer);
  /// Call about once a second: those who take nothing have to go.
  void tick(TimePoint now);
  /// Ends every viewer's stream, in order.
  void end_viewers();
  /// Ends one viewer's stream: it gets what waits for it.
  void end_viewer(Viewer& viewer);
  /// Drops what waits and what is cached, as after a seek; viewers go on at the next key frame.
  void flush(TimePoint now);
  /// Forgets the cached GOP and what is in force: another stream begins.
  void clear() { cache_.clear(); }

  /// In force from the next unit on.
  void set_limits(const Limits& limits);
  const Limits& limits() const { return limits_; }
  /// True if a further viewer could get anything.
  bool has_room() const;
  bool has_key() const { return cache_.has_key(); }
  /// FLV file header, metadata and configuration in force.
  std::vector<SharedUnit> head() const { return cache_.head(); }
  std::size_t cached_bytes() const { return cache_.bytes(); }
  std::size_t viewers() const { return viewers_.size(); }
  std::size_t level_bytes() const { return level_; }   ///< that wait, counted for each viewer
  std::uint64_t delivered() const { return number_; }  ///< units
  /// Of all viewers, those who left included.
  LossCounts losses() const;

 private:
  friend class Viewer;

  std::size_t bound_of_each(std::size_t unit_bytes) const;
  void remove(Viewer& viewer, Removal why);
  void leave(Viewer& viewer);
  void settle_budget();

  Limits limits_;
  const Framing framing_;
  MemoryBudget* const budget_;
  GopCache cache_;
  std::vector<Viewer*> viewers_;
  std::uint64_t number_ = 0;  ///< of the next unit
  std::size_t level_ = 0;
  std::size_t in_budget_ = 0;  ///< of level_
  LossCounts left_{};          ///< by viewers who left
};

}  // namespace camspan::flv
