/// The queue between a streaming thread and an upload: bounded in bytes and time, aware of GOPs, and holding what was
/// sent until the receiver has it.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace camspan {

/// What happens when a unit comes and there is no room (names of GStreamer's queue).
enum class Leaky : std::uint8_t {
  no,          ///< push() waits for room
  upstream,    ///< the new unit is dropped, and video up to the next key frame
  downstream,  ///< the oldest unsent units are dropped: disposable frames, then whole GOPs
};

/// One of the two locked classes of the core. The producer calls push() and unlock(); one consumer calls the rest.
///
/// Units lie in one row: sent but not acknowledged, then not yet sent. Both count against the bounds. A unit gets its
/// number when it is first handed out, by next() or to storage; one dropped before has none.
///
/// A second cursor over the same row hands units to storage on disk, while next() can be held back to what is stored.
class MediaQueue {
 public:
  struct Bounds {
    std::size_t max_bytes = 4 << 20;
    std::chrono::nanoseconds max_time = std::chrono::seconds(10);  ///< of the unsent units, by dts; 0 = no bound
    Leaky leaky = Leaky::no;
  };
  struct Numbered {
    SharedUnit unit;
    std::uint64_t number;
    bool repeated;  ///< head of a new stream that was acknowledged or lost in an earlier one: counted there
  };
  struct Level {
    std::size_t bytes = 0;             ///< all that is held
    std::size_t unsent_bytes = 0;      ///< the part that waits to be sent
    std::chrono::nanoseconds time{0};  ///< dts span of the unsent units
    std::uint64_t dropped_bytes = 0;   ///< for lack of room, before they were sent; monotonic
    std::uint64_t dropped_units = 0;
    std::uint64_t lost_bytes = 0;  ///< sent, not acknowledged, and no longer held when a resend needed them
    std::uint64_t lost_units = 0;
  };

  /// Script and config: what says how to read the media after it.
  static bool is_head(const Unit& unit);

  /// @param ready  called, without the lock, when a unit can be taken that could not before; any thread
  MediaQueue(Bounds bounds, std::function<void()> ready);
  ~MediaQueue();
  MediaQueue(const MediaQueue&) = delete;
  MediaQueue& operator=(const MediaQueue&) = delete;

  // Producer.

  /// Takes one unit. Blocks only with Leaky::no. A unit larger than the whole bound is taken when the queue is empty.
  /// @return Errc::queue_full: this unit was dropped; Errc::cancelled: unlock() ended the wait; Errc::closed
  Result<> push(SharedUnit unit);
  /// Waits until storage has written all that was pushed, where write_ahead() asks for that. At most `limit`, and when
  /// that was reached not again before storage has caught up; unlock() and close() end it.
  /// @return false when `limit` was reached
  bool await_written(std::chrono::milliseconds limit);
  /// Ends a wait in push() at once, and makes further waits end until `locked` is set again.
  void unlock(bool unlocked);
  void set_bounds(Bounds bounds);
  /// True once after video was dropped: the next key frame should come soon.
  bool take_key_request();

  // Consumer.

  /// The next unsent unit, which is then sent but not acknowledged.
  std::optional<Numbered> next();
  /// The same for as many units as `bytes` take, one at least. `wanted` is asked before each, under the lock, and ends
  /// the batch by false.
  std::vector<Numbered> next_batch(std::size_t bytes, const std::function<bool(const Unit&)>& wanted);
  /// Every unit numbered below `number` is safe with the receiver and is released.
  void acknowledge(std::uint64_t number);
  /// The receiver never acknowledges: sent units are kept for `keep` after they were sent, and only while there is
  /// room.
  void expect_no_acknowledgement(std::chrono::nanoseconds keep);
  /// The receiver acknowledges (the default): what was sent is kept until then.
  void expect_acknowledgement();
  /// Goes back to the unit numbered `number`, which is next again. @return Errc::gap if it is no longer held.
  Result<> rewind(std::uint64_t number);
  /// Starts over with a new stream at the first key frame held (or the first unit, where there is no video): units
  /// before it are dropped and counted as lost, numbers begin at 0, and the head comes first.
  /// @param repeat  makes what is sent again of a head unit, before the unit given; under the lock. Null = the same
  using Repeat = std::function<SharedUnit(const SharedUnit& head, const Unit& before)>;
  void restart(const Repeat& repeat = {});
  /// Drops what was not sent (flush); the next video is a key frame.
  void clear();
  /// Forgets everything, head and numbers included: what comes next is another stream, or one that goes on at `first`.
  void reset(std::uint64_t first = 0);
  /// Script and config units in force before the unit numbered `number`, in the order they came.
  std::vector<SharedUnit> head_before(std::uint64_t number) const;
  /// No push() succeeds after this; what is held stays.
  void close();

  // Consumer: storage.

