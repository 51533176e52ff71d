/// What a late viewer gets first: header, metadata, decoder configuration, and all since the last key frame.
#pragma once

#include <camspan/unit.hpp>
#include <vector>

namespace camspan::flv {

/// One per stream, shared by all viewers; holds references, not copies. One thread.
class GopCache {
 public:
  /// @param max_bytes  bound of the units since the last key frame; a longer GOP is not cached past it and a viewer
  ///                   then starts at the next key frame
  explicit GopCache(std::size_t max_bytes = 4 << 20);

  void push(const SharedUnit& tag);

  /// File header (with the flags of the tracks seen), script and config units in force at the last key frame, then
  /// all units since it in order. Without a cached key frame: header and head units alone.
  std::vector<SharedUnit> snapshot() const;
  /// Header and head units alone (for a viewer that waits for the next key frame).
  std::vector<SharedUnit> head() const;
  /// True when snapshot() ends in a key frame and what followed it: a viewer may go on with the very next tag.
  bool has_key() const;
  std::size_t bytes() const;
  void clear();
};

}  // namespace camspan::flv
