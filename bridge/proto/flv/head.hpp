/// The script and config tags in force: what a decoder needs before the next picture.
#pragma once

#include <camspan/unit.hpp>
#include <vector>

#include "proto/flv/tag.hpp"

namespace camspan::flv {

/// One tag for each kind and track, in the order the places were first taken, onMetaData first. Holds references.
/// Bounded: 32 tags of at most 256 KiB each (a sequence header is under 1 KiB; onMetaData with a key frame index is the
/// largest seen). One thread.
class Head {
 public:
  /// Takes `tag` if it belongs here: config, or script that stays in force. @return whether it did
  bool put(const SharedUnit& tag);
  /// True if put() would take it.
  static bool belongs(const Unit& tag);
  /// False if a tag with such a header cannot belong, so that its data need not be read.
  static bool may_belong(const TagInfo& info);
  /// True if a tag of the same kind and track is held.
  bool holds_place_of(const Unit& tag) const;
  /// True if that tag has the same data.
  bool holds(const Unit& tag) const;

  const std::vector<SharedUnit>& tags() const { return tags_; }
  /// A config of this tag type (flv::TagType) is held.
  bool has_config(std::uint8_t track) const;
  void clear() { tags_.clear(); }

 private:
  std::vector<SharedUnit>::const_iterator place_of(const Unit& tag) const;

  std::vector<SharedUnit> tags_;
};

}  // namespace camspan::flv
