/// How one live stream is shared by viewers of different speed.
#pragma once

#include <cstdint>

namespace camspan {

/// Where a viewer starts.
enum class SyncMethod : std::uint8_t {
  latest_keyframe,  ///< with all since the last key frame
  next_keyframe,
  latest,  ///< with the very next unit, whatever it is
};

/// What happens when a viewer is over a hard bound. Configuration is never dropped.
enum class RecoverPolicy : std::uint8_t {
  none,        ///< the viewer has to go
  latest,      ///< on with the very next unit, whatever it is
  soft_limit,  ///< on at the first key frame that waited no longer than the soft bound; without one as keyframe
  keyframe,    ///< on at the newest key frame that waits, or else at the next
};

}  // namespace camspan
