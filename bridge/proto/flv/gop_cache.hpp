/// What a late viewer gets first: header, metadata, decoder configuration, and all since the last key frame.
#pragma once

#include <camspan/unit.hpp>
#include <vector>

#include "proto/flv/head.hpp"

namespace camspan::flv {

/// One per stream, shared by all viewers; holds references, not copies. One thread.
class GopCache {
 public:
  /// @param max_bytes  bound of the units since the last key frame; a longer GOP is not cached past it and a viewer
  ///                   then starts at the next key frame
  explicit GopCache(std::size_t max_bytes = 4 << 20) : max_bytes_(max_bytes) {}

  void push(const SharedUnit& tag);

  /// File header (with the flags of the tracks seen), and the script and config units in force now: for a viewer that
  /// waits for the next key frame.
  std::vector<SharedUnit> head() const;
  /// The same as they were at the last key frame: for one that gets since_key() next.
  std::vector<SharedUnit> head_at_key() const;
  /// The last key frame and all units since, in order. Empty if there is none, or too much.
  const std::vector<SharedUnit>& since_key() const { return since_key_; }
  /// True when there is a key frame in since_key(): a viewer may go on with the very next tag.
  bool has_key() const { return !since_key_.empty(); }
  /// True once video or its configuration came. Until then a viewer need not wait for a key frame.
  bool has_video() const { return video_; }
  /// Bytes of the units since the last key frame.
  std::size_t bytes() const { return bytes_; }
  void clear();
  /// Forgets the units since the last key frame, keeps what is in force.
  void forget_units();
  /// In force from the next unit on.
  void set_max_bytes(std::size_t max_bytes) { max_bytes_ = max_bytes; }

 private:
  std::size_t max_bytes_;
  Head head_;         ///< in force now
  Head head_at_key_;  ///< in force at the last key frame
  std::vector<SharedUnit> since_key_;
  std::size_t bytes_ = 0;
  bool audio_ = false;
  bool video_ = false;
};

}  // namespace camspan::flv
