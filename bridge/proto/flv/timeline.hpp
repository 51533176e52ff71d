/// Timestamps without the wrap: FLV counts milliseconds in 32 bits, which is 49.7 days.
#pragma once

#include <cstdint>
#include <optional>

namespace camspan::flv {

/// Turns the 32-bit timestamps of one stream into a 64-bit line: each is taken as the value nearest to the one before
/// it, so small steps back are steps back and a wrap goes on. One thread.
class Timeline {
 public:
  /// The first timestamp is taken as it is.
  Timeline() = default;
  /// Goes on from `last_ms`, a point less than 24 days from the next timestamp.
  explicit Timeline(std::int64_t last_ms) : last_ms_(last_ms) {}

  /// The place of the next media tag, which the following ones are measured from.
  std::int64_t advance(std::uint32_t timestamp_ms);
  /// The place of a tag that is not media: script and config tags may carry 0 in the middle of a stream.
  std::int64_t place(std::uint32_t timestamp_ms) const;

 private:
  std::optional<std::int64_t> last_ms_;
};

/// A place on the line as the timestamp of a tag in a file or stream where `zero_ms` is 0. What lies before that is
/// negative (the field is an SI32 in annex E.4.1), and `place(rebase(..))` of a line that begins at 0 gives it back.
constexpr std::uint32_t rebase(std::int64_t place_ms, std::int64_t zero_ms) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(place_ms) - static_cast<std::uint64_t>(zero_ms));
}

}  // namespace camspan::flv