  /// Units are handed to storage from the oldest one held on, or from the one numbered `from` if that is later.
  /// ready() is called for each that comes while none waits for storage.
  void tap(std::uint64_t from = 0);
  void untap();
  /// The next units for storage, as next_batch() gives those to send. Nothing while there is no tap.
  std::vector<Numbered> store_batch(std::size_t bytes, const std::function<bool(const Unit&)>& wanted);
  /// await_written() waits, or does so no more.
  void write_ahead(bool on);
  /// From now on the number that the next unit would get is kept in `cell` (atomically); null = nowhere. A restart()
  /// leaves there how many units the old stream had; after it and reset() it is kept nowhere.
  void count_in(std::uint64_t* cell);
  /// What the numbers belong to: changes where they begin anew.
  std::uint64_t numbering() const;
  /// Units below `number` are written; of no use when `numbering` is over. Any thread.
  void written(std::uint64_t numbering, std::uint64_t number);
  /// Storage was given all that is held.
  bool all_stored() const;
  /// next() gives only units numbered below `number`: what is not yet stored, or belongs to storage alone, stays.
  void send_below(std::uint64_t number);
  static constexpr std::uint64_t kSendAll = UINT64_MAX;

  Level level() const;
  /// More than half of a bound is used; ready() is called when that begins.
  bool pressed() const;
  std::uint64_t dropped_units() const;
  /// The oldest unit that next() will give, without taking it.
  SharedUnit peek() const;
  /// Capture time of the unit numbered `number`, or of the next after it that is held, going by the first audio or
  /// video from there on: script and config tags may be from long ago, and then it is the time of that audio or video.
  std::optional<UtcTime> captured_from(std::uint64_t number) const;
  /// Audio or video is held, numbered `number` or above.
  bool has_media(std::uint64_t number) const;
  /// Nothing may be sent now.
  bool all_sent() const;
  /// The same, and nothing is held back.
  bool all_handed_out() const;
  /// True when nothing is held at all: everything was acknowledged.
  bool empty() const;
  std::uint64_t next_number() const;

 private:
  struct Entry {
    SharedUnit unit;
    std::chrono::steady_clock::time_point sent_at{};
    bool repeated = false;
  };
  struct HeadUnit {
    SharedUnit unit;
    bool repeated;
  };
  using Head = std::vector<HeadUnit>;

  Result<> find_room(std::unique_lock<std::mutex>& lock, const Unit& unit);
  bool has_room(const Unit& unit) const;
  std::chrono::nanoseconds time_with(const Unit* newest) const;
  void make_room(const Unit& unit);
  bool drop_disposable();
  bool drop_oldest_gop();
  template <class Predicate>
  void drop_fresh(std::size_t end, Predicate victim);
  Result<> refuse(const Unit& unit);
  void need_key();
  /// @param settled  its bytes are counted: as acknowledged, lost or given up
  void release_front(bool settled);
  void evict_front();
  void drop_stale_sent();
  void count_lost(const Unit& unit);
  Numbered hand_out(std::chrono::steady_clock::time_point now);
  std::size_t send_end() const;
  bool is_pressed() const;
  bool note_pressure();
  bool worth_waking() const;
  bool all_written() const;
  static bool is_timed(const Unit& unit);
  void number_anew(std::uint64_t first);
  void note_count() const;
  void forget(const Unit& unit);
  static void put_in_head(Head& head, const HeadUnit& unit);

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable written_came_;
  const std::function<void()> ready_;
  Bounds bounds_;
  std::deque<Entry> entries_;
  std::size_t sent_ = 0;            ///< entries_[0, sent_) were handed out since the last rewind
  std::size_t numbered_ = 0;        ///< entries_[0, numbered_) have a number; from sent_ on they wait to be sent again
  std::uint64_t first_number_ = 0;  ///< number of entries_[0]
  std::size_t tapped_ = 0;          ///< entries_[0, tapped_) were handed to storage
  bool tap_ = false;
  bool pressed_ = false;
  std::uint64_t send_below_ = kSendAll;
  std::uint64_t numbering_ = 0;
  std::uint64_t* count_ = nullptr;  ///< see count_in()
  std::uint64_t written_ = 0;       ///< storage has written all below this number
  std::uint64_t write_from_ = 0;    ///< what storage was given begins with this number
  bool write_ahead_ = false;
  bool write_late_ = false;  ///< a wait for storage reached its limit, and it has not caught up since
  bool awaiting_ = false;    ///< the producer is in await_written()
  Head head_;                ///< head in force before entries_[0]
  std::deque<std::size_t>
      evicted_;  ///< sizes of the sent units before entries_[0] that are neither held nor acknowledged
  std::size_t bytes_ = 0;
  std::size_t sent_bytes_ = 0;                         ///< of entries_[0, sent_)
  std::size_t timed_ = 0;                              ///< units held that count for the bound in time
  std::optional<std::chrono::nanoseconds> keep_sent_;  ///< set when no acknowledgement is expected
  bool wait_for_key_ = false;
  bool key_request_ = false;
  bool unlocked_ = false;
  bool closed_ = false;
  std::uint64_t dropped_bytes_ = 0;
  std::uint64_t dropped_units_ = 0;
  std::uint64_t lost_bytes_ = 0;
  std::uint64_t lost_units_ = 0;
};

}  // namespace camspan
