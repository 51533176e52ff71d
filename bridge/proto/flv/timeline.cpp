#include "proto/flv/timeline.hpp"

namespace camspan::flv {

std::int64_t Timeline::advance(std::uint32_t timestamp_ms) {
  last_ms_ = place(timestamp_ms);
  return *last_ms_;
}

std::int64_t Timeline::place(std::uint32_t timestamp_ms) const {
  if (!last_ms_) return timestamp_ms;
  return *last_ms_ + static_cast<std::int32_t>(rebase(timestamp_ms, *last_ms_));
}

}  // namespace camspan::flv
