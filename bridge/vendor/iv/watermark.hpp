/// The three marks of the data that waits for a viewer.
#pragma once

#include <cstddef>

#include "iv_av.h"

namespace camspan::iv {

/// Bytes. All zero = none.
struct Marks {
  std::size_t low = 0;
  std::size_t warn = 0;
  std::size_t high = 0;

  bool none() const { return low == 0 && warn == 0 && high == 0; }
  bool valid() const { return none() || (0 < low && low <= warn && warn <= high); }
};

/// Each event once for a crossing, over a mark or under the lowest.
class Watermark {
 public:
  /// Calls `tell(iv_avt_event_e)` for what `level` crosses.
  template <class Tell>
  void update(std::size_t level, const Marks& marks, Tell&& tell) {
    if (marks.none()) {
      state_ = State::normal;
      return;
    }
    if (state_ == State::normal && level > marks.warn) {
      state_ = State::warned;
      tell(IV_AVT_EVENT_P2P_WATERMARK_WARN);
    }
    if (state_ == State::warned && level > marks.high) {
      state_ = State::paused;
      tell(IV_AVT_EVENT_P2P_WATERMARK_HIGH);
    }
    if (state_ != State::normal && level < marks.low) {
      state_ = State::normal;
      tell(IV_AVT_EVENT_P2P_WATERMARK_LOW);
    }
  }

  /// Over the high mark, and not under the low one since.
  bool paused() const { return state_ == State::paused; }

 private:
  enum class State { normal, warned, paused };
  State state_ = State::normal;
};

}  // namespace camspan::iv
