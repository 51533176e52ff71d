/// Counts what a peer may do cheaply and we pay for (CVE-2023-44487 and its kind).
#pragma once

#include <optional>

#include "core/time.hpp"
#include "proto/h2/limits.hpp"
#include "proto/h2/types.hpp"

namespace camspan::h2 {

/// At most `burst` events at once, refilled by `rate` per second.
class TokenBucket {
 public:
  TokenBucket(std::uint32_t burst, double rate_per_second) : burst_(burst), rate_(rate_per_second), tokens_(burst) {}
  /// False when there is no token left.
  bool take(TimePoint now);

 private:
  double burst_;
  double rate_;
  double tokens_;
  TimePoint filled_{};
};

/// Each member says which limit was passed and the code to end the connection with, or nullopt while it holds. The same
/// counting on every version of nghttp2, whose own limits for some of these came with different releases.
class FloodGuard {
 public:
  struct Breach {
    Limit limit;
    ErrorCode code = ErrorCode::enhance_your_calm;
    bool operator==(const Breach&) const = default;
  };
  using Verdict = std::optional<Breach>;

  explicit FloodGuard(const Limits& limits);

  Verdict reset_received(TimePoint now);
  /// Not for resets with NO_ERROR: those end an answer, see Connection.
  Verdict reset_sent(TimePoint now);
  Verdict settings_received(TimePoint now);
  /// A DATA, HEADERS or CONTINUATION frame. @param useful  it has a payload or END_STREAM
  Verdict content_frame(bool useful);
  Verdict continuation();
  void header_block_begins() { continuations_ = 0; }
  Verdict window_update();
  void data_sent(std::size_t bytes);

 private:
  Limits limits_;
  TokenBucket resets_received_;
  TokenBucket resets_sent_;
  TokenBucket settings_;
  std::uint32_t empty_in_row_ = 0;
  std::size_t continuations_ = 0;
  std::uint64_t window_updates_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t frames_sent_ = 0;
};

}  // namespace camspan::h2
